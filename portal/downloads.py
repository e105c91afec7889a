"""Serves stored files whole, and single files out of a bundle: to pages, API and Maven alike."""

from __future__ import annotations

import mimetypes
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import PurePosixPath
from typing import BinaryIO

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.utils.cache import patch_cache_control
from django.utils.http import content_disposition_header, parse_etags, parse_http_date_safe

from registry.storage import store
from workers.models import Bundle

CHUNK = 1 << 18
# A file bigger than this is not shown by itself; the archive carries it.
LARGEST_FILE = 512 * 1024**2
# Types that a browser may show; everything else is a download, so that no page of a bundle runs
# with the portal's own origin.
SHOWN = frozenset({"application/json", "application/xml", "text/plain", "text/xml"})
TEXT = frozenset({".md", ".java", ".txt", ".properties", ".pmml", ".xml", ".json", ""})


def archive(request: HttpRequest, bundle: Bundle) -> HttpResponseBase:
    """A bundle's archive, under its own name; see `blob`."""
    answer = blob(request, bundle.sha256, bundle.size, "application/zip")
    answer["Content-Disposition"] = (
        content_disposition_header(True, bundle.file_name) or "attachment"
    )
    return answer


def blob(request: HttpRequest, sha256: str, size: int, content_type: str) -> HttpResponseBase:
    """A stored file: ETag is its sha256, `Range` and `If-None-Match` are honoured.

    RFC 9110, sections 13 and 14: one range; several, or a unit other than bytes, are ignored, and
    a range outside the file is a 416.
    """
    tag = f'"{sha256}"'
    if _matches(request.headers.get("If-None-Match", ""), tag):
        return _finish(HttpResponseNotModified(), tag)
    span = _span(request, tag, size)
    if span is None:
        beyond = HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
        return _finish(beyond, tag)
    first, last = span
    part = (first, last) != (0, size - 1)
    # Opened before the first byte is promised, so that a missing blob is an error and no stump.
    opened = store().open(sha256)
    body = _read(opened, first, last - first + 1)
    answer = StreamingHttpResponse(body, status=206 if part else 200, content_type=content_type)
    answer["Content-Length"] = str(last - first + 1)
    if part:
        answer["Content-Range"] = f"bytes {first}-{last}/{size}"
    return _finish(answer, tag)


def unchanged(request: HttpRequest, tag: str, changed: datetime) -> HttpResponse | None:
    """A 304 where the caller has this; the tag counts before the time (RFC 9110, 13.2.2)."""
    known = request.headers.get("If-None-Match")
    if known is not None:
        return HttpResponseNotModified() if _matches(known, tag) else None
    since = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    fresh = since is not None and int(changed.timestamp()) <= since
    return HttpResponseNotModified() if fresh else None


def one_file(bundle: Bundle, path: str) -> HttpResponseBase | None:
    """One file out of a bundle's archive, or None where it holds no such file."""
    blob = store().open(bundle.sha256)
    try:
        opened = zipfile.ZipFile(blob)
        entry = opened.getinfo(path)
    except KeyError:
        blob.close()
        return None
    if entry.is_dir() or entry.file_size > LARGEST_FILE:
        blob.close()
        return None
    answer = FileResponse(opened.open(entry), content_type=_type_of(path))
    answer["Content-Length"] = str(entry.file_size)
    answer["ETag"] = f'"{bundle.sha256}-{entry.CRC:08x}"'
    name = PurePosixPath(path).name
    download = _type_of(path).partition(";")[0] not in SHOWN
    answer["Content-Disposition"] = content_disposition_header(download, name) or "attachment"
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    patch_cache_control(answer, private=True, max_age=31_536_000, immutable=True)
    return answer


def parity_page(bundle: Bundle | None, sha256: str) -> HttpResponse | None:
    """The comparison's own page: a bundle's, or the stored one of what was refused.

    Its style stands inside it; it may load and run nothing.
    """
    if bundle is not None:
        with store().open(bundle.sha256) as blob, zipfile.ZipFile(blob) as archive:
            try:
                content = archive.read("parity.html")
            except KeyError:
                return None
    elif sha256:
        with store().open(sha256) as blob:
            content = blob.read()
    else:
        return None
    answer = HttpResponse(content, content_type="text/html; charset=utf-8")
    answer["Content-Security-Policy"] = (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    )
    patch_cache_control(answer, private=True)
    return answer


def _matches(header: str, tag: str) -> bool:
    tags = parse_etags(header)
    return "*" in tags or tag in {known.removeprefix("W/") for known in tags}


def _span(request: HttpRequest, tag: str, size: int) -> tuple[int, int] | None:
    """First and last byte to send, the whole where no range counts, None where it lies outside."""
    whole = (0, size - 1)
    asked = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", request.headers.get("Range", "").strip())
    if asked is None or request.headers.get("If-Range", tag) != tag:
        return whole
    first, last = asked.groups()
    if first:
        begin, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < int(first):
            return whole  # not a valid range, so it is ignored
        return (begin, end) if begin < size else None
    if not last:
        return whole
    return (max(size - int(last), 0), size - 1) if int(last) else None


def _read(blob: BinaryIO, first: int, count: int) -> Iterator[bytes]:
    with blob:
        blob.seek(first)
        while count and (chunk := blob.read(min(CHUNK, count))):
            count -= len(chunk)
            yield chunk


def _finish(answer: HttpResponseBase, tag: str) -> HttpResponseBase:
    answer["ETag"] = tag
    answer["Accept-Ranges"] = "bytes"
    # The same address never holds other bytes; `private`, since reading may be closed.
    patch_cache_control(answer, private=True, max_age=31_536_000, immutable=True)
    return answer


def _type_of(path: str) -> str:
    suffix = PurePosixPath(path).suffix
    guessed = mimetypes.guess_type(path)[0] or "application/octet-stream"
    if suffix in TEXT and guessed not in SHOWN:
        return "text/plain; charset=utf-8"
    return guessed
