"""The pages for what is missing, not allowed, or broken."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, with the sentence of whoever raised it."""
    said = exception.args[0] if exception.args and isinstance(exception.args[0], str) else ""
    return render(request, "404.html", {"sentence": said}, status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403, with the sentence of whoever raised it."""
    return render(request, "403.html", {"sentence": str(exception or "")}, status=403)


def broken(request: HttpRequest) -> HttpResponse:
    """500; asks nothing of the database, the session or the request, which may be what broke."""
    return HttpResponse(render_to_string("500.html"), status=500)
