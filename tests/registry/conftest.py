"""What the registry's tests share: a source, models that may be changed, small HTTP servers."""

from __future__ import annotations

import contextlib
import http.server
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from registry.models import Source
from registry.sources import add_source

API = "/api/2.0/mlflow"
MLMODEL = (
    "flavors:\n  python_function: {loader_module: mlflow.sklearn}\n  sklearn: {pickled_model: m}\n"
)


@pytest.fixture
def source(db: None, mlflow_url: str) -> Source:
    return add_source(f"s-{uuid.uuid4().hex[:8]}", mlflow_url)


@dataclass
class Upstream:
    """Writes to the MLflow server as its users do, under names that no other test uses."""

    url: str
    made: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        answer = httpx.request(method, f"{self.url}{API}{path}", timeout=60, json=body)
        content: dict[str, Any] = answer.raise_for_status().json()
        return content

    def model(self, name: str = "", **body: Any) -> str:
        name = name or f"test-{uuid.uuid4().hex[:10]}"
        self.call("POST", "/registered-models/create", name=name, **body)
        self.made.append(name)
        return name

    def version(self, model: str, mlmodel: str | bytes | None = MLMODEL, **body: Any) -> int:
        """A version with a run of its own, whose folder holds this MLmodel (none: no files)."""
        run = self.call("POST", "/runs/create", experiment_id="0", start_time=1)["run"]["info"]
        body.setdefault("source", f"{run['artifact_uri']}/model")
        body.setdefault("run_id", run["run_id"])
        row = self.call("POST", "/model-versions/create", name=model, **body)["model_version"]
        if mlmodel is not None:
            self.put(body["source"], "MLmodel", mlmodel)
        return int(row["version"])

    def put(self, uri: str, path: str, content: str | bytes) -> None:
        below = uri.removeprefix("mlflow-artifacts:/")
        address = f"{self.url}/api/2.0/mlflow-artifacts/artifacts/{below}/{path}"
        httpx.put(address, content=content, timeout=60).raise_for_status()

    def remove_files(self, uri: str) -> None:
        below = uri.removeprefix("mlflow-artifacts:/")
        address = f"{self.url}/api/2.0/mlflow-artifacts/artifacts/{below}"
        httpx.delete(address, timeout=60).raise_for_status()

    def delete(self, model: str) -> None:
        self.call("DELETE", "/registered-models/delete", name=model)
        self.made.remove(model)


@pytest.fixture
def upstream(mlflow_url: str) -> Iterator[Upstream]:
    server = Upstream(mlflow_url)
    yield server
    for name in server.made:
        server.call("DELETE", "/registered-models/delete", name=name)


Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Peer:
    """A small real HTTP server; `asked` holds the method, path and headers of every request."""

    url: str
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[str, str], Answer]], Peer]]:
    """Start a server whose every answer the given function makes of method and path."""
    with contextlib.ExitStack() as stack:

        def start(answer: Callable[[str, str], Answer]) -> Peer:
            peer = Peer("")

            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    length = int(self.headers.get("content-length") or 0)
                    self.rfile.read(length)
                    peer.asked.append((self.command, self.path, dict(self.headers)))
                    status, headers, content = answer(self.command, self.path)
                    self.send_response(status)
                    for name, value in {**headers, "Content-Length": str(len(content))}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(content)

                do_POST = do_GET

                def log_message(self, format: str, *args: object) -> None:
                    """Say nothing: pytest's output is for failures."""

            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            peer.url = f"http://127.0.0.1:{server.server_address[1]}"
            return peer

        yield start
