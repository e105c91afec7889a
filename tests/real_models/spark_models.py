"""Real Spark pipelines, saved once a process by MLflow in a child of Spark's environment."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from tests.real_models import elsewhere

ENVIRONMENT = "spark"
copy = elsewhere.copier(ENVIRONMENT, Path(__file__).with_name("spark_builder.py"))
# Spark runs on the machine's own Java, which a machine without one cannot be given here.
NO_JAVA = "Spark needs a whole Java 17 or newer on PATH" if shutil.which("java") is None else ""

# Fitted and saved with pyspark 3.5.7: an indexer, an encoder, a scaler, a linear model, a forest.
OLDER = Path(__file__).with_name("spark_3_5.zip")


def older(folder: Path) -> Path:
    """A pipeline as an older Spark saved it."""
    with zipfile.ZipFile(OLDER) as archive:
        archive.extractall(folder)
    return folder


CONVERTIBLE = [
    *("logistic", "logistic_strict", "logistic_several", "forest", "boosted", "tree"),
    *("forest_amount", "boosted_amount", "tree_amount", "linear", "generalized", "svc"),
    *("gaussian_bayes", "bayes", "perceptron", "clusters", "isotonic", "rest", "survival"),
    *("expanded", "searched", "indexed", "factorized"),
]
REFUSED = {"statement": "spark_stage"}
MAKERS = [elsewhere.maker(copy, name) for name in CONVERTIBLE]
