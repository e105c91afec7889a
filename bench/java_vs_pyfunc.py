"""Rows a second, one at a time: the generated Java against MLflow's pyfunc, in process and served.

The peers are `mlflow.pyfunc.load_model(…).predict` of a row as a table, and `mlflow models serve`
asked over HTTP on a connection that stays open. The three take turns.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from bench._figures import tell
from bench._generated import FEATURES, Generated, each
from scripts.ports import listener

BENCH = "java_vs_pyfunc"
LEAST_RATIO = 8.5
TURNS, CALLS = 3, 300
DRIVER = Path(__file__).parent / "java" / "Throughput.java"


def main() -> int:
    """Measure both models and print the figures."""
    for kind, folder, made in each(DRIVER):
        with served(folder / "saved") as url:
            _compare(kind, made, folder / "saved", url)
    return 0


def _compare(kind: str, made: Generated, saved: Path, url: str) -> None:
    import mlflow

    model = mlflow.pyfunc.load_model(str(saved))
    row = _row()
    body = {"dataframe_split": row.to_dict(orient="split")}
    with httpx.Client() as http:
        peers: dict[str, Callable[[], Any]] = {
            "pyfunc predict": lambda: model.predict(row),
            "mlflow models serve": lambda: http.post(url, json=body).raise_for_status(),
        }
        ours, theirs = float("inf"), dict.fromkeys(peers, float("inf"))
        for _ in range(TURNS):
            for name, call in peers.items():
                theirs[name] = min(theirs[name], _seconds(call))
            _, _, records = made.java("Throughput", "1").split()
            ours = min(ours, float(records) / 1e6)
    for name, seconds in theirs.items():
        ratio = seconds / ours
        figure, met = f"{kind}, against {name}", ratio >= LEAST_RATIO
        told, peer = 1 / ours, 1 / seconds
        tell(BENCH, figure, told, "rows/s", peer=peer, ratio=ratio, goal=LEAST_RATIO, met=met)


def _row() -> Any:
    import numpy as np
    import pandas as pd

    values = np.random.default_rng(5).normal(size=(1, FEATURES)).astype(np.float32)
    return pd.DataFrame(values, columns=[f"f{i}" for i in range(FEATURES)])


def _seconds(call: Callable[[], Any]) -> float:
    """Of a call, once it is warm."""
    for _ in range(20):
        call()
    begun = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - begun) / CALLS


@contextmanager
def served(saved: Path) -> Iterator[str]:
    """The model behind MLflow's own scoring server; where to post rows."""
    sock = listener(0)
    port = sock.getsockname()[1]
    sock.close()
    command = [*(sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local")]
    command += ["--model-uri", str(saved), "--port", str(port), "--host", "127.0.0.1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            _await(f"http://127.0.0.1:{port}/ping", child)
            yield f"http://127.0.0.1:{port}/invocations"
        finally:
            child.terminate()


def _await(url: str, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx.get(url).raise_for_status()
            return
        except httpx.HTTPError as error:
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("`mlflow models serve` did not start") from error
            time.sleep(0.2)


if __name__ == "__main__":
    raise SystemExit(main())
