"""The stable `code` of every error that the API itself can answer with, and what it means."""

from __future__ import annotations

# code → title, the same for every occurrence; docs/errors.md says more, and a test compares.
CODES: dict[str, str] = {
    "invalid": "The request's content is not acceptable",
    "parse_error": "The body is not JSON",
    "not_authenticated": "Signing in is needed",
    "authentication_failed": "The credentials do not hold",
    "bad_token": "The token does not hold",
    "bad_password": "The name or the password is wrong",
    "permission_denied": "Not allowed",
    "not_found": "Not found",
    "method_not_allowed": "This resource does not know the method",
    "not_acceptable": "No such media type here",
    "unsupported_media_type": "Send JSON",
    "throttled": "Too many tries",
    "idempotency_conflict": "The key came with another body before",
    "job_not_live": "Nothing is running that could be cancelled",
    "job_not_final": "The export still has a job at work",
    "job_not_retryable": "Trying again would end the same",
    "range_not_satisfiable": "The range lies outside the file",
    "internal_error": "Crossport failed",
}
