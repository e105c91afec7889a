"""What the generated schema says of errors and of authentication."""

from __future__ import annotations

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse

from portal.api.authentication import BearerToken, Password
from portal.api.problems import MEDIA_TYPE
from portal.api.shapes.problem import ProblemShape

MEANING = {
    400: "The content is not acceptable",
    401: "Signing in is needed, or the token does not hold",
    403: "Not allowed",
    404: "Not found",
    409: "The state does not allow it",
    416: "The range lies outside the file",
    422: "Refused: the sentence says why and what to do",
}


def problems(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """`responses` entries for these statuses, and for 401 and 403, which fit everywhere."""
    return {
        (status, MEDIA_TYPE): OpenApiResponse(ProblemShape, description=MEANING[status])
        for status in sorted({401, 403, *statuses})
    }


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes `BearerToken`."""

    target_class = BearerToken
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "cpt_…"}


class PasswordScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes `Password`."""

    target_class = Password
    name = "password"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "basic"}
