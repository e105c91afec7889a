"""The whole product on this machine, with a real MLflow server and real models: `make demo`.

Mirrors, exports, says where to look and stays until Ctrl-C. With ONCE=1 it downloads every bundle
over HTTP, checks its sums, scores its golden rows with the downloaded file, stops everything, and
exits 0 only if all of that held.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402

from converters.catalog import TARGETS  # noqa: E402
from portal.embedded import EmbeddedProblem  # noqa: E402
from scripts.demo_models import log_demo_models  # noqa: E402
from scripts.mlflow_server import MlflowServer, MlflowServerProblem  # noqa: E402
from scripts.ports import is_free  # noqa: E402
from scripts.stack import Stack, StackProblem  # noqa: E402

EXPORT_SECONDS = 600.0
READING_SECONDS = 90.0
# Refusals that say no more than that a target is made of other flavors.
OTHER_FLAVORS = {"no_route", "pyfunc_only"}
FINAL = {"succeeded", "refused", "crashed", "cancelled"}


class DemoProblem(Exception):
    """What keeps the demo from going on, in one sentence with its cure."""


@dataclass(frozen=True)
class Asked:
    """One export that the demo asked for; `state` and `sentence` as the portal gave them."""

    model: str
    version: str
    target: str
    id: int
    state: str
    sentence: str = ""


def say(text: str) -> None:
    print(text, flush=True)


class Portal:
    """The demo's own client of the REST API, so that it goes the way its users go."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=60)

    def get(self, path: str, **params: str | int) -> Any:
        answer = self._http.get(path, params=params)
        answer.raise_for_status()
        return answer.json()

    def all(self, path: str, **params: str | int) -> list[Any]:
        """Every row of a list, page after page."""
        rows, page = [], self.get(path, **params)
        while True:
            rows += page["results"]
            if not page["next"]:
                return rows
            page = self._http.get(page["next"]).raise_for_status().json()

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return self._http.post(path, json=body)

    def download(self, bundle: int) -> httpx.Response:
        return self._http.get(f"/bundles/{bundle}/download/").raise_for_status()


def mirror(portal: Portal, mlflow_url: str, home: Path) -> str:
    """Connect the MLflow server as source `demo` and wait for its first whole sync; what it saw."""
    known = [row for row in portal.all("/sources/") if row["slug"] == "demo"]
    if known and known[0]["url"].rstrip("/") != mlflow_url.rstrip("/"):
        raise DemoProblem(
            f"The demo's source points at {known[0]['url']}, and its MLflow server is at "
            f"{mlflow_url}. Remove the folder {home} to start over."
        )
    if not known:
        body = {
            "slug": "demo",
            "kind": "mlflow",
            "url": mlflow_url,
            "maven_group": "com.example",
        }
        answer = portal.post("/sources/", body)
        if answer.status_code != httpx.codes.CREATED:
            raise DemoProblem(f"The source was not accepted: {answer.text}")
        known = [answer.json()]
    portal.post(f"/sources/{known[0]['id']}/sync/", {})
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        run = portal.get(f"/sources/{known[0]['id']}/")["last_sync"]
        if run and run["state"] == "done":
            seen = f"{run['models_seen']} models, {run['versions_seen']} versions"
            return f"{seen}, {run['calls']} calls"
        if run and run["state"] == "failed":
            raise DemoProblem(f"The mirror failed: {run['sentence']}")
        time.sleep(0.3)
    raise DemoProblem(
        f"The mirror did not finish in two minutes; see {home / 'log' / 'worker.log'}."
    )


def read_files(portal: Portal) -> str:
    """Wait until the files of every model's newest version are read; how many told something."""
    waiting = [
        portal.get(f"/models/{model['id']}/versions/")["results"][0]["id"]
        for model in portal.all("/models/")
    ]
    told, deadline = 0, time.monotonic() + READING_SECONDS
    while waiting:
        if time.monotonic() > deadline:
            return f"the files of {len(waiting)} versions are still to be read"
        states = {pk: portal.get(f"/versions/{pk}/")["reading"] for pk in waiting}
        waiting = [pk for pk, reading in states.items() if reading["state"] == "pending"]
        told += sum(reading["depth"] == "files" for reading in states.values())
        if waiting:
            time.sleep(0.5)
    return f"pre-flight has read the files of {told} versions; none was loaded"


def ask_for_exports(portal: Portal) -> list[Asked]:
    """Ask for the newest version of every model in every target that its flavor has a route to.

    A refusal at once counts too.
    """
    asked = []
    for model in portal.all("/models/"):
        newest = portal.get(f"/models/{model['id']}/versions/")["results"][0]
        for target in TARGETS:
            ref = {"source": "demo", "model": model["name"], "version": str(newest["version"])}
            answer = portal.post("/exports/", {"ref": ref, "target": target.name})
            body = answer.json()
            if answer.status_code in {httpx.codes.OK, httpx.codes.CREATED}:
                row = (body["id"], body["state"])
            elif body.get("code") in OTHER_FLAVORS:
                continue
            elif answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
                row = (0, "refused")
            else:
                raise DemoProblem(f"POST exports/ answered {answer.status_code}: {answer.text}")
            sentence = body.get("detail") or body.get("sentence") or ""
            asked.append(Asked(model["name"], ref["version"], target.name, *row, sentence))
    return asked


def wait_for(portal: Portal, asked: list[Asked]) -> list[Asked]:
    """Wait until each is final, saying each as it ends."""
    ended = []
    for row in asked:
        deadline = time.monotonic() + EXPORT_SECONDS
        state, sentence = row.state, row.sentence
        while state not in FINAL:
            if time.monotonic() > deadline:
                raise DemoProblem(f"Export {row.id} did not end in {EXPORT_SECONDS:.0f} s.")
            body = portal.get(f"/exports/{row.id}/", wait=20)
            state, sentence = body["state"], body["sentence"]
        mark = {"succeeded": "✔", "refused": "✕"}.get(state, "!")
        said = state if row.id else f"{state} by pre-flight, before any work"
        say(f"      {mark} {row.model}/{row.version} → {row.target}: {said}. {sentence}".rstrip())
        ended.append(Asked(row.model, row.version, row.target, row.id, state, sentence))
    return ended


def check_download(portal: Portal, bundle: dict[str, Any], folder: Path) -> str:
    """Download one bundle over HTTP and prove it; the first thing that is wrong, or nothing."""
    answer = portal.download(bundle["id"])
    digest = hashlib.sha256(answer.content).hexdigest()
    if digest != bundle["sha256"] or answer.headers["ETag"].strip('"') != digest:
        return f"{bundle['file_name']}: sha256 {digest}, the portal promised {bundle['sha256']}"
    path = folder / bundle["file_name"]
    path.write_bytes(answer.content)
    crossport = Path(sys.executable).with_name("crossport")
    done = subprocess.run(
        [str(crossport), "verify", "--json", str(path)], capture_output=True, text=True
    )
    if done.returncode != 0:
        return f"{bundle['file_name']}: {done.stderr.strip() or done.stdout.strip()}"
    rows = json.loads(done.stdout)["rows"]
    size = f"{len(answer.content) / 1024:.0f} kB"
    say(f"      ✔ {bundle['file_name']} {size}, {rows} golden rows hold")
    return ""


def prove_downloads(portal: Portal) -> list[str]:
    """Every bundle that the portal lists, downloaded and proven; what was wrong."""
    bundles = portal.all("/bundles/")
    if not bundles:
        return ["No bundle was published."]
    with tempfile.TemporaryDirectory(prefix="crossport-demo-") as folder:
        return [wrong for row in bundles if (wrong := check_download(portal, row, Path(folder)))]


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """One demo at a time over one home.

    Raises:
        DemoProblem: another one runs.
    """
    with (home / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoProblem(
                f"A demo runs already over {home}; end that one with Ctrl-C, or give this one a "
                "folder of its own: `CROSSPORT_HOME=var/second make demo PORT=8001`."
            ) from None
        yield


def check_port(port: int, chosen: bool) -> None:
    if is_free(port):
        return
    other = "make demo PORT=" + str(port + 1)
    which = f"PORT={port}" if chosen else f"The demo's port {port}"
    raise DemoProblem(
        f"{which} is taken by another program. End that one, or use another: `{other}`."
    )


def run(home: Path, port: int, once: bool) -> int:
    begun = time.monotonic()
    say("[1/5] A real MLflow server")
    # The mirror remembers the server's address, so a second demo needs the same port.
    with MlflowServer(home / "mlflow", port=remembered_port(home)) as server:
        remember_port(home, server.url)
        say(f"      {server.url}; training and logging models (seconds, and only once)")
        log_demo_models(server.url, progress=lambda text: say(f"      {text}"))
        say("[2/5] PostgreSQL, web, worker, beat")
        with Stack(home, port) as stack:
            password = stack.make_admin()
            portal = Portal(stack.url, stack.token("admin", password))
            say(f"      {stack.url}")
            say("[3/5] Mirror")
            say(f"      {mirror(portal, server.url, home)}")
            say(f"      {read_files(portal)}")
            say("[4/5] Exports of the newest version of each model")
            ended = wait_for(portal, ask_for_exports(portal))
            say(f"[5/5] {summary(ended)} in {time.monotonic() - begun:.0f} s")
            crashed = [f"{row.model} → {row.target} crashed" for row in ended if lost(row)]
            if once:
                wrong = crashed + prove_downloads(portal)
                for line in wrong:
                    say(f"      ✕ {line}")
                return 1 if wrong else 0
            say(where_to_look(stack.url, server.url, password, home))
            wait_for_interrupt(stack)
    return 0


def lost(row: Asked) -> bool:
    """Whether an export ended in neither of the two ends that are answers."""
    return row.state not in {"succeeded", "refused"}


def summary(ended: list[Asked]) -> str:
    counts: dict[str, int] = {}
    for row in ended:
        counts[row.state] = counts.get(row.state, 0) + 1
    return ", ".join(f"{number} {state}" for state, number in sorted(counts.items(), reverse=True))


def where_to_look(url: str, mlflow_url: str, password: str, home: Path) -> str:
    return f"""
  Catalogue    {url}/
  A model      {url}/models/demo/credit-risk/
  Exports      {url}/exports/
  API          {url}/api/docs/
  MLflow       {mlflow_url}

  Sign in at   {url}/accounts/login/   as admin with {password}

  Ctrl-C stops everything that was started. The data stays in {home}.
"""


def wait_for_interrupt(stack: Stack) -> None:
    """Until Ctrl-C, or until a process ends on its own, which is told."""
    try:
        while True:
            stack.check()
            time.sleep(1)
    except KeyboardInterrupt:
        say("\nStopping …")


def remembered_port(home: Path) -> int:
    path = home / "mlflow-port"
    wished = int(path.read_text()) if path.exists() else 0
    return wished if wished and is_free(wished) else 0


def remember_port(home: Path, url: str) -> None:
    (home / "mlflow-port").write_text(str(httpx.URL(url).port))


def main() -> int:
    wished = os.environ.get("PORT", "").strip()
    if wished and not (wished.isdecimal() and 0 < int(wished) < 65536):
        say(f"PORT={wished} is no port number; use one from 1024 to 65535.")
        return 2
    home = Path(os.environ.get("CROSSPORT_HOME", ROOT / "var")).resolve() / "demo"
    # `kill` ends the demo as Ctrl-C does, with everything that it started; and so does Ctrl-C's own
    # signal where whoever started the demo in the background had it ignored.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with alone(home):
            check_port(int(wished or 8000), chosen=bool(wished))
            return run(home, int(wished or 8000), once=os.environ.get("ONCE", "") not in {"", "0"})
    except (DemoProblem, StackProblem, EmbeddedProblem, MlflowServerProblem) as problem:
        say(str(problem))
        return 1
    except httpx.HTTPError as error:
        say(f"The portal did not answer as it should ({error}); its logs are in {home / 'log'}.")
        return 1
    except OSError as error:
        say(f"The demo cannot write in {home} ({error}); make room there, or set CROSSPORT_HOME.")
        return 1
    except KeyboardInterrupt:
        say("\nStopped.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
