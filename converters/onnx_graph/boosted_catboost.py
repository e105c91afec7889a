"""CatBoost's models, alone or in a Pipeline, each class answering as CatBoost's own does."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.contract import OutputKind
from converters.errors import Refused
from converters.onnx_graph import labels
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.linear import softmax, two_columns
from converters.onnx_graph.registry import Answer, Predicted, predictor
from converters.trees import catboost as reader
from converters.trees.keys import rows
from converters.trees.onnx import emit

# Where the loader keeps the words of the input example, by feature.
WORDS = "crossport_words"
NUMBERS = [str(number) for number in range(-100, 10_000)]
COMMON = [*map(str, range(1000)), "True", "False", "nan", "NaN", "None", "", "missing", "unknown"]

SOFT = ("MultiClass",)
EACH = ("MultiClassOneVsAll", "MultiLogloss", "MultiCrossEntropy")
TWO = ("Logloss", "CrossEntropy")


def _raw(graph: Graph, estimator: Any, frame: Frame) -> Value:
    """The raw formula value, [N, targets]."""
    remembered = getattr(estimator, WORDS, {})
    texts = [place for place, dtype in enumerate(frame.dtypes) if dtype == "string"]
    words = {
        place: [*remembered.get(place, ()), *(COMMON if place in texts else NUMBERS)]
        for place in range(frame.width)
    }
    boosted = reader.read(estimator, _fitting(words, texts), texts)
    if boosted.ensemble.features != frame.width:
        raise Refused(
            "signature_width",
            f"The signature has {frame.width} columns, the model was trained on "
            f"{boosted.ensemble.features}; log the model again with the signature of its training "
            "data.",
        )
    total = emit(graph, rows(graph, frame, boosted.ensemble, "float64"), boosted.ensemble)
    if boosted.scale != 1.0:
        total = graph.binary("Mul", total, np.full((1, total.width), boosted.scale))
    return graph.binary("Add", total, boosted.bias.reshape(1, -1))


def _fitting(words: dict[int, list[str]], texts: list[int]) -> dict[int, list[str]]:
    """Of a column of numbers only whole ones: CatBoost takes no others for categories."""
    return {
        place: own if place in texts else [word for word in own if _is_whole(word)]
        for place, own in words.items()
    }


def _is_whole(word: str) -> bool:
    return word.removeprefix("-").isdecimal() and str(int(word)) == word


@predictor("catboost.CatBoostClassifier", text=True)
def classifier(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """Probabilities by the loss; the label is the largest, or above the model's own threshold."""
    loss, raw = reader.loss(estimator), _raw(graph, estimator, frame)
    if loss in TWO and raw.width == 1:
        proba = two_columns(graph, graph.sigmoid(raw))
        limit = float(estimator.get_probability_threshold())
        if not 0.0 < limit < 1.0:
            raise Refused(
                "objective_unknown",
                f"The model's probability threshold is {limit}, so it names one class only; set "
                "one between 0 and 1.",
            )
        index = labels.positive(graph, raw, float(np.log(limit / (1.0 - limit))))
        return labels.classified(graph, index, estimator.classes_, proba, "predict_proba")
    if loss in ("MultiLogloss", "MultiCrossEntropy"):
        above = graph.cast(graph.compare("Greater", raw, np.zeros((1, 1))), "int64")
        label = Answer("label", OutputKind.LABEL, "predict", above)
        each = Answer("probabilities", OutputKind.VALUES, "predict_proba", graph.sigmoid(raw))
        return Predicted((label, each), [0, 1])
    if loss not in (*SOFT, *EACH):
        if not loss:
            raise Refused(
                "objective_unknown",
                "This CatBoostClassifier does not tell its loss, which says what its values mean: "
                "its file is damaged, or it is a sum of other models. Log the model again, a sum "
                "as a plain CatBoost model.",
            )
        raise Refused(
            "objective_unknown",
            f"A CatBoostClassifier with the loss {loss!r} is not proven here; proven ones are "
            f"{', '.join([*TWO, *SOFT, *EACH])}.",
        )
    proba = softmax(graph, raw) if loss in SOFT else graph.sigmoid(raw)
    index = labels.first_largest(graph, raw)
    return labels.classified(graph, index, estimator.classes_, proba, "predict_proba")


@predictor("catboost.CatBoostRegressor", text=True)
def regressor(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The raw value, its exponent, or mean and variance, as the loss has it."""
    raw = _raw(graph, estimator, frame)
    kind = estimator._get_default_prediction_type()
    if kind == "Exponent":
        raw = graph.unary("Exp", raw)
    elif kind == "RMSEWithUncertainty":
        doubled = graph.binary("Mul", graph.take(raw, [1]), np.full((1, 1), 2.0))
        raw = graph.concat([graph.take(raw, [0]), graph.unary("Exp", doubled)])
    elif kind != "RawFormulaVal":
        raise Refused("objective_unknown", f"CatBoost answers with {kind}, not proven here.")
    return labels.regressed(graph, raw)


@predictor("catboost.CatBoost", "catboost.CatBoostRanker", text=True)
def values(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The raw formula value, whatever the loss."""
    return labels.regressed(graph, _raw(graph, estimator, frame))
