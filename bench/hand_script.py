"""The peer of `first_export`: what somebody writes by hand to get an ONNX file out of MLflow.

Usage: hand_script.py TRACKING_URL MODEL VERSION FILE. Loads the model, converts it with skl2onnx,
compares 1,000 rows, saves the file.
"""

from __future__ import annotations

import sys
from pathlib import Path

import mlflow
import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType


def main(url: str, name: str, version: str, file: str) -> int:
    mlflow.set_tracking_uri(url)
    model = mlflow.sklearn.load_model(f"models:/{name}/{version}")
    width = model.n_features_in_
    converted = to_onnx(
        model, initial_types=[("X", FloatTensorType([None, width]))], options={"zipmap": False}
    )
    rows = np.random.default_rng(0).normal(size=(1000, width)).astype(np.float32)
    session = onnxruntime.InferenceSession(converted.SerializeToString())
    answers = session.run(None, {"X": rows})[0]
    differing = int(np.sum(answers != model.predict(rows)))
    Path(file).write_bytes(converted.SerializeToString())
    print(f"{differing} of 1000 labels differ", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
