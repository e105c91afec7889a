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
import mlflow
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench._figures import tell
from scripts.mlflow_server import MlflowServer
from scripts.stack import Stack

MODEL = "bench-pipeline"
PEER_RUNS = 3


def log_model(url: str) -> None:
    """Train the pipeline and register it."""
    mlflow.set_tracking_uri(url)
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(X, y)
    with mlflow.start_run():
        mlflow.sklearn.log_model(
            model,
            name="model",
            signature=mlflow.models.infer_signature(X, model.predict(X)),
            input_example=X.head(5),
            registered_model_name=MODEL,
            serialization_format="cloudpickle",
            pip_requirements=["scikit-learn"],
        )


def mirror(http: httpx.Client, url: str) -> None:
    """Connect the source and wait until the model is in the catalogue."""
    body = {"slug": "bench", "kind": "mlflow", "url": url}
    source = http.post("/sources/", json=body).raise_for_status().json()
    http.post(f"/sources/{source['id']}/sync/", json={}).raise_for_status()
    deadline = time.monotonic() + 60
    while not http.get("/models/", params={"q": MODEL}).raise_for_status().json()["results"]:
        if time.monotonic() > deadline:
            raise TimeoutError("the mirror did not show the model in a minute")
        time.sleep(0.2)


def export(http: httpx.Client, options: dict[str, Any]) -> float:
    """Ask for one export and download its bundle; seconds."""
    begun = time.monotonic()
    ref = {"source": "bench", "model": MODEL, "version": "1"}
    body = {"ref": ref, "target": "onnx", "options": options}
    row = http.post("/exports/", json=body).raise_for_status().json()
    while row["state"] in {"queued", "running"}:
        answer = http.get(f"/exports/{row['id']}/", params={"wait": 30})
        row = answer.raise_for_status().json()
    if row["state"] != "succeeded":
        raise RuntimeError(f"the export was {row['state']}: {row['sentence']}")
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
                cold = export(http, {"inputs": "tensor"})
                second = export(http, {"inputs": "columns"})
            peer = hand_script(server.url, folder)
    show("cold: POST to downloaded bundle", cold, peer, None)
    show("second: POST to downloaded bundle", second, peer, None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
