"""The real console entry as a process of its own, and real models in folders."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def crossport(tmp_path: Path) -> Run:
    """Run `crossport ARGUMENTS` with an empty home; `env` adds variables, `stdin` is its input."""

    def run(
        *arguments: object, env: dict[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
            env={
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "HOME": str(tmp_path / "home"),
                "XDG_CONFIG_HOME": str(tmp_path / "config"),
                **(env or {}),
            },
        )

    return run


def save_model(folder: Path, signature: bool = True, text_label: bool = False) -> Path:
    """A small real classifier, saved as MLflow does."""
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    from tests.real_models.folders import save

    random = np.random.default_rng(1)
    table = pd.DataFrame(random.normal(size=(60, 3)), columns=["a", "b", "c"])
    labels = (table["a"] > 0).to_numpy()
    features = table if signature else table.to_numpy()
    model = LogisticRegression().fit(features, labels.astype(int))
    return save(
        "sklearn",
        model,
        table,
        folder,
        signature=signature,
        example=signature,
        serialization_format="cloudpickle",
    )


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that converts."""
    return save_model(tmp_path_factory.mktemp("models") / "churn")


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of a flavor that has no route."""
    folder = tmp_path_factory.mktemp("models") / "paddle"
    folder.mkdir()
    (folder / "MLmodel").write_text(
        "flavors:\n  paddle:\n    data: m\n  python_function:\n    loader_module: mlflow.paddle\n"
    )
    return folder


@pytest.fixture(scope="session")
def bundle(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unpacked bundle of `model`, made by the command itself."""
    folder = tmp_path_factory.mktemp("bundles") / "bundle"
    command = [sys.executable, "-m", "cli.main", "convert", "--model-uri", str(model)]
    subprocess.run([*command, "--target", "onnx", "--output-dir", str(folder)], check=True)
    return folder
