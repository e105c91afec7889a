"""XGBoost to its own file, as every binding of XGBoost reads it, XGBoost4J among them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from converters.contract import Request
from converters.errors import Refused
from converters.native import BASE_SCORES, base_score, matrix
from converters.routes.converted import Converted
from converters.sources.loaded import Loaded

FILE = "model.ubj"
# Its file answers with the number of the class, which are XGBoost's labels.
SOFTMAX = "multi:softmax"
# Larger files than this are not taken apart in Python.
MOST_FOLDED = 32 << 20


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `model.ubj` into `folder`: the trees that the model answers with, and no others.

    Raises:
        Refused: `native_text`, `native_categories`, `native_missing`, `objective_unknown`.
    """
    import xgboost

    estimator = model.estimator
    booster = _answering(estimator)
    sentinel = getattr(estimator, "missing", None)
    if sentinel is not None and not np.isnan(sentinel):
        raise Refused(
            "native_missing",
            f"This model takes {sentinel} for a missing value, which its own file does not tell; "
            "export to ONNX, where that stands in the file, or train it with NaN.",
        )
    if "c" in (booster.feature_types or []):
        raise Refused(
            "native_categories",
            "This model learned categories, which reach its own file as numbers that Python gives "
            "them; export to ONNX, where they stand in the file.",
        )
    inputs = matrix.inputs(model.signature, "float32")
    booster.feature_names = None  # XGBoost4J feeds matrices without names
    facts = _save(booster, folder / FILE)
    probe = booster.predict(xgboost.DMatrix(np.zeros((2, booster.num_features()), np.float32)))
    width = probe.shape[1] if probe.ndim == 2 else 0
    return Converted(
        file=FILE,
        signature=model.signature,
        inputs=inputs,
        outputs=[matrix.output(estimator, width, getattr(estimator, "objective", "") == SOFTMAX)],
        facts={"converter": f"xgboost {xgboost.__version__}", "precision": "float32", **facts},
        notes=[*model.notes, "Features go by their order: XGBoost's file is asked by position."],
    )


def _save(booster: Any, path: Path) -> dict[str, str]:
    """Write the file with one base score where that says the same; what is to be told of it."""
    booster.save_model(path)
    if _with_one(booster, path):
        return {}
    alike = base_score.folded(booster) if path.stat().st_size < MOST_FOLDED else None
    if alike is not None:
        alike.save_model(path)
        if _with_one(alike, path):
            return {}
    booster.save_model(path)
    return {BASE_SCORES: "a list, which XGBoost reads since 3.1"}


def _with_one(booster: Any, path: Path) -> bool:
    """Whether the booster's file could be written with one base score; else it is as it was."""
    import xgboost

    content = path.read_bytes()
    plain = base_score.single(content)
    if plain is None:
        return False
    path.write_bytes(plain)
    try:
        if _learned(xgboost.Booster(model_file=path)) == _learned(booster):
            return True
    except xgboost.core.XGBoostError:
        pass  # not the text that it was taken for: the file stays as XGBoost wrote it
    path.write_bytes(content)
    return False


def _learned(booster: Any) -> Any:
    return json.loads(booster.save_config())["learner"]["learner_model_param"]


def _answering(estimator: Any) -> Any:
    """A copy of the Booster, cut to the rounds that a wrapper answers with after early stopping."""
    if type(estimator).__name__ == "Booster":
        return estimator.copy()
    booster = estimator.get_booster()
    best = getattr(estimator, "best_iteration", None) if _stopped_early(booster) else None
    return booster[: int(best) + 1] if best is not None else booster.copy()


def _stopped_early(booster: Any) -> bool:
    return booster.attr("best_iteration") is not None
