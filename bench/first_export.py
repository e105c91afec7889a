"""Wall time from `POST exports/` to a downloaded bundle, cold and the second time.

The model is a small scikit-learn pipeline (scaler and logistic regression on 30 columns); the peer
is bench/hand_script.py in a cold process. The second export differs in its options, so it is work,
not a look-up of the first.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from bench._figures import tell
from bench._portal import MODEL, export, log_model, mirror
from scripts.mlflow_server import MlflowServer
from scripts.stack import Stack

PEER_RUNS = 3


def downloaded(http: httpx.Client, options: dict[str, Any]) -> float:
    """Ask for one export and download its bundle; seconds."""
    begun = time.monotonic()
    row = export(http, options)
    http.get(f"/bundles/{row['bundle']['id']}/download/").raise_for_status()
    return time.monotonic() - begun


def hand_script(url: str, folder: Path) -> float:
    """The median of a few cold runs of the peer; seconds."""
    seconds = []
    for _ in range(PEER_RUNS):
        begun = time.monotonic()
        command = [sys.executable, "-m", "bench.hand_script", url, MODEL, "1"]
        subprocess.run([*command, str(folder / "hand.onnx")], check=True)
        seconds.append(time.monotonic() - begun)
    return sorted(seconds)[PEER_RUNS // 2]


def show(figure: str, value: float, peer: float, goal: float | None) -> None:
    ratio = value / peer
    met = None if goal is None else ratio <= goal
    tell("first_export", figure, value, "s", peer=peer, ratio=ratio, goal=goal, met=met)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="crossport-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the embedded PostgreSQL's own account must reach its files
        with MlflowServer(folder / "mlflow") as server, Stack(folder / "home") as stack:
            log_model(server.url)
            token = stack.token("admin", stack.make_admin())
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=f"{stack.url}/api/v1", headers=headers, timeout=60) as http:
                mirror(http, server.url)
                cold = downloaded(http, {"inputs": "tensor"})
                second = downloaded(http, {"inputs": "columns"})
            peer = hand_script(server.url, folder)
    show("cold: POST to downloaded bundle", cold, peer, None)
    show("second: POST to downloaded bundle", second, peer, None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
