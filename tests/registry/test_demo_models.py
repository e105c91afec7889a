"""The demo's models are what they claim to be."""

import subprocess
import sys

import numpy as np
import pytest

from registry.connectors import connect
from scripts.demo_models import DEMO_MODELS, log_demo_models, scaled_forest
from scripts.demo_tables import shipped
from scripts.mlflow_server import MlflowServer, MlflowServerProblem


def test_a_second_call_on_a_filled_server_logs_nothing(mlflow_url):
    said: list[str] = []
    log_demo_models(mlflow_url, progress=said.append)
    assert said == []
    with connect("mlflow", mlflow_url) as connector:
        for model in DEMO_MODELS:
            versions = [row.number for row in connector.versions_of(model.name)]
            assert sorted(versions) == list(range(1, len(model.versions) + 1))


def test_rounding_to_float32_flips_labels_of_the_scaled_forest():
    """Plain skl2onnx in float32, on rows halfway between training values, where trees split.

    Measured: 49 of 4,000 labels, and 0.13 of a probability; with the doubles kept, none.
    """
    import onnxruntime
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    model = scaled_forest(trees=30).model
    learned = shipped("wine").x_train.to_numpy()
    rng = np.random.default_rng(1)
    halves = [(np.unique(c)[1:] + np.unique(c)[:-1]) / 2 for c in learned.T]
    rows = np.stack([rng.choice(half, 4000) for half in halves], axis=1)
    types = [("X", FloatTensorType([None, rows.shape[1]]))]
    plain = to_onnx(model, initial_types=types, options={"zipmap": False})
    session = onnxruntime.InferenceSession(plain.SerializeToString())
    labels, chances = session.run(None, {"X": rows.astype(np.float32)})
    named = (
        shipped("wine")
        .x_train.iloc[:0]
        .reindex(range(len(rows)))
        .assign(**dict(zip(shipped("wine").x_train.columns, rows.T, strict=True)))
    )
    flipped = int((labels != model.predict(named)).sum())
    assert flipped > 10
    assert np.abs(chances - model.predict_proba(named)).max() > 0.01


def test_own_python_travels_with_its_model(mlflow_url, tmp_path):
    with connect("mlflow", mlflow_url) as connector:
        connector.download(connector.artifact_uri("affordability", 1), tmp_path)
    code = (
        "import pickle, sys, pandas\n"
        "sys.modules['scripts'] = None\n"
        f"model = pickle.load(open({str(tmp_path / 'model.pkl')!r}, 'rb'))\n"
        "rows = pandas.DataFrame({'loan amount': [1000.0, 90000.0], 'income': [50000.0, None]})\n"
        "print(*model.predict(rows))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.split() == ["good", "bad"], done.stderr


def test_a_server_that_cannot_start_says_why(tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(MlflowServerProblem, match=f"Port {port}"), MlflowServer(tmp_path, port):
            pass
    server = MlflowServer(tmp_path, options=("--no-such-option",))
    with pytest.raises(MlflowServerProblem, match="no-such-option"), server:
        pass
