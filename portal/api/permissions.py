"""Who may use the API: reading is open or closed by a setting, writing needs an account."""

from __future__ import annotations

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class ReadOpenWriteSignedIn(BasePermission):
    """Safe methods follow CROSSPORT_OPEN_READING; every other one needs somebody signed in."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.user.is_authenticated:
            return True
        return request.method in SAFE_METHODS and bool(settings.OPEN_READING)
