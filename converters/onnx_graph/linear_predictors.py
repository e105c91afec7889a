"""Statistical models: a design of columns, one product, and the inverse of a link, in double.

Each inverse is written as statsmodels computes it (statsmodels.genmod.families.links), overflow to
infinity and to NaN included.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import Refused
from converters.onnx_graph import elementary, encoding, labels, normal, whole_numbers
from converters.onnx_graph.formula import Formula
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import Predicted, predictor

Inverse = Callable[[Formula, float], Formula]


def _power(z: Formula, power: float) -> Formula:
    return z if power == 1.0 else z ** (1.0 / power)


def _cauchy(z: Formula, _: float) -> Formula:
    """The share below z; far below zero as the arc of 1 / z, which keeps its digits there."""
    far = z < -1.0
    tail = elementary.arctan(-1.0 / far.where(z, -2.0)) / math.pi
    return far.where(tail, elementary.arctan(far.where(0.0, z)) / math.pi + 0.5)


def _logit(z: Formula, _: float) -> Formula:
    return 1.0 / ((-z).call("Exp") + 1.0)


INVERSES: dict[str, Inverse] = {
    "identity": lambda z, _: z,
    "log": lambda z, _: z.call("Exp"),
    "logit": _logit,
    "logc": lambda z, _: 1.0 - z.call("Exp"),
    "probit": lambda z, _: normal.cdf(z),
    "cauchy": _cauchy,
    "cloglog": lambda z, _: 1.0 - (-(z.call("Exp"))).call("Exp"),
    "loglog": lambda z, _: (-((-z).call("Exp"))).call("Exp"),
    "power": _power,
    "nbinom": lambda z, alpha: -1.0 / ((1.0 - (-z).call("Exp")) * alpha),
}
FUNCTIONS: dict[str, Callable[[Formula], Formula]] = {
    "log": lambda x: x.call("Log"),
    "exp": lambda x: x.call("Exp"),
    "sqrt": lambda x: x.call("Sqrt"),
    "abs": lambda x: x.call("Abs"),
    "tanh": lambda x: x.call("Tanh"),
    "log1p": elementary.log1p,
    "expm1": elementary.expm1,
    "sin": elementary.sin,
    "cos": elementary.cos,
}
ARITHMETIC: dict[str, Callable[..., Any]] = {
    "+": lambda a, b=None: a if b is None else a + b,
    "-": lambda a, b=None: -a if b is None else a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}


@predictor("converters.StatisticalModel", text=True)
def statistical_model(graph: Graph, estimator: Any, frame: Frame) -> Predicted:
    """The mean of each row.

    Raises:
        Refused: `strings_not_encoded`, `column_missing`, `unnamed_columns`.
    """
    product = _linear(graph, estimator, frame)
    if estimator.mean == "multinomial":
        return labels.regressed(graph, _shares(graph, product))
    inverse = INVERSES[estimator.mean]
    return labels.regressed(graph, inverse(Formula(graph, product), estimator.parameter).value)


def _shares(graph: Graph, product: Value) -> Value:
    """Of each class, the first one's exponential being 1; nothing is subtracted before."""
    grown = graph.unary("Exp", product)
    never = graph.compare("Less", graph.take(grown, [0]), np.zeros((1, 1)))
    first = graph.binary("Add", graph.cast(never, "float64"), np.ones((1, 1)))
    whole = graph.concat([first, grown])
    return graph.binary("Div", whole, graph.reduce("ReduceSum", whole))


def _linear(graph: Graph, estimator: Any, frame: Frame) -> Value:
    """The linear predictor, [N, outputs]; a formula's intercept is added last."""
    coefficients = estimator.coefficients
    if estimator.terms is None:
        if frame.has_strings:
            raise Refused(
                "strings_not_encoded",
                "The model is fed text columns; statsmodels encodes none without a formula. Log it "
                "with the columns that it was trained on.",
            )
        return _product(graph, frame.numbers(graph, "float64"), coefficients)
    if not frame.names:
        raise Refused(
            "unnamed_columns",
            "The model's formula selects columns by name and its signature has none; log it again "
            "with a signature of the DataFrame it was trained on.",
        )
    blocks, factors, at = [], [], 0
    intercept = np.zeros((1, coefficients.shape[1]))
    for term in estimator.terms:
        block = _term(graph, term, frame) if term.factors else None
        width = block.width if block is not None else 1
        if block is not None:
            blocks.append(block)
            factors.append(coefficients[at : at + width])
        else:
            intercept += coefficients[at : at + 1]
        at += width
    if not blocks:
        raise Refused(
            "no_features",
            "The model's formula has no column at all, only an intercept: its answer is one number "
            "for every row. Store that number.",
        )
    product = _product(graph, graph.concat(blocks), np.concatenate(factors))
    return graph.binary("Add", product, intercept)


def _product(graph: Graph, columns: Value, coefficients: npt.NDArray[np.float64]) -> Value:
    """[N, k] @ [k, m]; a column that counts nothing still has to be there, and finite."""
    product = graph.matmul(columns, coefficients)
    unused = np.flatnonzero((coefficients == 0.0).any(axis=1)).tolist()
    if not unused:
        return product
    nothing = graph.binary("Mul", graph.take(columns, unused), np.zeros((1, len(unused))))
    return graph.binary("Add", product, graph.reduce("ReduceSum", nothing))


def _term(graph: Graph, term: Any, frame: Frame) -> Value:
    """The product of its factors' columns, the first factor's fastest."""
    parts = [_factor(graph, factor, frame) for factor in term.factors]

    def times(left: Value, right: Value) -> Value:
        pairs = [(i, j) for j in range(right.width) for i in range(left.width)]
        one = graph.take(left, [i for i, _ in pairs])
        other = graph.take(right, [j for _, j in pairs])
        return graph.op("Mul", [one, other], "float64", len(pairs))

    return reduce(times, parts)


def _factor(graph: Graph, factor: Any, frame: Frame) -> Value:
    if hasattr(factor, "expression"):
        made = _number(graph, factor.expression, frame)
        if not isinstance(made, Formula):
            raise Refused("formula", "The model's formula has a term without any column.")
        return graph.cast(made.value, "float64")
    place = _place(frame, factor.column)
    column = frame.column(graph, place)
    categories = np.array(factor.categories, dtype=object)
    if column.dtype != "string":
        categories = np.array(list(factor.categories))
    index = encoding.index_of(graph, column, categories, frame, place)
    graph.notes.append(
        "The original refuses categories that its formula has not learned; the converted model "
        "answers NaN for them."
    )
    unknown = np.full((1, factor.contrasts.shape[1]), np.nan)
    table = graph.const(np.concatenate([factor.contrasts, unknown]))
    return graph.op("Gather", [table, index], "float64", factor.contrasts.shape[1], axis=0)


def _number(graph: Graph, expression: tuple[Any, ...], frame: Frame) -> Any:
    """A formula, or a number where no column is in it.

    As in numpy, whole numbers stay whole, and wrap around, until something else joins them.
    """
    kind, *parts = expression
    if kind == "number":
        return parts[0]
    if kind == "column":
        return _column(graph, parts[0], frame)
    made = [_number(graph, part, frame) for part in parts]
    if not any(isinstance(one, Formula) for one in made):
        return ARITHMETIC[kind](*made) if kind in ARITHMETIC else float(getattr(np, kind)(made[0]))
    if kind in whole_numbers.KINDS and all(map(whole_numbers.is_whole, made)):
        return whole_numbers.computed(graph, kind, made)
    made = [one.cast("float64") if isinstance(one, Formula) else float(one) for one in made]
    return (ARITHMETIC.get(kind) or FUNCTIONS[kind])(*made)


def _column(graph: Graph, name: str, frame: Frame) -> Formula:
    column = frame.column(graph, _place(frame, name))
    if column.dtype in ("string", "bool"):
        raise Refused(
            "formula",
            f"The model's formula computes with column {name!r}, which holds no numbers in its "
            "signature; log it with the signature of its training data.",
        )
    if column.dtype in whole_numbers.DTYPES:
        return Formula(graph, column)
    return Formula(graph, graph.cast(column, "float64"))


def _place(frame: Frame, name: str) -> int:
    if name not in frame.names:
        raise Refused(
            "column_missing",
            f"The model's formula reads a column {name!r} that its signature does not have; log it "
            "again with a signature of all columns it was trained on.",
        )
    return frame.names.index(name)
