"""FunctionTransformer: functions of numpy and scipy.special that a graph computes as they do."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

from converters.errors import Refused
from converters.onnx_graph import elementary, narrow
from converters.onnx_graph.formula import Formula
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.refusals import own_python
from converters.onnx_graph.registry import transformer

Write = Callable[[Formula], Formula]


def _op(kind: str) -> Write:
    return lambda x: x.call(kind)


def _times(factor: float) -> Write:
    return lambda x: x * factor


# Functions of one number that answer in floating point whatever they are given.
FLOATING: dict[str, Write] = {
    "log": _op("Log"),
    "log1p": elementary.log1p,
    "log2": lambda x: x.call("Log") / math.log(2),
    "log10": lambda x: x.call("Log") / math.log(10),
    "exp": _op("Exp"),
    "exp2": lambda x: 2.0**x,
    "expm1": elementary.expm1,
    "sqrt": _op("Sqrt"),
    "cbrt": elementary.cbrt,
    "sin": elementary.sin,
    "cos": elementary.cos,
    "tan": elementary.tan,
    "arcsin": elementary.arcsin,
    "arccos": elementary.arccos,
    "arctan": elementary.arctan,
    "sinh": elementary.sinh,
    "cosh": elementary.cosh,
    "tanh": _op("Tanh"),
    "arcsinh": elementary.arcsinh,
    "arccosh": elementary.arccosh,
    "arctanh": elementary.arctanh,
    "deg2rad": _times(math.pi / 180),
    "rad2deg": _times(180 / math.pi),
    "fabs": _op("Abs"),
    "rint": _op("Round"),
    "reciprocal": lambda x: 1.0 / x,
}
# Functions that keep whole numbers whole.
KEEPING: dict[str, Write] = {
    "absolute": _op("Abs"),
    "negative": _op("Neg"),
    "positive": lambda x: x,
    "square": lambda x: x * x,
    "sign": lambda x: elementary.sign(x) if x.value.is_float else x.call("Sign"),
    "floor": lambda x: x.call("Floor") if x.value.is_float else x,
    "ceil": lambda x: x.call("Ceil") if x.value.is_float else x,
    "trunc": lambda x: elementary.trunc(x) if x.value.is_float else x,
}
WRAPPING = frozenset({"absolute", "negative", "square"})
TESTING: dict[str, Write] = {
    "isnan": lambda x: x.is_nan(),
    "isinf": lambda x: x.is_inf(),
    "isfinite": lambda x: ~(x.is_nan() | x.is_inf()),
}
SPECIAL: dict[str, Write] = {
    "expit": elementary.expit,
    "logit": elementary.logit,
    "log1p": elementary.log1p,
    "expm1": elementary.expm1,
    "cbrt": elementary.cbrt,
    "exp2": lambda x: 2.0**x,
    "exp10": lambda x: 10.0**x,
}
ALIASES = {"radians": "deg2rad", "degrees": "rad2deg", "abs": "absolute", "fix": "trunc"}
# With one number bound by functools.partial, or as scipy.special's users write them.
PAIRED = ("add", "subtract", "multiply", "divide", "power", "maximum", "minimum")


@transformer("sklearn.FunctionTransformer")
def function(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """The function on every column; without one, the columns as they are.

    Raises:
        Refused: `own_python` for functions that are not numpy's or scipy.special's, `no_converter`
            for those of theirs that are not written here, `narrow_numbers`.
    """
    if estimator.func is None:
        return Frame((frame.numbers(graph),), frame.names) if estimator.validate else frame
    if frame.has_strings:
        raise Refused(
            "strings_not_encoded",
            f"FunctionTransformer({_name(estimator.func)}) is fed text columns; give it columns of "
            "numbers only.",
        )
    values = (frame.promoted(graph),) if estimator.validate else frame.values
    keywords = dict(estimator.kw_args or {})
    made = tuple(apply(graph, estimator.func, value, keywords) for value in values)
    for value in values:
        narrow.check(graph, _name(estimator.func), estimator.func, keywords, value)
    return Frame(made, frame.names)


def apply(graph: Graph, function: Any, value: Value, keywords: dict[str, Any]) -> Value:
    """One function of numpy or scipy.special on an [N, k] value.

    float32 is computed in double and rounded once; whole numbers become double, or stay whole where
    numpy keeps them.

    Raises:
        Refused: as `function`.
    """
    bound: tuple[Any, ...] = ()
    called = function
    if isinstance(function, functools.partial):
        called, bound = function.func, function.args
        keywords = {**function.keywords, **keywords}
    library, name = _known(called)
    if value.dtype == "bool" and name not in TESTING:
        raise Refused(
            "no_converter",
            f"FunctionTransformer({name}) is fed booleans, which numpy computes in half precision "
            "or not at all; turn them into floats before the model.",
        )
    if name == "nan_to_num":
        keywords = _largest(value.dtype) | {k: v for k, v in keywords.items() if v is not None}
    write = _writer(library, name, bound, keywords)
    if write is None:
        raise Refused(
            "no_converter",
            f"FunctionTransformer({_name(function)}) has no ONNX counterpart here; compute it "
            "before the model.",
        )
    whole = not value.is_float
    if whole and name in ("reciprocal", "power"):
        raise Refused(
            "no_converter",
            f"FunctionTransformer({name}) is fed whole numbers, for which numpy divides and raises "
            "in whole numbers; turn the columns into floats before the model.",
        )
    kept = (library == "numpy" and name in KEEPING) or name in ("clip", "round", "nan_to_num")
    if whole and kept:
        if name in WRAPPING:
            graph.wraps.append(name)
        return write(Formula(graph, value)).value
    result = write(Formula(graph, graph.cast(value, "float64"))).value
    if name in TESTING:
        return result
    return graph.cast(result, value.dtype if value.is_float else "float64")


def _writer(
    library: str, name: str, bound: tuple[Any, ...], keywords: dict[str, Any]
) -> Write | None:
    if library == "scipy":
        return SPECIAL.get(name) if not bound and not keywords else None
    if name in PAIRED:
        return _paired(name, bound, keywords)
    if bound:
        return None
    if name in ("clip", "round", "nan_to_num"):
        return {"clip": _clip, "round": _round, "nan_to_num": _nan_to_num}[name](keywords)
    if keywords:
        return None
    return FLOATING.get(name) or KEEPING.get(name) or TESTING.get(name)


def _known(function: Any) -> tuple[str, str]:
    """The library and the name of a function that is numpy's or scipy.special's very own.

    Raises:
        Refused: `own_python`.
    """
    name = getattr(function, "__name__", "")
    name = {"around": "round", "amax": "max", **ALIASES}.get(name, name)
    for library, module in (("numpy", np), ("scipy", scipy.special)):
        own = getattr(module, name, None)
        if own is not None and own is function:
            return library, name
    if getattr(np, getattr(function, "__name__", ""), None) is function:
        return "numpy", name
    raise own_python(_name(function))


def _name(function: Any) -> str:
    if isinstance(function, functools.partial):
        return _name(function.func)
    return str(getattr(function, "__name__", "") or type(function).__name__)


def _paired(name: str, bound: tuple[Any, ...], keywords: dict[str, Any]) -> Write | None:
    """`functools.partial(np.maximum, 0)`: the bound number is the left operand."""
    if len(bound) != 1 or keywords or not isinstance(bound[0], int | float | np.number):
        return None
    left = float(bound[0])
    if name in ("maximum", "minimum"):
        if math.isnan(left):
            return None
        if name == "maximum":
            return lambda x: (x < left).where(left, x)
        return lambda x: (x > left).where(left, x)
    writers: dict[str, Write] = {
        "add": lambda x: left + x,
        "subtract": lambda x: left - x,
        "multiply": lambda x: left * x,
        "divide": lambda x: left / x,
        "power": lambda x: left**x,
    }
    return writers[name]


def _clip(keywords: dict[str, Any]) -> Write | None:
    known = {"a_min": None, "a_max": None, "min": None, "max": None}
    if set(keywords) - set(known):
        return None
    low = keywords.get("a_min", keywords.get("min"))
    high = keywords.get("a_max", keywords.get("max"))
    for bound in (low, high):
        if bound is not None and not isinstance(bound, int | float | np.number):
            return None
        if bound is not None and math.isnan(float(bound)):
            return None

    def write(x: Formula) -> Formula:
        if not x.value.is_float and any(
            bound is not None and not isinstance(bound, int | np.integer) for bound in (low, high)
        ):
            x = x.cast("float64")
        if low is not None:
            x = (x < low).where(low, x)
        return (x > high).where(high, x) if high is not None else x

    return write


def _round(keywords: dict[str, Any]) -> Write | None:
    decimals = keywords.get("decimals", 0)
    if set(keywords) - {"decimals"} or not isinstance(decimals, int | np.integer):
        return None
    scale = 10.0 ** abs(int(decimals))

    def write(x: Formula) -> Formula:
        if not x.value.is_float:
            if decimals < 0:
                raise Refused(
                    "no_converter",
                    "FunctionTransformer(round) rounds whole numbers to tens, which is not written "
                    "here; turn the columns into floats before the model.",
                )
            return x
        if decimals == 0:
            return x.call("Round")
        if decimals > 0:
            return (x * scale).call("Round") / scale
        return (x / scale).call("Round") * scale

    return write


def _largest(dtype: str) -> dict[str, Any]:
    """What numpy puts in place of infinities: the largest numbers of the dtype."""
    most = float(np.finfo(np.dtype(dtype if dtype.startswith("float") else "float64")).max)
    return {"posinf": most, "neginf": -most}


def _nan_to_num(keywords: dict[str, Any]) -> Write | None:
    if set(keywords) - {"nan", "posinf", "neginf", "copy"}:
        return None
    nan, high, low = keywords.get("nan", 0.0), keywords["posinf"], keywords["neginf"]
    if not all(isinstance(item, int | float | np.number) for item in (nan, high, low)):
        return None

    def write(x: Formula) -> Formula:
        if not x.value.is_float:
            return x
        infinite = x.is_inf()
        x = (infinite & (x > 0.0)).where(high, x)
        x = (infinite & (x < 0.0)).where(low, x)
        return x.is_nan().where(nan, x)

    return write
