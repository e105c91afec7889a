"""A portal with one small registered model, for the benches that ask it for exports and files."""

from __future__ import annotations

import time
from typing import Any

import httpx
import mlflow
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MODEL = "bench-pipeline"


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


def export(http: httpx.Client, options: dict[str, Any]) -> dict[str, Any]:
    """Ask for one export of the model and wait until it is done.

    Raises:
        RuntimeError: it was refused, or crashed.
    """
    ref = {"source": "bench", "model": MODEL, "version": "1"}
    body = {"ref": ref, "target": "onnx", "options": options}
    row: dict[str, Any] = http.post("/exports/", json=body).raise_for_status().json()
    while row["state"] in {"queued", "running"}:
        answer = http.get(f"/exports/{row['id']}/", params={"wait": 30})
        row = answer.raise_for_status().json()
    if row["state"] != "succeeded":
        raise RuntimeError(f"the export was {row['state']}: {row['sentence']}")
    return row
