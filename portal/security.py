"""Middleware around every page: a strict content security policy, and reading for members only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase

POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
# Probes ask without an account; the API answers strangers with problem+json itself.
OPEN_VIEWS = frozenset({"healthz", "readyz"})
# Maven's clients are asked for a token, and led to no page.
OPEN_VIEWS |= {"maven"}
OPEN_PREFIX = "account_"

Handler = Callable[[HttpRequest], HttpResponseBase]


class ContentSecurityPolicy:
    """Sends the policy with every answer that has none of its own."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response


class ClosedReading:
    """With CROSSPORT_OPEN_READING off, every page but signing in leads a stranger to sign in."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """A redirect to the login page, or None to go on."""
        if settings.OPEN_READING or request.user.is_authenticated:
            return None
        match = request.resolver_match
        name = (match.url_name or "") if match else ""
        if match and "api" in match.app_names:
            return None
        if name in OPEN_VIEWS or name.startswith(OPEN_PREFIX):
            return None
        return redirect_to_login(request.get_full_path())
