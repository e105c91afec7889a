"""Imports every family of emitters, whose registration stands beside them."""

from __future__ import annotations

import importlib

FAMILIES = (
    "mixture",
    "gaussian_process",
    "dummy",
    "multiclass",
    "chains",
    "neighbors",
    "stacking",
    "nested",
    "calibration",
    "bayes",
    "adaboost",
    "boosted_catboost",
    "boosted_lightgbm",
    "boosted_xgboost",
    "clusters",
    "decomposition",
    "discretising",
    "encoding",
    "functions",
    "h2o",
    "h2o_clusters",
    "h2o_linear",
    "h2o_networks",
    "h2o_trees",
    "imputing",
    "iterating",
    "leaf_features",
    "linear",
    "linear_predictors",
    "neighbors_imputing",
    "neural",
    "projections",
    "quantiles",
    "scaling",
    "solvers",
    "spark",
    "splines",
    "svm",
    "text",
    "targets",
    "trees",
    "voting",
)


def load() -> None:
    """Register all emitters; a class that two families claim fails here."""
    for family in FAMILIES:
        importlib.import_module(f"converters.onnx_graph.{family}")
