"""Keyset paging for the pages: a link carries the last row's place, so depth costs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import DateTimeField, Model, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest

ROWS = 50
# Where upstream gives no time, a row sorts as the oldest.
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Page:
    """Rows, the query string of the next page (empty at the end), and whether this is the first."""

    rows: list[Any]
    next: str
    first: bool


def by_id(request: HttpRequest, rows: QuerySet[Any]) -> Page:
    """A page of rows, highest id first; `after` in the query string is the last id seen."""
    after = request.GET.get("after", "")
    seen = int(after) if after.isascii() and after.isdecimal() and len(after) < 19 else None
    if seen is not None:
        rows = rows.filter(pk__lt=seen)
    return _page(request, rows.order_by("-id"), seen is None, lambda row: str(row.pk))


def by_number(request: HttpRequest, rows: QuerySet[Any]) -> Page:
    """A page of one model's versions, highest number first; `after` is the last number seen."""
    after = request.GET.get("after", "")
    seen = int(after) if after.isascii() and after.isdecimal() and len(after) < 10 else None
    if seen is not None:
        rows = rows.filter(number__lt=seen)
    return _page(request, rows.order_by("-number"), seen is None, lambda row: str(row.number))


def by_update(request: HttpRequest, rows: QuerySet[Any]) -> Page:
    """A page of mirrored rows, last updated first; `after` is `<microseconds>-<id>`."""
    long_ago = Value(LONG_AGO, output_field=DateTimeField())
    rows = rows.annotate(moved_at=Coalesce("remote_updated_at", long_ago))
    seen = _place(request.GET.get("after", ""))
    if seen is not None:
        at, pk = seen
        rows = rows.filter(Q(moved_at__lt=at) | Q(moved_at=at, pk__lt=pk))
    return _page(request, rows.order_by("-moved_at", "-id"), seen is None, _mark)


def _place(text: str) -> tuple[datetime, int] | None:
    moment, _, pk = text.partition("-")
    if not (moment.isascii() and moment.isdecimal() and pk.isascii() and pk.isdecimal()):
        return None
    if len(moment) > 16 or len(pk) > 18:
        return None
    seconds, micros = divmod(int(moment), 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros), int(pk)


def _mark(row: Any) -> str:
    since = row.moved_at - LONG_AGO
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return f"{max(micros, 0)}-{row.pk}"


def _page(request: HttpRequest, rows: QuerySet[Any], first: bool, mark: Any) -> Page:
    found: list[Model] = list(rows[: ROWS + 1])
    following = ""
    if len(found) > ROWS:
        query = request.GET.copy()
        query["after"] = mark(found[ROWS - 1])
        following = query.urlencode()
    return Page(found[:ROWS], following, first)
