"""Who is calling: a bearer token, or name and password where a token is asked for."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from rest_framework.authentication import (
    BaseAuthentication,
    BasicAuthentication,
    get_authorization_header,
)
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from portal.api import tokens
from portal.models import ApiToken


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer cpt_…`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The token's owner and the token, or None where the header names another scheme."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        text = words[1].decode("latin-1") if len(words) == 2 else ""
        token = tokens.find(text)
        if token is None:
            raise AuthenticationFailed(
                "This token is unknown, revoked or expired. Make another on the account page or "
                "with `crossport login`.",
                code="bad_token",
            )
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="crossport"'


class Password(BasicAuthentication):
    """HTTP Basic with a portal account, under the same limit on failures as the login page."""

    www_authenticate_realm = "crossport"

    def authenticate_credentials(
        self, userid: str, password: str, request: HttpRequest | Request | None = None
    ) -> tuple[User, None]:
        """The account of this name and password.

        Raises:
            AuthenticationFailed: there is none, or it is closed.
            Throttled: too many failures from this address or for this name.
        """
        plain = request._request if isinstance(request, Request) else request
        try:
            user = get_adapter().authenticate(plain, username=userid, password=password)
        except ValidationError as error:
            raise Throttled(detail="Too many failed logins. Try again in some minutes.") from error
        if user is None or not user.is_active:
            raise AuthenticationFailed(
                "No active account has this name and password.", code="bad_password"
            )
        return user, None
