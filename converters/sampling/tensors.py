"""Rows of tensors: whole arrays at once, since an image has more cells than a table has columns.

A source whose model knows in which range an input lies (a token's number is below the size of the
vocabulary) tells it in an attribute `input_ranges` of its estimator: tensor name → (low, high).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from converters.contract import Request, Signature, Tensor
from converters.golden import Array, Rows
from converters.sources.loaded import TENSOR, Loaded, carried

# A single tensor this narrow is sampled feature by feature, as a table is.
WIDEST_TABLE = 512
MOST_EXAMPLES = 50
# No more cells than this in all rows together, but always as many rows as prove something.
MOST_CELLS = 20_000_000
FEWEST_ROWS = 128
WORDS = ("", "a", "b", "zebra", "Crossport", "\u00e9\u6f22 ", "0", "-1.5")
# For whole numbers of unknown meaning: flags, digits, bytes, then tokens of a vocabulary.
WHOLE_TOPS = (2, 2, 10, 100, 1000)


def suits(signature: Signature) -> bool:
    """Whether this signature's rows are better drawn tensor by tensor."""
    tensor = signature.tensor
    if tensor is None:
        return bool(signature.tensors)
    narrow = len(tensor.shape) == 2 and tensor.width <= WIDEST_TABLE
    own = np.dtype(tensor.dtype)
    return not narrow or own.kind in "OUS" or carried(tensor) != own.name


def draw(model: Loaded, request: Request) -> tuple[Rows, list[str]]:
    """Rows, each tensor flat [N, values a row], and why each row was drawn."""
    random = np.random.default_rng(request.seed)
    signature = model.signature
    tensors = signature.all_tensors
    width = max(1, sum(tensor.width for tensor in tensors))
    count = max(FEWEST_ROWS, min(request.rows, MOST_CELLS // width))
    ranges = getattr(model.estimator, "input_ranges", {})
    kinds = _kinds(count, any(np.dtype(one.dtype).kind == "f" for one in tensors))
    rows = {}
    for tensor in tensors:
        name = tensor.name or TENSOR
        # Drawn in the tensor's own dtype, kept in the one that rows have for it.
        rows[name] = _values(tensor, kinds, ranges.get(name), random).astype(carried(tensor))
    return _after_example(model, rows, kinds)


def resized(model: Loaded, shapes: Mapping[str, Sequence[int]]) -> Loaded:
    """The model with a signature of other lengths, and its example cut or repeated to them.

    shapes: tensor → the shape of one row.
    """
    old = {one.name or TENSOR: one for one in model.signature.all_tensors}
    new = {name: replace(one, shape=[-1, *shapes[name]]) for name, one in old.items()}
    signature = replace(
        model.signature,
        tensor=next(iter(new.values())) if model.signature.tensor is not None else None,
        tensors=list(new.values()) if model.signature.tensors else [],
    )
    example = model.example
    if example is not None and set(example) == set(new):
        example = {
            name: _wrapped(values.reshape(len(values), *old[name].shape[1:]), shapes[name])
            for name, values in example.items()
        }
    return replace(model, signature=signature, example=example)


def _wrapped(values: Array, shape: Sequence[int]) -> Array:
    """Rows of another shape, flat: cut, or with their beginning once more at the end."""
    for axis, length in enumerate(shape, 1):
        values = values.take(np.arange(length) % values.shape[axis], axis=axis)
    return values.reshape(len(values), -1)


def _kinds(count: int, real: bool) -> list[str]:
    special = ["zero", "one", "large", "large", *(["missing"] * 3 if real else [])]
    return [*special, *["random"] * count]


def _values(
    tensor: Tensor, kinds: list[str], told: tuple[float, float] | None, random: np.random.Generator
) -> Array:
    """[N, width] of one tensor, in its dtype (object for text)."""
    dtype, shape = np.dtype(tensor.dtype), (len(kinds), tensor.width)
    if dtype.kind in "OUS":
        return random.choice(np.array(WORDS, dtype=object), shape)
    if dtype.kind == "b":
        return np.asarray(random.random(shape) < 0.5)
    if dtype.kind in "iu":
        return _whole(dtype, shape, told, random)
    return _real(dtype, shape, kinds, told, random)


def _whole(
    dtype: np.dtype[Any],
    shape: tuple[int, int],
    told: tuple[float, float] | None,
    random: np.random.Generator,
) -> Array:
    if told is not None:
        return random.integers(int(told[0]), int(told[1]) + 1, shape).astype(dtype)
    most = np.iinfo(dtype).max
    tops = np.minimum(random.choice(np.array(WHOLE_TOPS), shape[0]), most)
    if dtype.itemsize == 1:  # pixels and quantised values use their whole range
        return random.integers(np.iinfo(dtype).min, most + 1, shape).astype(dtype)
    return random.integers(0, tops[:, None], shape).astype(dtype)


def _real(
    dtype: np.dtype[Any],
    shape: tuple[int, int],
    kinds: list[str],
    told: tuple[float, float] | None,
    random: np.random.Generator,
) -> Array:
    if told is not None:
        values = random.uniform(told[0], told[1], shape)
    else:
        values = random.standard_normal(shape)
        uniform = random.random(shape[0]) < 0.3
        values[uniform] = random.random((int(uniform.sum()), shape[1]))
        scale = random.choice([1.0, 1.0, 1.0, 10.0, 255.0], shape[0])
        values *= scale[:, None]
    for i, kind in enumerate(kinds):
        if kind == "zero":
            values[i] = 0.0
        elif kind == "one":
            values[i] = 1.0
        elif kind == "large":
            values[i] *= 1e4
        elif kind == "missing" and shape[1]:
            values[i, random.integers(0, shape[1])] = np.nan
        elif kind == "random":
            break
    return values.astype(dtype)


def _after_example(model: Loaded, rows: Rows, kinds: list[str]) -> tuple[Rows, list[str]]:
    """The example's rows first, where it has the same tensors."""
    example = model.example
    if example is None or set(example) != set(rows):
        return rows, kinds
    flat = {name: np.asarray(values)[:MOST_EXAMPLES] for name, values in example.items()}
    flat = {name: values.reshape(len(values), -1) for name, values in flat.items()}
    if any(flat[name].shape[1] != rows[name].shape[1] for name in rows):
        return rows, kinds
    joined = {name: np.concatenate([flat[name], rows[name]]) for name in rows}
    return joined, ["example"] * len(next(iter(flat.values()))) + kinds
