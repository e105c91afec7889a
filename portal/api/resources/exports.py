"""Exports: asked for, watched, cancelled and tried again."""

from __future__ import annotations

import threading
import time

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal import queries
from portal.api import seen
from portal.api.idempotency import Key
from portal.api.openapi import problems
from portal.api.permissions import caller
from portal.api.resources.plain import PlainText
from portal.api.resources.reading import PAGING, ListView, choice, known_only, number, one_of
from portal.api.shapes.work import ExportDetail, ExportShape, NewExport
from registry.models import ModelVersion
from workers import dispatch
from workers.models import FINAL, Export, Job, JobState

LONGEST_WAIT = 60
LOOK_EVERY = 0.25
# Each one that waits keeps a thread of the web server: half of them stay for everything else, the
# health check not least. Whoever finds no room is answered at once and asks again.
_room_to_wait = threading.BoundedSemaphore(4)

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
            OpenApiParameter("model", int, description="Id of a registered model."),
        ],
        responses={200: ExportShape(many=True), **problems(400)},
    )
    def get(self, request: Request) -> Response:
        """Exports, newest first; `state` is that of the newest job."""
        given = known_only(request, "state", "target", "version", "model")
        choice(given, "state", list(JobState.values))
        rows = seen.exports(request)
        if "state" in given:
            rows = queries.in_state(rows, given["state"])
        if "target" in given:
            rows = rows.filter(target=given["target"])
        if (version := number(given, "version")) is not None:
            rows = rows.filter(version=version)
        if (model := number(given, "model")) is not None:
            rows = rows.filter(version__model=model)
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
                version = version_of(request, wanted.validated_data["ref"])
                export, created = dispatch.request_export(
                    version,
                    wanted.validated_data["target"],
                    wanted.chosen(),
                    wanted.validated_data["profile"],
                    caller(request),
                )
                code = status.HTTP_201_CREATED if created else status.HTTP_200_OK
                key.remember(export, code)
        shown = one_of(seen.exports(request), "export", pk=export.pk)
        return Response(ExportDetail(shown).data, status=code)


class OneExport(APIView):
    """One export."""

    @extend_schema(
        operation_id="exports_retrieve",
        parameters=[
            OpenApiParameter(
                "wait",
                int,
                description="Answer when the export has ended, or after this many seconds "
                f"({LONGEST_WAIT} at most); at once where too many wait already.",
            )
        ],
        responses={200: ExportDetail, **problems(400, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """The export, its steps and its report; with `wait`, once it has ended."""
        given = known_only(request, "wait")
        export = one_of(seen.exports(request), "export", pk=pk)
        if wait_until_final(pk, min(number(given, "wait") or 0, LONGEST_WAIT)):
            export = one_of(seen.exports(request), "export", pk=pk)
        return Response(ExportDetail(export).data)


class ExportLog(APIView):
    """The log of an export."""

    renderer_classes = [PlainText, JSONRenderer]

    @extend_schema(
        operation_id="exports_log",
        responses={(200, "text/plain"): OpenApiTypes.STR, **problems(404)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        """What the newest job's children wrote, as plain text."""
        job = newest_job(one_of(seen.exports(request), "export", pk=pk))
        return HttpResponse(job.log, content_type="text/plain; charset=utf-8")


class ExportCancel(APIView):
    """The end of an export before its time."""

    @extend_schema(
        operation_id="exports_cancel",
        request=None,
        responses={200: ExportDetail, **problems(404, 409)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Cancel: at once while it waits, within about a second while it runs."""
        dispatch.cancel(newest_job(one_of(seen.exports(request), "export", pk=pk)))
        return Response(ExportDetail(one_of(seen.exports(request), "export", pk=pk)).data)


class ExportRetry(APIView):
    """Another try."""

    @extend_schema(
        operation_id="exports_retry",
        request=None,
        responses={200: ExportDetail, **problems(404, 409, 422)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Give an export that crashed or was cancelled another job."""
        dispatch.retry(one_of(seen.exports(request), "export", pk=pk), caller(request))
        return Response(ExportDetail(one_of(seen.exports(request), "export", pk=pk)).data)


def version_of(request: Request, ref: dict[str, str]) -> ModelVersion:
    """The version that a validated ref names.

    Raises:
        NotFound: no such source, model, version or alias; the sentence says which.
    """
    named = f"{ref['source']}/{ref['model']}"
    models = seen.models(request).filter(source__slug=ref["source"])
    if not models.exists():
        raise NotFound(f"There is no source {ref['source']!r} with a model in it.")
    model = one_of(models, f"model {named}", name=ref["model"])
    versions = seen.versions(request).filter(model=model)
    if "alias" in ref:
        return one_of(versions, f"alias {ref['alias']!r} of {named}", aliases__name=ref["alias"])
    return one_of(versions, f"version {ref['version']} of {named}", number=int(ref["version"]))


def wait_until_final(export_id: int, seconds: float) -> bool:
    """Wait until the newest job of an export has ended, `seconds` at most; whether it waited.

    Each look is a query of its own, outside any transaction, so no row is held meanwhile. It does
    not wait where too many wait already.
    """
    if not _room_to_wait.acquire(blocking=False):
        return False
    try:
        return _wait(export_id, seconds)
    finally:
        _room_to_wait.release()


def _wait(export_id: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    states = Job.objects.filter(export=export_id).order_by("-id").values_list("state", flat=True)
    waited = False
    while time.monotonic() < deadline and states.first() not in FINAL:
        waited = True
        time.sleep(LOOK_EVERY)
    return waited


def newest_job(export: Export) -> Job:
    """The job that speaks for an export.

    Raises:
        NotFound: it has none, which no request for an export leaves behind.
    """
    job = export.jobs.order_by("-id").first()
    if job is None:
        raise NotFound("This export has no job.")
    return job
