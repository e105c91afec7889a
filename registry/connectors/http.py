"""HTTP to a source: keep-alive, limits, credentials for one host only, every failure a sentence."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from registry.connectors import SourceProblem

# A page of 10,000 versions takes a busy server several seconds.
TIMEOUT = httpx.Timeout(90.0, connect=10.0)
ERROR_BODY = 64 * 1024
# A page of 10,000 versions is some 20 MB; a source must not fill the worker's memory.
JSON_LIMIT = 256 * 1024**2


class Missing(Exception):
    """The source itself said, in its own error shape, that what was asked for does not exist."""


class SourceHttp:
    """A client of one base address. Redirects are never followed, so no secret leaves its host."""

    def __init__(self, url: str, username: str = "", secret: str = "") -> None:
        self.url = url.rstrip("/")
        self.calls = 0
        headers = {"User-Agent": "crossport"}
        auth: httpx.BasicAuth | None = None
        if username:
            auth = httpx.BasicAuth(username, secret)
        elif secret:
            headers["Authorization"] = f"Bearer {secret}"
        self._client = httpx.Client(
            auth=auth, headers=headers, timeout=TIMEOUT, follow_redirects=False
        )

    def __repr__(self) -> str:
        return f"<SourceHttp {self.url}>"

    def close(self) -> None:
        self._client.close()

    def json(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int] | None = None,
        body: object = None,
    ) -> dict[str, Any]:
        """A JSON object from the API.

        Raises:
            Missing: the source says that the named thing does not exist.
            SourceProblem: anything else than a JSON object.
        """
        with self._ask(method, path, params=params, json=body) as answer:
            content = self._content(answer)
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise self._not_mlflow(answer)
        return document

    @contextmanager
    def stream(self, path: str) -> Iterator[httpx.Response]:
        """A file's body, to be read in pieces; raises as `json` does."""
        with self._ask("GET", path) as answer:
            try:
                yield answer
            except (httpx.TransportError, httpx.DecodingError) as error:
                raise self._transport_problem(error) from error

    @contextmanager
    def _ask(self, method: str, path: str, **content: Any) -> Iterator[httpx.Response]:
        """One request whose status is fine; the body is still to be read."""
        self.calls += 1
        request = self._client.build_request(method, self.url + path, **content)
        try:
            answer = self._client.send(request, stream=True)
        except httpx.TransportError as error:
            raise self._transport_problem(error) from error
        try:
            if not answer.is_success:
                self._refuse(answer)
            yield answer
        finally:
            answer.close()

    def _content(self, answer: httpx.Response) -> bytes:
        content = bytearray()
        try:
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > JSON_LIMIT:
                    raise SourceProblem(
                        "too_large",
                        f"{self.url} answers with more than {JSON_LIMIT // 1024**2} MB at once; "
                        "is it an MLflow server?",
                    )
            return bytes(content)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise self._transport_problem(error) from error

    def _refuse(self, answer: httpx.Response) -> None:
        """Raise what an answer that is no success means.

        Raises:
            Missing, SourceProblem
        """
        status = answer.status_code
        code, message = self._error(answer)
        if answer.has_redirect_location:
            target = answer.headers["location"].partition("?")[0]
            raise SourceProblem(
                "redirects",
                f"{self.url} sends its callers on to {target}; enter the address where the MLflow "
                "server itself answers. If that is a login page, a portal stands in front of it.",
            )
        if status == 401:
            raise SourceProblem(
                "needs_login",
                f"{self.url} needs a login, or does not accept the one given; enter a user name "
                "and password, or a token alone.",
            )
        if status == 403:
            raise SourceProblem(
                "forbidden",
                f"{self.url} knows the login but does not let it read this; give that account "
                f"read permission. {message}".rstrip(),
            )
        if status == 404 and code in {"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"}:
            raise Missing(message)
        if status >= 500:
            raise SourceProblem(
                "server_error",
                f"{self.url} failed with {status}; look into the MLflow server's log. "
                f"{message}".rstrip(),
            )
        if code:
            raise SourceProblem(
                "wrong_version",
                f"{self.url} does not understand the question ({status} {code}: {message}); "
                "Crossport is tested with MLflow 3.17.",
            )
        raise self._not_mlflow(answer)

    def _error(self, answer: httpx.Response) -> tuple[str, str]:
        """MLflow's own error code and the first line of its message; empty where it has none."""
        content = b""
        try:
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > ERROR_BODY:
                    break
            document = json.loads(content)
        except (ValueError, httpx.TransportError, httpx.DecodingError):
            return "", ""
        if not isinstance(document, dict):
            return "", ""
        message = str(document.get("message", "")).strip().splitlines()
        return str(document.get("error_code", "")), message[0][:300] if message else ""

    def _not_mlflow(self, answer: httpx.Response) -> SourceProblem:
        kind = answer.headers.get("content-type", "").partition(";")[0] or "nothing readable"
        what = "a web page (HTML)" if kind == "text/html" else f"{kind} with {answer.status_code}"
        return SourceProblem(
            "not_mlflow",
            f"{self.url} answers {what}, not as an MLflow server does; is it the address of a "
            "portal in front of it, or is a path missing?",
        )

    def _transport_problem(self, error: Exception) -> SourceProblem:
        if isinstance(error, httpx.TimeoutException):
            return SourceProblem(
                "not_answering",
                f"{self.url} did not answer in time; is it up, and reachable from here?",
            )
        if isinstance(error.__cause__, ssl.SSLError) or "SSL" in str(error):
            return SourceProblem(
                "tls",
                f"No secure connection to {self.url} ({error}); check its certificate, or whether "
                "the address should begin with http://.",
            )
        return SourceProblem(
            "not_answering",
            f"{self.url} does not answer ({error or type(error).__name__}); check the address, "
            "and that the server runs.",
        )
