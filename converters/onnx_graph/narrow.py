"""Numbers narrower than those that a file has: where a function of them answers otherwise."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import Refused
from converters.onnx_graph.graph import Graph, Value

# Types of at most this many bits are asked in every one of their numbers.
WHOLE_BITS = 16


def check(
    graph: Graph, name: str, function: Callable[..., Any], keywords: dict[str, Any], value: Value
) -> None:
    """See that a function answers the model's narrow numbers as it answers the file's wider ones.

    numpy computes int8 in int8, where 127 * 127 is 1, and the square root of an int8 in half
    precision; the file has int32 and float32 at the least. The function itself is asked, on every
    number of the narrow type, or of 32 bits on its ends and some between.

    Raises:
        Refused: `narrow_numbers`.
    """
    if not graph.narrow or value.is_float != (graph.narrow == "float16"):
        return
    numbers = _numbers(np.dtype(graph.narrow))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            narrow = np.asarray(function(numbers, **keywords))
        except (TypeError, ValueError, OverflowError):
            return  # the original's own failure, which its answers will show
        wide = np.asarray(function(numbers.astype(value.dtype), **keywords))
    if np.array_equal(narrow, wide, equal_nan=narrow.dtype.kind == "f"):
        return
    raise Refused(
        "narrow_numbers",
        f"FunctionTransformer({name}) computes in {graph.narrow}, as the signature's tensor has "
        "it, so results wrap around or are rounded to it; a converted file, ONNX or PMML, has "
        'wider numbers only. Train with X.astype("float64") and log the model with a signature of '
        "that.",
    )


def _numbers(dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """[numbers, 1]: every number of the type, or its ends, powers of two and what lies beside."""
    bits = dtype.itemsize * 8
    if bits <= WHOLE_BITS:
        return np.arange(2**bits, dtype=f"uint{bits}").view(dtype).reshape(-1, 1)
    powers = [2**power + beside for power in range(bits) for beside in (-1, 0, 1)]
    limits = np.iinfo(dtype)
    held = sorted({one for one in (limits.min, limits.max, *powers) if one <= limits.max})
    return np.array(held, dtype=dtype).reshape(-1, 1)
