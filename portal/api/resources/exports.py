"""Exports: asked for, watched, cancelled and tried again."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal import queries
from portal.api.idempotency import Key
from portal.api.openapi import problems
from portal.api.resources.reading import PAGING, ListView, choice, known_only, number
from portal.api.shapes.work import ExportDetail, ExportShape, NewExport
from workers import dispatch
from workers.models import JobState

LONGEST_WAIT = 60
LOOK_EVERY = 0.25

REF_EXAMPLE = OpenApiExample(
    "By version",
    {"ref": {"source": "prod", "model": "fraud", "version": "3"}, "target": "onnx"},
    request_only=True,
)
ALIAS_EXAMPLE = OpenApiExample(
    "By alias, with options",
    {
        "ref": {"source": "prod", "model": "fraud", "alias": "champion"},
        "target": "onnx",
        "options": {"inputs": "columns", "opset": 18},
        "profile": "java-cpu",
    },
    request_only=True,
)


class Exports(ListView):
    """All exports, and the way to ask for one."""

    @extend_schema(
        operation_id="exports_list",
        parameters=[
            *PAGING,
            OpenApiParameter("state", str, enum=list(JobState.values)),
            OpenApiParameter("target", str),
            OpenApiParameter("version", int, description="Id of a model version."),
        ],
        responses={200: ExportShape(many=True), **problems(400)},
    )
    def get(self, request: Request) -> Response:
        """Exports, newest first."""
        given = known_only(request, "state", "target", "version")
        rows = queries.exports(
            state=choice(given, "state", list(JobState.values)) or "",
            target=given.get("target", ""),
            version=number(given, "version"),
        )
        return self.page(request, rows, ExportShape)

    @extend_schema(
        operation_id="exports_create",
        request=NewExport,
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                description="Up to 200 characters; the same key again gets the first answer, "
                "and with another body a 409.",
            )
        ],
        examples=[REF_EXAMPLE, ALIAS_EXAMPLE],
        responses={
            200: ExportDetail,
            201: ExportDetail,
            **problems(400, 404, 409, 422),
        },
    )
    def post(self, request: Request) -> Response:
        """Ask for an export: 201 for a new one, 200 for the same one asked for before."""
        wanted = NewExport(data=request.data)
        wanted.is_valid(raise_exception=True)
        with Key.of(request) as key:
            if key.known:
                export, code = key.known.export, key.known.status
            else:
                version = version_of(wanted.validated_data["ref"])
                export, created = dispatch.request_export(
                    version,
                    wanted.validated_data["target"],
                    wanted.chosen(),
                    wanted.validated_data["profile"],
                    request.user,
                )
                code = status.HTTP_201_CREATED if created else status.HTTP_200_OK
                key.remember(export, code)
        return Response(ExportDetail(queries.export(export.pk)).data, status=code)


class OneExport(APIView):
    """One export."""

    @extend_schema(
        operation_id="exports_retrieve",
        parameters=[
            OpenApiParameter(
                "wait",
                int,
                description=f"Answer when the export has ended, or after this many seconds "
                f"(0 to {LONGEST_WAIT}).",
            )
        ],
        responses={200: ExportDetail, **problems(400, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """The export, its steps and its report; with `wait`, once it has ended."""
        given = known_only(request, "wait")
        seconds = min(number(given, "wait") or 0, LONGEST_WAIT)
        one_export(pk)
        wait_until_final(pk, seconds)
        return Response(ExportDetail(one_export(pk)).data)


class ExportLog(APIView):
    """The log of an export."""

    @extend_schema(
        operation_id="exports_log",
        responses={(200, "text/plain"): OpenApiTypes.STR, **problems(404)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        """What the newest job's children wrote, as plain text."""
        job = newest_job(one_export(pk))
        return HttpResponse(job.log, content_type="text/plain; charset=utf-8")
