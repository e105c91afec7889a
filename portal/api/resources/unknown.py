"""What every address that the API does not know answers: a problem, not a page."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView


@extend_schema(exclude=True)
class Unknown(APIView):
    """Any method of any unknown path."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse before any method is looked up.

        Raises:
            NotFound: always.
        """
        super().initial(request, *args, **kwargs)
        slash = "" if request.path.endswith("/") else " Addresses of this API end with a slash."
        raise NotFound(f"There is nothing at {request.path}.{slash}")
