"""Who may use the API: reading is open or closed by a setting, writing needs an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import User
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:  # the view class reads its default permissions, this module, while it is made
    from rest_framework.views import APIView


class ReadOpenWriteSignedIn(BasePermission):
    """Safe methods follow CROSSPORT_OPEN_READING; every other one needs somebody signed in."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.user.is_authenticated:
            return True
        return request.method in SAFE_METHODS and bool(settings.OPEN_READING)


class WriteStaff(ReadOpenWriteSignedIn):
    """Reading as everywhere; writing is for staff."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.method in SAFE_METHODS:
            return super().has_permission(request, view)
        return bool(request.user.is_authenticated and request.user.is_staff)


class NoTokenMakesTokens(BasePermission):
    """A token does not make tokens: one that leaked must not outlive its own revocation."""

    message = "A token cannot make tokens; sign in, or send name and password."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method != "POST" or request.auth is None


def caller(request: Request) -> User:
    """The account that calls.

    Raises:
        NotAuthenticated: nobody is signed in; a view's permissions normally see to that first.
    """
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
