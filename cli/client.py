"""The portal's REST API over HTTP, with its problems turned into outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from cli.config import Login
from cli.outcomes import Crash, Misuse, Refusal, Unreachable

# Longer than the longest long poll, so that a silent network still ends.
TIMEOUT = httpx.Timeout(90, connect=10)


class Client:
    """One portal. Paths are relative to /api/v1/."""

    def __init__(self, login: Login) -> None:
        self.url = checked_url(login.url)
        headers = {"Accept": "application/json", "User-Agent": "crossport"}
        if login.token:
            headers["Authorization"] = f"Bearer {login.token}"
        self.http = httpx.Client(
            base_url=self.url + "/api/v1/", headers=headers, timeout=TIMEOUT, trust_env=True
        )

    def get(self, path: str, **params: Any) -> Any:
        """The JSON behind a path.

        Raises:
            Refusal: the portal says no, with its own code and sentence.
            Unreachable: it does not answer, or something else answers.
            Crash: it failed.
        """
        given = {name: value for name, value in params.items() if value not in (None, "")}
        return self._json(self._send("GET", path, params=given))

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """Send JSON and give the JSON of the answer; raises what `get` raises."""
        return self._json(self._send("POST", path, json=body, **options))

    def delete(self, path: str) -> None:
        """Delete what is behind a path; raises what `get` raises."""
        self._send("DELETE", path)

    def pages(self, path: str, limit: int, **params: Any) -> Iterator[Any]:
        """The items of a list, page after page, `limit` at most."""
        page = self.get(path, page_size=min(limit, 200), **params)
        left = limit
        while True:
            for item in page["results"][:left]:
                yield item
                left -= 1
            if left <= 0 or not page["next"]:
                return
            # Only the query is taken over: behind a proxy the link may name an inner host.
            page = self._json(self._send("GET", path + "?" + urlsplit(page["next"]).query))

    def download(self, path: str, target: Path) -> None:
        """Stream a file to `target`; raises what `get` raises."""
        try:
            with self.http.stream("GET", path) as answer, target.open("wb") as file:
                if answer.is_error:
                    answer.read()
                    self._check(answer)
                for chunk in answer.iter_bytes(1 << 20):
                    file.write(chunk)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = self.http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        self._check(answer)
        return answer

    def _unreachable(self, error: httpx.HTTPError) -> Unreachable:
        return Unreachable(
            "unreachable",
            f"{self.url} does not answer ({error or type(error).__name__}). Is the address right, "
            "and is the portal running?",
        )

    def _check(self, answer: httpx.Response) -> None:
        if answer.is_success:
            return
        problem = _problem(answer)
        if problem is None:
            raise Unreachable(
                "not_crossport",
                f"{self.url} answered {answer.status_code} and not as a Crossport portal does; "
                "check the address.",
            )
        code, detail = str(problem["code"]), str(problem.get("detail", ""))
        if answer.status_code >= 500:
            raise Crash(code, detail)
        if answer.status_code == 401:
            detail += " Run `crossport login URL`, or set CROSSPORT_TOKEN."
        raise Refusal(code, detail)

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            raise Unreachable(
                "not_crossport",
                f"{self.url} does not answer as a Crossport portal does; check the address.",
            ) from error


def checked_url(url: str) -> str:
    """The portal's address without a slash at its end.

    Raises:
        Misuse: not an http or https address.
    """
    try:
        parts = urlsplit(url)
        named = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, a port that is none
        named = False
    if not named:
        raise Misuse(f"{url!r} is no address of a portal; write it like https://crossport.example")
    return url.rstrip("/")


def _problem(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) and "code" in body else None
