"""The page of one bundle: download, how to use it, what was proven; and the archive itself."""

from __future__ import annotations

import shlex
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from converters import catalog
from portal import downloads, queries
from portal.snippets import Snippet, snippets
from workers.models import ArtifactKind, Bundle, Proof


@require_safe
def bundle(request: HttpRequest, pk: int) -> HttpResponse:
    """One bundle."""
    found = find_bundle(pk)
    manifest: dict[str, Any] = found.manifest
    target = catalog.target(found.target)
    files = sorted(manifest.get("files", {}).items())
    context = {
        "bundle": found,
        "version": found.version,
        "model": found.version.model,
        "manifest": manifest,
        "target": target,
        # For a shell: a model's name may hold spaces and quotes.
        "shell_name": shlex.quote(found.file_name),
        "maven": manifest.get("maven"),
        "not_served": _not_served(found),
        "proof": Proof.objects.filter(bundle=found).first(),
        "snippets": _snippets(request, found),
        "aliases": [*found.version.aliases.all()],
        "opening": _opening(target.opening if target else ""),
        "parity": manifest.get("parity", []),
        "java": [path for path, _ in files if path.startswith("java/")],
        "files": files,
        "others": queries.bundles().filter(version=found.version).exclude(pk=found.pk)[:10],
    }
    return render(request, "bundle.html", context)


def _snippets(request: HttpRequest, found: Bundle) -> list[Snippet]:
    """What a build says to use it; nothing where the Maven repository does not have it."""
    jar = found.artifacts.filter(kind=ArtifactKind.JAR).select_related("project").first()
    if jar is None:
        return []
    url = request.build_absolute_uri(reverse("maven", args=["."])).rstrip(".")
    return snippets(jar, url, closed=not settings.OPEN_READING)


def _not_served(found: Bundle) -> str:
    """Why the Maven repository does not have it, where it does not."""
    if not found.manifest.get("java"):
        return "not in the Maven repository: its Java was not run here"
    return "not in the Maven repository: its coordinates are another model's"


def _opening(text: str) -> list[list[dict[str, object]]]:
    """How a file without generated Java is opened: a paragraph each, code told from words."""
    return [
        [
            {"text": part, "code": at % 2 == 1}
            for at, part in enumerate(paragraph.split("`"))
            if part
        ]
        for paragraph in text.replace(" In Python: ", "\nIn Python: ").splitlines()
    ]


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The archive; ranges and ETag as `portal.downloads` has them."""
    return downloads.archive(request, find_bundle(pk))


def find_bundle(pk: int) -> Bundle:
    """The bundle of this number.

    Raises:
        Http404: there is none.
    """
    found = queries.bundles().filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise Http404(f"There is no bundle {pk}.")
    return found
