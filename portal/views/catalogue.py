"""The catalogue of registered models, and the page of one model."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from converters.catalog import TARGETS
from portal import paging, queries
from registry.models import RegisteredModel, Source

FILTERS = ("q", "source", "flavor", "tag", "alias", "stage", "exportable")


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """Registered models, newest first; every filter stands in the address."""
    # A NUL can be in an address and never in a text of PostgreSQL.
    given = {name: request.GET.get(name, "").replace("\0", "").strip() for name in FILTERS}
    has_bundle = {"true": True, "false": False}.get(request.GET.get("has_bundle", ""))
    active = {name: value for name, value in given.items() if value and name != "q"}
    if has_bundle is not None:
        active["has_bundle"] = "true" if has_bundle else "false"
    page = paging.by_update(request, queries.models(**given, has_bundle=has_bundle))
    offered = queries.facets()
    facets = [(name, offered[name], given[name]) for name in ("source", "flavor", "stage", "alias")]
    context = {
        "page": page,
        "q": given["q"],
        "active": active,
        "facets": [facet for facet in facets if facet[1]],
        "targets": TARGETS,
        "exportable": given["exportable"],
        "has_bundle": active.get("has_bundle", ""),
        "no_source": not page.rows and not Source.objects.exists(),
    }
    return render(request, "catalogue.html", context)


@require_safe
def model(request: HttpRequest, source: str, name: str) -> HttpResponse:
    """One model and its versions."""
    found = find_model(source, name)
    page = paging.by_number(request, queries.versions(model=found.pk))
    return render(request, "model.html", {"model": found, "page": page})


def find_model(source: str, name: str) -> RegisteredModel:
    """The model of this name, also one that is gone upstream: its bundles stay.

    Raises:
        Http404: there is none.
    """
    rows = queries.any_models().filter(source__slug=source, name=name)
    found = rows.first()
    if found is None:
        raise Http404(f"The mirror of {source} holds no model named {name}.")
    return found
