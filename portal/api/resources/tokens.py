"""API tokens of the caller, and who the caller is."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api import tokens
from portal.api.authentication import BearerToken, Password
from portal.api.openapi import problems
from portal.api.permissions import NoTokenMakesTokens, caller
from portal.api.resources.reading import PAGING, ListView, known_only, one_of
from portal.api.shapes.account import IssuedToken, Me, NewToken, TokenShape
from portal.models import ApiToken


class Tokens(ListView):
    """The caller's own tokens. Making one takes a signed-in browser or name and password."""

    authentication_classes = [BearerToken, SessionAuthentication, Password]
    permission_classes = [IsAuthenticated, NoTokenMakesTokens]

    @extend_schema(
        operation_id="tokens_list",
        parameters=PAGING,
        responses={200: TokenShape(many=True), **problems()},
    )
    def get(self, request: Request) -> Response:
        """The caller's tokens that are not revoked, newest first."""
        known_only(request)
        own = ApiToken.objects.filter(user=caller(request), revoked_at=None)
        return self.page(request, own, TokenShape)

    @extend_schema(
        operation_id="tokens_create",
        request=NewToken,
        examples=[OpenApiExample("A build's token", {"name": "nightly build"}, request_only=True)],
        responses={201: IssuedToken, **problems(400)},
    )
    def post(self, request: Request) -> Response:
        """A new token; its text is in this answer and never again."""
        wanted = NewToken(data=request.data)
        wanted.is_valid(raise_exception=True)
        token, text = tokens.issue(caller(request), **wanted.validated_data)
        answer = {**TokenShape(token).data, "token": text}
        return Response(
            answer, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"}
        )


class OneToken(APIView):
    """One of the caller's tokens."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="tokens_revoke", responses={204: None, **problems(404)})
    def delete(self, request: Request, pk: int) -> Response:
        """Revoke a token; it opens nothing from now on."""
        tokens.revoke(one_of(ApiToken.objects.filter(user=caller(request)), "token", pk=pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class WhoAmI(APIView):
    """The caller."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="me", responses={200: Me, **problems()})
    def get(self, request: Request) -> Response:
        """Whom this request is taken to come from."""
        token = request.auth.pk if isinstance(request.auth, ApiToken) else None
        me = {
            "username": request.user.get_username(),
            "staff": request.user.is_staff,
            "token_id": token,
        }
        return Response(Me(me).data)
