"""H2O's generalised linear models: a number a level, a product, and the inverse of the link."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from converters.errors import Refused
from converters.onnx_graph import labels
from converters.onnx_graph.formula import Formula
from converters.onnx_graph.h2o import (
    Row,
    algorithm,
    classified,
    looked_up,
    named,
    unwritten,
    valued,
)
from converters.onnx_graph.registry import Predicted
from converters.sources.h2o_archive import Archive

# The inverse link is as far from zero as this, and the tweedie's exponential as high.
NEAREST, LOWEST = 1e-5, 2e-16
PAIRED = ("binomial", "quasibinomial", "fractionalbinomial")


@algorithm("glm")
def linear(row: Row) -> Predicted:
    """One mean, two classes, several, or ordered ones.

    Raises:
        Refused: `no_converter` for links that are not written here.
    """
    family = row.archive.info["family"]
    if row.classes and not row.archive.flag("mean_imputation"):
        raise Refused(
            "no_converter",
            "The classifier was trained with missing_values_handling='Skip', and names no class "
            "for a row with a missing value, which no label of a file can say. Train it with "
            "'MeanImputation'.",
        )
    if family == "multinomial":
        return _several(row)
    if family == "ordinal":
        return _ordered(row)
    mean = _inverse(row.archive, _predictor(row, 1))
    if family not in PAIRED:
        return valued(row, mean.value)
    pair = row.graph.concat([(1.0 - mean).value, mean.value])
    return classified(row, Formula(row.graph, pair))


def _inverse(archive: Archive, z: Formula) -> Formula:
    link = archive.info["link"]
    if link == "identity":
        return z
    if link == "logit":
        return 1.0 / ((-z).call("Exp") + 1.0)
    if link == "log":
        return z.call("Exp")
    if link == "inverse":
        low = (z > -NEAREST).where(np.array([[-NEAREST]]), z)
        high = (z < NEAREST).where(np.array([[NEAREST]]), z)
        return 1.0 / (z < 0.0).where(low, high)
    if link == "tweedie":
        power = archive.number("tweedie_link_power")
        if power == 0.0:
            grown = z.call("Exp")
            return (grown < LOWEST).where(np.array([[LOWEST]]), grown)
        return z if power == 1.0 else z ** (1.0 / power)
    raise unwritten(f"the link {link}")


def _several(row: Row) -> Predicted:
    """The largest exponent, or 0 where all are below it, is taken off before."""
    product = _predictor(row, len(row.classes))
    largest = product.reduce("ReduceMax")
    grown = (product - (largest > 0.0).where(largest, np.zeros((1, 1)))).call("Exp")
    proba = grown * (1.0 / grown.reduce("ReduceSum"))
    return named(row, labels.first_largest(row.graph, proba.value), proba)


def _ordered(row: Row) -> Predicted:
    """Each class's share is a difference of what lies below its bounds; the largest is named."""
    count = len(row.classes)
    bounds = _predictor(row, count).take(list(range(count - 1)))
    below = 1.0 / ((-bounds).call("Exp") + 1.0)
    parts = [below.take([0])]
    parts += [below.take([place]) - below.take([place - 1]) for place in range(1, count - 1)]
    parts.append(1.0 - below.take([count - 2]))
    proba = Formula(row.graph, row.graph.concat([part.value for part in parts]))
    return named(row, labels.first_largest(row.graph, proba.value), proba)


def _predictor(row: Row, count: int) -> Formula:
    """The linear predictor, [N, count]: levels in their order, numbers, the intercept.

    A missing value counts as the mean, a missing level as the most frequent one, unless the model
    skips rows with such.
    """
    archive = row.archive
    beta = archive.numbers("beta").reshape(count, -1).T
    offsets = archive.numbers("cat_offsets").astype(int)
    levels, numbers = int(archive.number("cats")), int(archive.number("nums"))
    imputed = archive.flag("mean_imputation")
    modes = archive.numbers("cat_modes").astype(int) if imputed else None
    total: Formula | None = None
    for place in range(levels):
        known = beta[offsets[place] : offsets[place + 1]]
        table = _table(archive, known, row.levels[place])
        missing = table[modes[place]] if modes is not None else np.full(count, np.nan)
        part = looked_up(row, place, table, missing)
        total = part if total is None else total + part
    if numbers:
        columns = row.columns(list(range(levels, levels + numbers)))
        if imputed:
            means = archive.numbers("num_means").reshape(1, -1)
            columns = columns.is_nan().where(means, columns)
        weights = beta[offsets[levels] : offsets[levels] + numbers]
        if not imputed:
            # A number that counts nothing may be missing; another makes the answer missing.
            counts = np.where(weights.any(axis=1), np.nan, 0.0).reshape(1, -1)
            columns = columns.is_nan().where(counts, columns)
        part = Formula(row.graph, row.graph.matmul(columns.value, weights))
        total = part if total is None else total + part
    if total is None:
        raise unwritten("no column at all", "Its answer is one number: store that.")
    return total + beta[-1:]


def _table(archive: Archive, known: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    """[levels, outputs]: what each level adds; the first may be the base, later ones unused."""
    table = np.zeros((count, known.shape[1]))
    first = 0 if archive.flag("use_all_factor_levels") else 1
    used = min(count - first, len(known))
    table[first : first + used] = known[:used]
    return table
