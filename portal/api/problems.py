"""The API's one error shape: RFC 9457 problem+json with a stable `code`."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from portal.api.codes import CODES
from registry.connectors import SourceProblem
from workers.dispatch import NotNow, Refused

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class ProblemRenderer(JSONRenderer):
    """JSON under the media type of RFC 9457."""

    media_type = MEDIA_TYPE


class Problem(exceptions.APIException):
    """An error with its own stable code, one sentence, and what headers it needs."""

    def __init__(
        self, code: str, sentence: str, status: int, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(sentence, code)
        self.status_code = status
        self.headers = headers or {}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every error of the API leaves in one shape.

    An error that nobody foresaw goes to the log and leaves as `internal_error`, without its text.
    """
    error = _known(error)
    response = exception_handler(error, context)
    if response is None:
        if settings.DEBUG:
            return None
        logger.error("%s", context["request"].path, exc_info=error)
        set_rollback()
        response = Response(status=500)
        response.data = body("internal_error", "Crossport failed; its log says why.", 500)
    else:
        response.data = _body_of(error, response)
        for name, value in getattr(error, "headers", {}).items():
            response[name] = value
    response.content_type = MEDIA_TYPE
    # Where the client asked for another type, the problem still goes out as JSON.
    context["request"].accepted_renderer = ProblemRenderer()
    context["request"].accepted_media_type = MEDIA_TYPE
    return response


def body(
    code: str, detail: str, status: int, errors: dict[str, list[str]] | None = None
) -> dict[str, Any]:
    """The problem document.

    errors: field path (`ref.version`) → sentences, for code `invalid` alone.
    """
    document: dict[str, Any] = {
        "type": f"/api/docs/#{code}" if code in CODES else "about:blank",
        "title": CODES.get(code) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        document["errors"] = errors
    return document


def _known(error: Exception) -> Exception:
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, Refused | SourceProblem):
        return Problem(error.code, error.sentence, 422)
    if isinstance(error, NotNow):
        return Problem(error.code, error.sentence, 409)
    return error


def _body_of(error: Exception, response: Response) -> dict[str, Any]:
    status = response.status_code
    if isinstance(error, exceptions.ValidationError):
        errors = _fields(error.detail)
        first = next(iter(errors.items()), ("", [""]))
        where = f"{first[0]}: " if first[0] else ""
        return body("invalid", f"{where}{first[1][0]}", status, errors)
    if isinstance(error, exceptions.APIException):
        detail = error.detail
        code = str(getattr(detail, "code", error.default_code))
        return body(code, str(detail), status)
    return body("internal_error", "", status)


def _fields(detail: Any, path: str = "") -> dict[str, list[str]]:
    """A serializer's nested errors as one flat table of paths."""
    found: dict[str, list[str]] = {}
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            found |= _fields(inner, ".".join(part for part in (path, own) if part))
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        for position, inner in enumerate(detail):
            found |= _fields(inner, f"{path}[{position}]")
    elif isinstance(detail, list):
        found[path] = [str(item) for item in detail]
    else:
        found[path] = [str(detail)]
    return found
