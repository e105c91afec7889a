"""Published bundles, their archives and the files in them."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal import downloads
from portal.api import seen
from portal.api.openapi import problems
from portal.api.problems import Problem
from portal.api.resources.plain import AnyFile, Archive
from portal.api.resources.reading import PAGING, ListView, known_only, number, one_of
from portal.api.shapes.work import BundleDetail, BundleShape

RANGE = OpenApiParameter(
    "Range", str, OpenApiParameter.HEADER, description="One range of bytes: `bytes=0-1023`."
)


class Bundles(ListView):
    """All bundles."""

    @extend_schema(
        operation_id="bundles_list",
        parameters=[
            *PAGING,
            OpenApiParameter("target", str),
            OpenApiParameter("version", int, description="Id of a model version."),
            OpenApiParameter("export", int, description="Id of an export."),
        ],
        responses={200: BundleShape(many=True), **problems(400)},
    )
    def get(self, request: Request) -> Response:
        """Published bundles, newest first."""
        given = known_only(request, "target", "version", "export")
        rows = seen.bundles(request)
        if "target" in given:
            rows = rows.filter(target=given["target"])
        if (version := number(given, "version")) is not None:
            rows = rows.filter(version=version)
        if (export := number(given, "export")) is not None:
            rows = rows.filter(export=export)
        return self.page(request, rows, BundleShape)


class OneBundle(APIView):
    """One bundle."""

    @extend_schema(operation_id="bundles_retrieve", responses={200: BundleDetail, **problems(404)})
    def get(self, request: Request, pk: int) -> Response:
        """A bundle and its manifest."""
        return Response(BundleDetail(one_of(seen.bundles(request), "bundle", pk=pk)).data)


class BundleDownload(APIView):
    """The archive of a bundle."""

    renderer_classes = [Archive, JSONRenderer, AnyFile]

    @extend_schema(
        operation_id="bundles_download",
        parameters=[RANGE],
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            (206, "application/zip"): OpenApiTypes.BINARY,
            **problems(404, 416),
        },
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """The archive; its ETag is its sha256."""
        bundle = one_of(seen.bundles(request), "bundle", pk=pk)
        answer = downloads.archive(request._request, bundle)
        if answer.status_code == 416:
            raise Problem(
                "range_not_satisfiable",
                f"The archive has {bundle.size} bytes.",
                416,
                {"Content-Range": answer.headers["Content-Range"]},
            )
        return answer


class BundleFile(APIView):
    """One file in a bundle."""

    renderer_classes = [AnyFile, JSONRenderer]

    @extend_schema(
        operation_id="bundles_file",
        responses={(200, "*/*"): OpenApiTypes.BINARY, **problems(404)},
    )
    def get(self, request: Request, pk: int, path: str) -> HttpResponseBase:
        """One file out of the archive, by its path in it."""
        bundle = one_of(seen.bundles(request), "bundle", pk=pk)
        answer = downloads.one_file(bundle, path)
        if answer is None:
            raise NotFound(f"{bundle.file_name} has no file {path!r}; its manifest lists them.")
        return answer
