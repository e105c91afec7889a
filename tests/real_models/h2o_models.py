"""Real H2O models, saved once a process by MLflow in a child of H2O's environment."""

from __future__ import annotations

from pathlib import Path

from tests.real_models import elsewhere

ENVIRONMENT = "h2o"
copy = elsewhere.copier(ENVIRONMENT, Path(__file__).with_name("h2o_builder.py"))

CONVERTIBLE = [
    "gbm",
    "forest",
    "gbm_amount",
    "linear",
    "logistic",
    "several",
    "network",
    "clusters",
]
MAKERS = [elsewhere.maker(copy, name) for name in CONVERTIBLE]
