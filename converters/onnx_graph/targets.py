"""TransformedTargetRegressor: the regressor's answer, taken back to the scale of the target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.contract import OutputKind
from converters.errors import Refused
from converters.onnx_graph import elementary, functions, quantiles
from converters.onnx_graph.formula import Formula
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import Answer, Predicted, class_name, predictor

Inverse = Callable[[Graph, Any, Value], Value]


@predictor("sklearn.TransformedTargetRegressor", text=True)
def transformed_target(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """`transformer_.inverse_transform` of what `regressor_` predicts.

    Raises:
        Refused: `own_python`, `no_converter` for an inverse that is not written here.
    """
    from converters.onnx_graph import compose

    inner = compose.predicted(graph, estimator.regressor_, frame)
    value = next(
        (answer.value for answer in inner.answers if answer.source == "predict"),
        inner.answers[0].value,
    )
    if value.width == 0:
        value = graph.column(value)
    if value.dtype not in ("float32", "float64"):
        value = graph.cast(value, "float64")
    value = inverse(graph, estimator.transformer_, value)
    if value.width == 1 and estimator._training_dim == 1:
        value = graph.flat(value)
    return Predicted((Answer("prediction", OutputKind.VALUES, "predict", value),))


def inverse(graph: Graph, step: Any, value: Value) -> Value:
    """`step.inverse_transform` of an [N, k] value, in the value's dtype.

    Raises:
        Refused: as `transformed_target`.
    """
    if step is None or (isinstance(step, str) and step == "passthrough"):
        return value
    kind = class_name(type(step))
    if kind == "sklearn.Pipeline":
        for _, inner in reversed(step.steps):
            value = inverse(graph, inner, value)
        return value
    if kind not in INVERSES:
        raise Refused(
            "no_converter",
            f"TransformedTargetRegressor takes its answer back by {type(step).__name__}, whose "
            "inverse is not written here; transform the target with numpy's functions or a scaler.",
        )
    return INVERSES[kind](graph, step, value)


def _in_place(x: Formula, kind: str, constant: Any, dtype: str) -> Formula:
    """numpy's `X op= constant` with doubles: computed in double, kept in the dtype of X."""
    wide = x.cast("float64")
    wide = wide * _row(constant) if kind == "Mul" else wide + _row(constant)
    return wide.cast(dtype)


def _row(values: Any) -> npt.NDArray[np.float64]:
    return np.asarray(values, np.float64).reshape(1, -1)


def _function(graph: Graph, step: Any, value: Value) -> Value:
    if step.inverse_func is None:
        return value
    return functions.apply(graph, step.inverse_func, value, dict(step.inv_kw_args or {}))


def _standard(graph: Graph, step: Any, value: Value) -> Value:
    x = Formula(graph, value)
    if step.with_std:
        x = x * _row(step.scale_)
    if step.with_mean:
        x = x + _row(step.mean_)
    return x.value


def _min_max(graph: Graph, step: Any, value: Value) -> Value:
    x = _in_place(Formula(graph, value), "Add", -_row(step.min_), value.dtype)
    wide = x.cast("float64") / _row(step.scale_)
    return wide.cast(value.dtype).value


def _max_abs(graph: Graph, step: Any, value: Value) -> Value:
    return _in_place(Formula(graph, value), "Mul", step.scale_, value.dtype).value


def _robust(graph: Graph, step: Any, value: Value) -> Value:
    x = Formula(graph, value)
    if step.with_scaling:
        x = _in_place(x, "Mul", step.scale_, value.dtype)
    if step.with_centering:
        x = _in_place(x, "Add", step.center_, value.dtype)
    return x.value


def _power(graph: Graph, step: Any, value: Value) -> Value:
    if step.standardize:
        value = _standard(graph, step._scaler, value)
    write = _yeo_johnson if step.method == "yeo-johnson" else _box_cox
    columns = []
    for place, exponent in enumerate(step.lambdas_):
        x = Formula(graph, graph.cast(graph.take(value, [place]), "float64"))
        columns.append(graph.cast(write(x, float(exponent)).value, value.dtype))
    return graph.concat(columns)


def _box_cox(x: Formula, exponent: float) -> Formula:
    """scipy.special.inv_boxcox."""
    if exponent == 0.0:
        return x.call("Exp")
    return (elementary.log1p(x * exponent) / exponent).call("Exp")


def _yeo_johnson(x: Formula, exponent: float) -> Formula:
    """sklearn/preprocessing/_data.py, PowerTransformer: two branches by the sign."""
    positive = x >= 0.0
    up, down = positive.where(x, 0.0), positive.where(0.0, x)
    tiny = float(np.spacing(1.0))
    if abs(exponent) < tiny:
        yes = up.call("Exp") - 1.0
    else:
        yes = (up * exponent + 1.0) ** (1 / exponent) - 1.0
    other = 2.0 - exponent
    if abs(exponent - 2.0) > tiny:
        no = 1.0 - (down * -other + 1.0) ** (1 / other)
    else:
        no = 1.0 - (-down).call("Exp")
    return x.is_nan().where(x, positive.where(yes, no))


INVERSES: dict[str, Inverse] = {
    "sklearn.FunctionTransformer": _function,
    "sklearn.StandardScaler": _standard,
    "sklearn.MinMaxScaler": _min_max,
    "sklearn.MaxAbsScaler": _max_abs,
    "sklearn.RobustScaler": _robust,
    "sklearn.PowerTransformer": _power,
    "sklearn.QuantileTransformer": quantiles.inverse,
}
