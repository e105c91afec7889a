"""What every list of the API shares: its page shape and its checked filters."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from portal.api.pagination import NewestFirst

M = TypeVar("M", bound=Model)

PAGING = [
    OpenApiParameter("cursor", str, description="From `next` or `previous`."),
    OpenApiParameter("page_size", int, description="Up to 200; 50 when left out."),
]


class ListView(APIView):
    """A view whose GET answers with pages of one queryset."""

    pagination_class: type[BasePagination] = NewestFirst
    ordering = "-id"

    def page(
        self, request: Request, rows: QuerySet[Any], shape: type[BaseSerializer[Any]]
    ) -> Response:
        """One keyset page of `rows`, each in `shape`."""
        pager = NewestFirst()
        pager.ordering = self.ordering
        found = pager.paginate_queryset(rows, request, view=self)
        return pager.get_paginated_response(shape(found, many=True).data)


def known_only(request: Request, *names: str) -> dict[str, str]:
    """The filters that were given, by name.

    Raises:
        ValidationError: one that this list does not know; ignored, it would silently show
            everything. Or one with a NUL, which PostgreSQL takes in no text.
    """
    paging = {parameter.name for parameter in PAGING}
    query = request._request.GET.dict()
    given = {name: str(value) for name, value in query.items() if name not in paging}
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise ValidationError(
            {name: [f"this list has no such filter; it has {', '.join(names)}"] for name in unknown}
        )
    if unfit := sorted(name for name, value in given.items() if "\0" in value):
        raise ValidationError({name: ["a NUL is in no name here"] for name in unfit})
    return {name: value for name, value in given.items() if value != ""}


def number(given: dict[str, str], name: str) -> int | None:
    """A filter that is an id.

    Raises:
        ValidationError: it is no number.
    """
    if name not in given:
        return None
    if not given[name].isascii() or not given[name].isdecimal() or len(given[name]) > 18:
        raise ValidationError({name: ["write a number"]})
    return int(given[name])


def flag(given: dict[str, str], name: str) -> bool | None:
    """A filter that is `true` or `false`.

    Raises:
        ValidationError: it is neither.
    """
    if name not in given:
        return None
    if given[name] not in {"true", "false"}:
        raise ValidationError({name: ["write true or false"]})
    return given[name] == "true"


def choice(given: dict[str, str], name: str, choices: list[str]) -> str | None:
    """A filter that is one of a few words.

    Raises:
        ValidationError: it is another.
    """
    if name in given and given[name] not in choices:
        raise ValidationError({name: [f"write one of {', '.join(choices)}"]})
    return given.get(name)


def one_of(rows: QuerySet[M], what: str, **which: Any) -> M:
    """The one row that `which` names.

    Raises:
        NotFound: there is none, or not for this caller.
    """
    row = rows.filter(**which).first()
    if row is None:
        raise NotFound(f"There is no {what} like that here.")
    return row
