"""Registered models and their versions, as mirrored, and what each version can become."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from converters.catalog import TARGETS
from portal.api import seen
from portal.api.openapi import problems
from portal.api.resources.reading import (
    PAGING,
    ListView,
    choice,
    flag,
    known_only,
    number,
    one_of,
)
from portal.api.shapes.mirror import ModelShape, VerdictShape, VersionDetail, VersionShape
from portal.verdicts import verdicts

TARGET_NAMES = [target.name for target in TARGETS]


class Models(ListView):
    """The catalogue."""

    @extend_schema(
        operation_id="models_list",
        parameters=[
            *PAGING,
            OpenApiParameter("q", str, description="Words in name, description or tags."),
            OpenApiParameter("name", str, description="The exact name."),
            OpenApiParameter("source", str, description="A source's slug."),
            OpenApiParameter("flavor", str),
            OpenApiParameter("tag", str, description="`key:value`."),
            OpenApiParameter("alias", str),
            OpenApiParameter("stage", str),
            OpenApiParameter("exportable", str, enum=TARGET_NAMES),
            OpenApiParameter("has_bundle", bool),
        ],
        responses={200: ModelShape(many=True), **problems(400)},
    )
    def get(self, request: Request) -> Response:
        """Registered models, newest in the mirror first."""
        names = ("q", "name", "source", "flavor", "tag", "alias", "stage")
        given = known_only(request, *names, "exportable", "has_bundle")
        if "tag" in given and ":" not in given["tag"]:
            raise ValidationError({"tag": ["write it as key:value"]})
        choice(given, "exportable", TARGET_NAMES)
        has_bundle = flag(given, "has_bundle")
        given.pop("has_bundle", None)
        rows = seen.models(request, **given, has_bundle=has_bundle)
        return self.page(request, rows, ModelShape)


class OneModel(APIView):
    """One registered model."""

    @extend_schema(operation_id="models_retrieve", responses={200: ModelShape, **problems(404)})
    def get(self, request: Request, pk: int) -> Response:
        """A registered model."""
        return Response(ModelShape(one_of(seen.models(request), "model", pk=pk)).data)


class ModelVersions(ListView):
    """The versions of one model."""

    ordering = "-number"

    @extend_schema(
        operation_id="models_versions_list",
        parameters=[
            *PAGING,
            OpenApiParameter("version", int, description="The version's number."),
            OpenApiParameter("alias", str),
        ],
        responses={200: VersionShape(many=True), **problems(400, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """A model's versions, highest first."""
        given = known_only(request, "version", "alias")
        model = one_of(seen.models(request), "model", pk=pk)
        rows = seen.versions(request, model=model.pk)
        if (version := number(given, "version")) is not None:
            rows = rows.filter(number=version)
        if "alias" in given:
            rows = rows.filter(aliases__name=given["alias"])
        return self.page(request, rows, VersionShape)


class OneVersion(APIView):
    """One model version."""

    @extend_schema(
        operation_id="versions_retrieve", responses={200: VersionDetail, **problems(404)}
    )
    def get(self, request: Request, pk: int) -> Response:
        """A model version with its run, its signature and its `MLmodel`."""
        return Response(VersionDetail(one_of(seen.versions(request), "version", pk=pk)).data)


class VersionPreflight(APIView):
    """What one version can become."""

    @extend_schema(
        operation_id="versions_preflight",
        responses={200: VerdictShape(many=True), **problems(404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """Every target: can, caveat or cannot, and why; no model is loaded."""
        version = one_of(seen.versions(request), "version", pk=pk)
        return Response(VerdictShape(verdicts(version), many=True).data)
