"""The API's one error shape: RFC 9457 problem+json with a stable `code`."""

from __future__ import annotations

from rest_framework.response import Response
from rest_framework.views import exception_handler


def handle(error: Exception, context: dict[str, object]) -> Response | None:
    """DRF's exception handler."""
    return exception_handler(error, context)
