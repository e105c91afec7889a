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
    "anomalies",
]
# Trained on missing texts, which the client made a level of.
GAPS = "gbm_gaps"
# What our own emitters write besides: each family and link, each setting that changes arithmetic.
WRITTEN = [
    *CONVERTIBLE,
    *("gbm_kinds", "gbm_poisson", "gbm_balanced", "gbm_places", "gbm_ranges", "gbm_narrow"),
    *("forest_amount", "forest_two", "forest_double", "forest_balanced"),
    *("counted", "gamma", "tweedie", "ordered", "skipping", "based"),
    *("network_kinds", "network_amount", "clusters_scaled", "clusters_plain", "clusters_levels"),
]
SOURCES = ["gbm", "forest", "linear", "several", "network", "clusters"]
MAKERS = [elsewhere.maker(copy, name) for name in CONVERTIBLE]
WRITERS = [elsewhere.maker(copy, name) for name in WRITTEN]
SOURCE_MAKERS = [elsewhere.maker(copy, name) for name in SOURCES]
