"""A model as it was loaded, and the original's own voice, which parity compares with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from converters import types
from converters.contract import Output, Signature, Tensor

# One entry a signature column, in order, shape [N]; for a tensor signature one entry, shape [N, k].
Rows = dict[str, npt.NDArray[Any]]
# One entry an output, by `Output.name`; shape [N] where its width is 0, else [N, width].
Answers = dict[str, npt.NDArray[Any]]

# MLflow's column types that are carried, and the numpy dtype that one entry of `Rows` has.
DTYPES = types.ROWS
# The name of the one tensor where its signature gives it none.
TENSOR = "X"


@dataclass
class Loaded:
    """One model version in memory.

    Attributes:
        flavor: the MLflow flavor that it was loaded by.
        estimator: the library's own object.
        mlmodel: the MLmodel document.
        folder: where its files are.
        signature: its inputs; never empty, `load` refuses a model that has none.
        example: the input example that MLflow saved, in the signature's own terms.
        notes: what its owner should know, one sentence each.
        missing_text: what stands for a missing string at the model: NaN as in pandas' str columns,
            None where the model learned None as a category or a missing value.
        one_text: it reads one text a row, and is fed a Series.
        asking: entered while the original is asked.
    """

    flavor: str
    estimator: Any
    mlmodel: dict[str, Any]
    folder: Path
    signature: Signature
    example: Rows | None = None
    notes: list[str] = field(default_factory=list)
    missing_text: float | None = float("nan")
    one_text: bool = False
    asking: Callable[[], AbstractContextManager[None]] = nullcontext

    def frame(self, rows: Rows) -> Any:
        """The rows as the model is fed: a DataFrame of the signature's columns, an array or a dict.

        Missing strings are None in `rows`, and `missing_text` in the frame. Tensors, flat in
        `rows`, get the signature's shape; several of them are a dict by name.
        """
        if self.signature.tensor is not None:
            return _unflattened(rows, self.signature.tensor)
        if self.signature.tensors:
            return {one.name: _unflattened(rows, one) for one in self.signature.tensors}
        columns = {}
        for column in self.signature.columns:
            dtype = DTYPES.get(column.type, "object")
            values = np.asarray(rows[column.name])
            if dtype == "object":
                texts = [self.missing_text if value is None else value for value in values]
                values = np.array(texts, dtype=object)
            columns[column.name] = pd.Series(values, dtype=dtype)
        if self.one_text:
            return next(iter(columns.values()))
        return pd.DataFrame(columns)

    def answer(self, rows: Rows, outputs: list[Output]) -> Answers:
        """What the original answers for these rows, one entry an output.

        Raises:
            Refused: `original_fails` where the original itself raises on these rows.
        """
        from converters.sources import voices

        return voices.answer(self, rows, outputs)


def _unflattened(rows: Rows, tensor: Tensor) -> npt.NDArray[Any]:
    values = np.asarray(rows[tensor.name or TENSOR])
    dtype = np.dtype(tensor.dtype) if carried(tensor) != "object" else values.dtype
    return values.reshape(len(values), *tensor.shape[1:]).astype(dtype, copy=False)


def carried(tensor: Tensor) -> str:
    """The numpy dtype in which `Rows` hold a tensor: its own, or a wider one that holds it exactly.

    Raises:
        Refused: `column_type` for a dtype that no row holds.
    """
    return types.tensor(tensor.name or TENSOR, tensor.dtype).rows
