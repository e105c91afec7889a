"""The rows that a caller of the API may see: all, or those of the sources that its token is for.

What lies outside is not there for the caller: views answer 404, which does not tell that it is.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from portal import queries
from portal.models import ApiToken
from registry.models import ModelVersion, RegisteredModel, Source
from workers.models import Bundle, Export

M = TypeVar("M", bound=Model)


def sources(request: Request) -> QuerySet[Source]:
    """See portal.queries.sources."""
    return _narrowed(request, queries.sources(), "pk")


def models(request: Request, **given: Any) -> QuerySet[RegisteredModel]:
    """See portal.queries.models."""
    return _narrowed(request, queries.models(**given), "source")


def versions(request: Request, model: int | None = None) -> QuerySet[ModelVersion]:
    """See portal.queries.versions."""
    return _narrowed(request, queries.versions(model=model), "model__source")


def exports(request: Request) -> QuerySet[Export]:
    """See portal.queries.exports."""
    return _narrowed(request, queries.exports(), "version__model__source")


def bundles(request: Request) -> QuerySet[Bundle]:
    """See portal.queries.bundles."""
    return _narrowed(request, queries.bundles(), "version__model__source")


def require_unlimited(request: Request) -> None:
    """See that the caller may reach what no source holds yet.

    Raises:
        PermissionDenied: its token is for some sources alone.
    """
    if _limit(request) is not None:
        raise PermissionDenied(
            "This token is for some sources alone and cannot add another; use one without limits."
        )


def _narrowed(request: Request, rows: QuerySet[M], path: str) -> QuerySet[M]:
    limit = _limit(request)
    return rows if limit is None else rows.filter(**{f"{path}__in": limit})


def _limit(request: Request) -> list[int] | None:
    return request.auth.source_ids if isinstance(request.auth, ApiToken) else None
