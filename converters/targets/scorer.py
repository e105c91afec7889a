"""What every target offers the judge: a converted file, opened on its pinned runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from converters.contract import Input, Output
from converters.golden import Answers, Array


class FormatError(ValueError):
    """The converted file is not what its target promises; the message says what is wrong."""


class Scorer(Protocol):
    """A converted file that answers rows.

    Attributes:
        runtime: name and version of what scores, e.g. `onnxruntime 1.29.0`.
        facts: what the file itself says, e.g. its opset.
    """

    runtime: str
    facts: dict[str, str]

    def score(
        self, rows: Mapping[str, Array], inputs: Sequence[Input], outputs: Sequence[Output]
    ) -> Answers:
        """Answers of the converted file, one array an output, in the outputs' dtypes and shapes.

        rows: signature column → [N] (or [N, k] for a tensor signature).

        Raises:
            FormatError: the file lacks an input or output, or gives one of another type.
        """
        ...


def shaped(output: Output, values: Array, rows: int) -> Array:
    """An answer in the shape that its Output promises: [N] or [N, width]; [N, *shape] flattened.

    [N, 1] is taken for [N] and the other way round; nothing else is bent.

    Raises:
        FormatError: any other shape.
    """
    wanted = (rows,) if output.width == 0 else (rows, output.width)
    if output.shape and values.shape == (rows, *output.shape):
        return values.reshape(wanted)
    if values.shape == wanted and not output.shape:
        return values
    if values.shape in ((rows,), (rows, 1)) and output.width in (0, 1):
        return values.reshape(wanted)
    raise FormatError(f"output {output.name} has the shape {values.shape} instead of {wanted}")


def typed(output: Output, values: Array) -> Array:
    """An answer in the dtype that its Output promises; numbers must come through unchanged.

    Raises:
        FormatError: strings for numbers, fractions for integers, or the other way round.
    """
    if output.dtype == "string":
        if values.dtype.kind not in "OUT" or not all(isinstance(v, str) for v in values.flat):
            raise FormatError(f"output {output.name} has {values.dtype} values, not strings")
        return values.astype(object)
    if values.dtype.kind not in "biuf":
        raise FormatError(f"output {output.name} has {values.dtype} values, not {output.dtype}")
    cast = values.astype(output.dtype)
    if np.dtype(output.dtype).kind in "biu" and not np.array_equal(cast, values):
        raise FormatError(f"output {output.name} has values that {output.dtype} cannot hold")
    return cast


def feed_of(item: Input, rows: Mapping[str, Array]) -> Array:
    """One input's array [N, columns], or [N, *shape], in its dtype; a null string is fed as "".

    Raises:
        FormatError: a null in an input that takes none.
    """
    parts = [rows[name].reshape(len(rows[name]), -1) for name in item.columns]
    values = np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
    if item.dtype != "string":
        with np.errstate(over="ignore", invalid="ignore"):
            return _of_shape(item, np.ascontiguousarray(values, dtype=item.dtype))
    missing = np.frompyfunc(lambda value: value is None, 1, 1)(values).astype(bool)
    if missing.any():
        if not item.nullable:
            raise FormatError(f"input {item.name} takes no null")
        values = np.where(missing, "", values)
    return _of_shape(item, np.ascontiguousarray(values, dtype=object))


def _of_shape(item: Input, values: Array) -> Array:
    return values.reshape(len(values), *item.shape) if item.shape else values
