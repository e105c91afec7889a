"""Mirrored registries: read by everybody who may read, connected and synced by staff."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api import seen
from portal.api.openapi import problems
from portal.api.permissions import WriteStaff
from portal.api.resources.reading import PAGING, ListView, known_only, one_of
from portal.api.shapes.mirror import NewSource, SourceShape
from registry.sources import add_source
from workers.queues import wake_sync

EXAMPLE = OpenApiExample(
    "An MLflow server",
    {"slug": "prod", "url": "https://mlflow.example.com", "maven_group": "com.example.models"},
    request_only=True,
)


class Sources(ListView):
    """All sources, and the way to connect one."""

    permission_classes = [WriteStaff]

    @extend_schema(
        operation_id="sources_list",
        parameters=PAGING,
        responses={200: SourceShape(many=True), **problems(400)},
    )
    def get(self, request: Request) -> Response:
        """The mirrored registries, newest first."""
        known_only(request)
        return self.page(request, seen.sources(request), SourceShape)

    @extend_schema(
        operation_id="sources_create",
        request=NewSource,
        examples=[EXAMPLE],
        responses={201: SourceShape, **problems(400, 403, 422)},
    )
    def post(self, request: Request) -> Response:
        """Connect a registry and have it mirrored; staff only."""
        seen.require_unlimited(request)
        wanted = NewSource(data=request.data)
        wanted.is_valid(raise_exception=True)
        source = add_source(**wanted.validated_data)
        wake_sync(source.pk)
        shown = one_of(seen.sources(request), "source", pk=source.pk)
        return Response(SourceShape(shown).data, status=status.HTTP_201_CREATED)


class OneSource(APIView):
    """One source."""

    @extend_schema(operation_id="sources_retrieve", responses={200: SourceShape, **problems(404)})
    def get(self, request: Request, pk: int) -> Response:
        """A source and its last sync."""
        return Response(SourceShape(one_of(seen.sources(request), "source", pk=pk)).data)


class SourceSync(APIView):
    """The sync of a source."""

    permission_classes = [WriteStaff]

    @extend_schema(
        operation_id="sources_sync",
        request=None,
        responses={202: SourceShape, **problems(404)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Have a source walked again, soon; `last_sync` then tells how it went. Staff only."""
        source = one_of(seen.sources(request), "source", pk=pk)
        wake_sync(source.pk)
        return Response(SourceShape(source).data, status=status.HTTP_202_ACCEPTED)
