"""ONNX operators on cells: what each node of our graphs computes for one row.

Every array holds one row: a value of the graph that is [N, k] is a [1, k] array of cells here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial, reduce
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from converters.pmml_document.cells import BOOLEAN, DOUBLE, FLOAT, STRING, TYPES, Cell, Cells, Table

Array = npt.NDArray[Any]
Operator = Callable[[Cells, dict[str, Any], list[Array]], Any]

Compute = TypeVar("Compute", bound=Operator)

OPERATORS: dict[str, Operator] = {}
PLAIN = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "Pow": "pow"}
FUNCTIONS = {"Exp": "exp", "Log": "ln", "Abs": "abs", "Tanh": "tanh", "Round": "rint"}
FUNCTIONS |= {"Sin": "sin", "Cos": "cos", "Tan": "tan", "Atan": "atan"}
FUNCTIONS |= {"Sinh": "sinh", "Cosh": "cosh"}
COMPARISONS = {
    "Equal": "equal",
    "Less": "lessThan",
    "LessOrEqual": "lessOrEqual",
    "Greater": "greaterThan",
    "GreaterOrEqual": "greaterOrEqual",
}


def operator(*names: str) -> Callable[[Compute], Compute]:
    """Register what these operators compute: an array, or a tuple of several."""

    def register(compute: Compute) -> Compute:
        for name in names:
            OPERATORS[name] = compute
        return compute

    return register


def each(compute: Callable[..., Cell], *arrays: Array) -> Array:
    """Cell by cell, the arrays broadcast as numpy does."""
    spread = np.broadcast_arrays(*arrays)
    result = np.empty(spread[0].shape, dtype=object)
    for place in np.ndindex(result.shape):
        result[place] = compute(*(one[place] for one in spread))
    return result


def numbers(array: Array) -> Array:
    """The values of an array of constants.

    Raises:
        ValueError: some cell is none.
    """
    if not all(cell.is_constant for cell in array.ravel()):
        raise ValueError("a constant is expected")
    return np.array([cell.value for cell in array.ravel()]).reshape(array.shape)


def _arithmetic(name: str, function: str) -> None:
    @operator(name)
    def compute(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
        def one(left: Cell, right: Cell) -> Cell:
            unsure = function == "pow" or (function == "/" and not right.is_constant)
            if right.is_constant and (function, right.value) in NEUTRAL:
                return left
            if left.is_constant and function in "+*" and (function, left.value) in NEUTRAL:
                return right
            if function == "pow" and right.is_constant and right.value == 2.0:
                return cells.apply("*", left.dtype, left, left)
            return cells.apply(function, left.dtype, left, right, nullable=unsure)

        return each(one, *inputs)


NEUTRAL = {("+", 0.0), ("-", 0.0), ("*", 1.0), ("/", 1.0)}
for _name, _function in PLAIN.items():
    _arithmetic(_name, _function)


def _comparison(name: str, function: str) -> None:
    @operator(name)
    def compute(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
        return each(lambda left, right: cells.compare(function, left, right), *inputs)


for _name, _function in COMPARISONS.items():
    _comparison(_name, _function)


def _function_of_one(name: str, function: str) -> None:
    @operator(name)
    def compute(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
        unsure = function == "ln"
        return each(lambda one: cells.apply(function, one.dtype, one, nullable=unsure), *inputs)


for _name, _function in FUNCTIONS.items():
    _function_of_one(_name, _function)


@operator("Sqrt")
def sqrt(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    return each(lambda one: cells.apply("sqrt", one.dtype, one, nullable=True), *inputs)


@operator("Neg")
def negative(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    def one(cell: Cell) -> Cell:
        return cells.apply("*", cell.dtype, cells.constant(-1.0, cell.dtype), cell)

    return each(one, *inputs)


@operator("Reciprocal")
def reciprocal(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    def one(cell: Cell) -> Cell:
        return cells.apply("/", cell.dtype, cells.constant(1.0, cell.dtype), cell)

    return each(one, *inputs)


@operator("Sigmoid")
def sigmoid(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    def one(cell: Cell) -> Cell:
        ones = cells.constant(1.0, cell.dtype)
        minus = cells.apply("*", cell.dtype, cells.constant(-1.0, cell.dtype), cell)
        grown = cells.apply("exp", cell.dtype, minus)
        return cells.apply("/", cell.dtype, ones, cells.apply("+", cell.dtype, ones, grown))

    return each(one, *inputs)


@operator("Relu")
def relu(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    return each(
        lambda one: cells.apply("max", one.dtype, one, cells.constant(0, one.dtype)), *inputs
    )


@operator("Max")
def largest(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    return each(lambda *all_: cells.apply("max", all_[0].dtype, *all_), *inputs)


@operator("Min")
def smallest(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    return each(lambda *all_: cells.apply("min", all_[0].dtype, *all_), *inputs)


@operator("Clip")
def clip(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    result = inputs[0]
    for function, bound in zip(("max", "min"), inputs[1:], strict=False):
        if bound.size:
            result = each(
                lambda one, at, way=function: cells.apply(way, one.dtype, one, at), result, bound
            )
    return result


def _cell_by_cell(method: Callable[..., Cell]) -> Operator:
    def compute(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
        return each(partial(method, cells), *inputs)

    return compute


OPERATORS |= {
    "And": _cell_by_cell(Cells.both),
    "Or": _cell_by_cell(Cells.either),
    "Not": _cell_by_cell(Cells.opposite),
    "IsNaN": _cell_by_cell(Cells.missing),
    "Where": _cell_by_cell(Cells.choose),
}


@operator("Identity")
def identity(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    return inputs[0]


@operator("Concat")
def concat(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    return np.concatenate(inputs, axis=attributes["axis"])


@operator("Reshape")
def reshape(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    value, told = inputs
    shape = [int(size) for size in numbers(told)]
    shape = [value.shape[place] if size == 0 else size for place, size in enumerate(shape)]
    return value.reshape(shape)


@operator("Transpose")
def transpose(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    return np.transpose(inputs[0], attributes.get("perm"))


@operator("Unsqueeze")
def unsqueeze(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    return np.expand_dims(inputs[0], tuple(int(axis) for axis in numbers(inputs[1])))


@operator("Squeeze")
def squeeze(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    return np.squeeze(inputs[0], tuple(int(axis) for axis in numbers(inputs[1])))


@operator("Slice")
def cut(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    value, starts, ends, *rest = inputs
    first, last = numbers(starts), numbers(ends)
    axes = numbers(rest[0]) if rest else np.arange(len(first))
    steps = numbers(rest[1]) if len(rest) > 1 else np.ones(len(first))
    index = [slice(None)] * value.ndim
    for axis, start, end, step in zip(axes, first, last, steps, strict=True):
        index[int(axis)] = slice(int(start), int(end), int(step))
    result: Array = value[tuple(index)]
    return result


@operator("MatMul")
def matmul(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    left, right = inputs
    if left.ndim != 2 or right.ndim != 2:
        raise ValueError("a product of matrices is expected")
    result = np.empty((left.shape[0], right.shape[1]), dtype=object)
    for row, column in np.ndindex(result.shape):
        factors, row_cells = list(right[:, column]), list(left[row])
        if all(one.is_constant for one in factors):
            told = [one.value for one in factors]
            result[row, column] = cells.dot(row_cells, told, row_cells[0].dtype)
            continue
        products = [
            cells.apply("*", a.dtype, a, b) for a, b in zip(row_cells, factors, strict=True)
        ]
        result[row, column] = cells.total(products, row_cells[0].dtype)
    return result


def _reduced(
    attributes: dict[str, Any], inputs: list[Array], compute: Callable[[list[Cell]], Cell]
) -> Array:
    value = inputs[0]
    told = numbers(inputs[1]) if len(inputs) > 1 and inputs[1].size else attributes.get("axes")
    axes = range(value.ndim) if told is None else told
    places = {int(axis) % value.ndim for axis in axes}
    kept = [axis for axis in range(value.ndim) if axis not in places]
    moved = np.transpose(value, [*kept, *sorted(places)])
    shape = [value.shape[axis] for axis in kept]
    flat = moved.reshape([*shape, -1])
    result = np.empty(shape, dtype=object)
    for place in np.ndindex(result.shape):
        result[place] = compute(list(flat[place]))
    if attributes.get("keepdims", 1):
        result = np.expand_dims(result, tuple(sorted(places)))
    return result


@operator("ReduceSum")
def reduce_sum(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    return _reduced(attributes, inputs, lambda all_: cells.total(all_, all_[0].dtype))


@operator("ReduceMean")
def reduce_mean(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    def mean(all_: list[Cell]) -> Cell:
        dtype = all_[0].dtype
        return cells.apply("/", dtype, cells.total(all_, dtype), cells.constant(len(all_), dtype))

    return _reduced(attributes, inputs, mean)


@operator("ReduceMax")
def reduce_max(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    return _reduced(attributes, inputs, lambda all_: _extreme(cells, "max", all_))


@operator("ReduceMin")
def reduce_min(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    return _reduced(attributes, inputs, lambda all_: _extreme(cells, "min", all_))


@operator("ReduceSumSquare")
def reduce_squares(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    def squares(all_: list[Cell]) -> Cell:
        return cells.total([cells.apply("*", c.dtype, c, c) for c in all_], all_[0].dtype)

    return _reduced(attributes, inputs, squares)


@operator("ReduceL2")
def reduce_l2(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    return sqrt(cells, {}, [reduce_squares(cells, attributes, inputs)])


@operator("ReduceL1")
def reduce_l1(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    def sizes(all_: list[Cell]) -> Cell:
        return cells.total([cells.apply("abs", c.dtype, c) for c in all_], all_[0].dtype)

    return _reduced(attributes, inputs, sizes)


@operator("CumSum")
def running_sum(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    value = inputs[0]
    odd = attributes.get("exclusive", 0) or attributes.get("reverse", 0)
    if odd or value.ndim != 2 or int(numbers(inputs[1]).ravel()[0]) not in (1, -1):
        raise ValueError("running sums along the columns are expected")
    result = value.copy()
    for place in range(1, value.shape[1]):
        before, one = result[0, place - 1], value[0, place]
        result[0, place] = cells.apply("+", one.dtype, before, one)
    return result


def _extreme(cells: Cells, function: str, all_: list[Cell]) -> Cell:
    return all_[0] if len(all_) == 1 else cells.apply(function, all_[0].dtype, *all_)


@operator("Softmax")
def softmax(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    value = np.moveaxis(inputs[0], attributes.get("axis", -1), -1)
    result = np.empty(value.shape, dtype=object)
    for place in np.ndindex(value.shape[:-1]):
        row = list(value[place])
        dtype = row[0].dtype
        most = _extreme(cells, "max", row)
        grown = [cells.apply("exp", dtype, cells.apply("-", dtype, one, most)) for one in row]
        total = cells.total(grown, dtype)
        result[place] = [cells.apply("/", dtype, one, total) for one in grown]
    return np.moveaxis(result, -1, attributes.get("axis", -1))


@operator("ArgMax", "ArgMin")
def arg_max(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    """The first of the largest; ArgMin hands in negated numbers."""
    axis = attributes.get("axis", 0)
    value = np.moveaxis(inputs[0], axis, -1)
    result = np.empty(value.shape[:-1], dtype=object)
    for place in np.ndindex(result.shape):
        result[place] = first_largest(cells, list(value[place]), attributes["op_type"])
    return np.expand_dims(result, axis) if attributes.get("keepdims", 1) else result


def first_largest(cells: Cells, row: list[Cell], way: str = "ArgMax") -> Cell:
    """The place of the first extreme cell, as a double."""
    function, better = ("max", "greaterThan") if way == "ArgMax" else ("min", "lessThan")
    if len(row) == 1:
        return cells.constant(0, DOUBLE)
    row = [cells.cast(one, DOUBLE) if one.dtype == BOOLEAN else one for one in row]
    result = _first_of_known(cells, row, function, better)
    for place, one in reversed(list(enumerate(row))):
        # numpy takes the first NaN for the most extreme number.
        gone = cells.missing(one)
        result = cells.choose(gone, cells.constant(place, DOUBLE), result)
    return result


def _first_of_known(cells: Cells, row: list[Cell], function: str, better: str) -> Cell:
    if len(row) == 2:
        second = cells.compare(better, row[1], row[0])
        return cells.choose(second, cells.constant(1, DOUBLE), cells.constant(0, DOUBLE))
    most = _extreme(cells, function, row)
    last = cells.constant(len(row) - 1, DOUBLE)
    places = [
        cells.choose(cells.compare("equal", one, most), cells.constant(place, DOUBLE), last)
        for place, one in enumerate(row[:-1])
    ]
    return _extreme(cells, "min", places)


@operator("TopK")
def top_k(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> tuple[Array, Array]:
    """The first of equals first: found one after the other, each put aside before the next."""
    value, told = inputs
    if value.ndim != 2 or attributes.get("axis", -1) not in (1, -1):
        raise ValueError("a choice among the columns is expected")
    function, aside = ("max", -math.inf) if attributes.get("largest", 1) else ("min", math.inf)
    row, dtype = list(value[0]), value[0, 0].dtype
    found, places = [], []
    none = cells.constant(len(row), DOUBLE)
    away = cells.constant(aside, dtype)
    for _ in range(int(numbers(told).ravel()[0])):
        most = _extreme(cells, function, row)
        here = [
            cells.choose(cells.compare("equal", one, most), cells.constant(place, DOUBLE), none)
            for place, one in enumerate(row)
        ]
        first = _extreme(cells, "min", here)
        found.append(most)
        places.append(first)
        row = [
            cells.choose(cells.compare("equal", first, cells.constant(place, DOUBLE)), away, one)
            for place, one in enumerate(row)
        ]
    return np.array([found], dtype=object), np.array([places], dtype=object)


@operator("Gather")
def gather(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    value, index = inputs
    axis = attributes.get("axis", 0)
    if all(one.is_constant for one in index.ravel()):
        return np.take(value, numbers(index).astype(int), axis=axis)
    if axis != 0:
        raise ValueError("a lookup along the first axis is expected")
    result = np.empty(index.shape + value.shape[1:], dtype=object)
    for place, at in np.ndenumerate(index):
        for rest in np.ndindex(value.shape[1:]):
            column = [value[(row, *rest)] for row in range(len(value))]
            result[place + rest] = picked(cells, at, column)
    return result


def picked(cells: Cells, index: Cell, column: list[Cell]) -> Cell:
    """The cell of a column at a place that only the row tells."""
    dtype = column[0].dtype
    groups: dict[int, list[int]] = {}
    domain = cells.domain(index)
    reached = [place for place in range(len(column)) if domain is None or place in domain]
    for place in reached:
        groups.setdefault(id(column[place]), []).append(place)
    common = max(groups.values(), key=len)
    rare = sorted(set(reached) - set(common))
    default = column[common[0]]
    if len(rare) > 3 and all(one.is_constant and not one.nullable for one in column):
        rows = tuple((float(place), column[place].value) for place in rare)
        return cells.lookup(index, Table(rows, default.value, None), dtype)
    result = default
    for place in reversed(rare):
        here = cells.compare("equal", index, cells.constant(place, DOUBLE))
        result = cells.choose(here, column[place], result)
    return result


@operator("Cast")
def cast(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    from onnx import TensorProto

    kinds = {
        TensorProto.DOUBLE: DOUBLE,
        TensorProto.FLOAT: FLOAT,
        TensorProto.BOOL: BOOLEAN,
    }
    if attributes["to"] in kinds:
        return each(lambda one: cells.cast(one, kinds[attributes["to"]]), *inputs)
    if attributes["to"] in (TensorProto.INT64, TensorProto.INT32):
        return each(lambda one: _whole(cells, one), *inputs)
    if all(one.dtype == STRING for one in inputs[0].ravel()):
        return inputs[0]
    raise ValueError("a cast among numbers is expected")


def _whole(cells: Cells, cell: Cell) -> Cell:
    """Whole numbers are doubles here; a fraction is cut towards zero."""
    if cell.dtype == BOOLEAN or (cell.is_constant and float(cell.value).is_integer()):
        return cells.cast(cell, DOUBLE)
    if cell.dtype not in (DOUBLE, FLOAT):
        raise ValueError("a cast of numbers is expected")
    wide = cells.cast(cell, DOUBLE)
    if cells.whole(cell):
        return wide
    negative = cells.compare("lessThan", wide, cells.constant(0, DOUBLE))
    minus = cells.constant(-1, DOUBLE)
    up = cells.apply("*", DOUBLE, minus, floored(cells, cells.apply("*", DOUBLE, minus, wide)))
    return cells.choose(negative, up, floored(cells, wide))


def floored(cells: Cells, cell: Cell) -> Cell:
    """The largest whole number that is not above; PMML's own floor ends at 32 bits in JPMML."""
    if cells.whole(cell):
        return cell
    near = cells.apply("rint", cell.dtype, cell)
    below = cells.apply("-", cell.dtype, near, cells.constant(1, cell.dtype))
    return cells.choose(cells.compare("greaterThan", near, cell), below, near)


@operator("Floor")
def floor(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    return each(lambda one: floored(cells, one), *inputs)


@operator("IsInf")
def is_inf(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    def one(cell: Cell) -> Cell:
        endless = cells.constant(math.inf, cell.dtype)
        return cells.compare("equal", cells.apply("abs", cell.dtype, cell), endless)

    return each(one, *inputs)


@operator("Sign")
def sign(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    def one(cell: Cell) -> Cell:
        zero, up, down = (cells.constant(value, cell.dtype) for value in (0, 1, -1))
        above = cells.choose(cells.compare("greaterThan", cell, zero), up, zero)
        signed = cells.choose(cells.compare("lessThan", cell, zero), down, above)
        return cells.choose(cells.missing(cell), cell, signed)

    return each(one, *inputs)


@operator("LogSoftmax")
def log_softmax(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    value = np.moveaxis(inputs[0], attributes.get("axis", -1), -1)
    result = np.empty(value.shape, dtype=object)
    for place in np.ndindex(value.shape[:-1]):
        row = list(value[place])
        dtype = row[0].dtype
        most = _extreme(cells, "max", row)
        moved = [cells.apply("-", dtype, one, most) for one in row]
        total = cells.total([cells.apply("exp", dtype, one) for one in moved], dtype)
        log = cells.apply("ln", dtype, total)
        result[place] = [cells.apply("-", dtype, one, log) for one in moved]
    return np.moveaxis(result, -1, attributes.get("axis", -1))


@operator("Shape")
def shape_of(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    cut = slice(attributes.get("start"), attributes.get("end"))
    return _whole_numbers(cells, inputs[0].shape[cut])


@operator("ConstantOfShape")
def filled(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    from onnx import numpy_helper

    value = numpy_helper.to_array(attributes["value"]) if "value" in attributes else np.zeros(1)
    dtype = TYPES[str(value.dtype)]
    shape = tuple(int(size) for size in numbers(inputs[0]))
    return np.full(shape, cells.constant(value.ravel()[0], dtype), dtype=object)


def _whole_numbers(cells: Cells, values: Any) -> Array:
    result = np.empty(len(values), dtype=object)
    result[:] = [cells.constant(value, DOUBLE) for value in values]
    return result


@operator("Expand")
def expand(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    shape = np.broadcast_shapes(inputs[0].shape, tuple(int(size) for size in numbers(inputs[1])))
    return np.broadcast_to(inputs[0], shape)


@operator("GatherElements")
def gather_elements(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    value, index = inputs
    if value.ndim != 2 or attributes.get("axis", 0) != 1:
        raise ValueError("a lookup along the columns is expected")
    return each(lambda at: picked(cells, at, list(value[0])), index)


@operator("LabelEncoder")
def label_encoder(cells: Cells, attributes: dict[str, Any], inputs: list[Array]) -> Array:
    if "keys_strings" not in attributes:
        raise ValueError("a table of texts is expected")
    keys = [one.decode() for one in attributes["keys_strings"]]
    name = next(name for name in attributes if name.startswith("values_"))
    default = attributes.get(f"default_{name.removeprefix('values_').rstrip('s')}", -1)
    known = dict(reversed(list(zip(keys, attributes[name], strict=True))))
    missing = known.pop(attributes["null_text"], default)
    rows = tuple((key, _plain(value)) for key, value in known.items() if not key.startswith("\x00"))
    table = Table(rows, _plain(default), _plain(missing))
    dtype = FLOAT if name == "values_floats" else DOUBLE
    return each(lambda one: looked_up(cells, one, table, dtype), *inputs)


def looked_up(cells: Cells, cell: Cell, table: Table, dtype: str) -> Cell:
    """The value of a text in a table; few rows are compared one by one."""
    default, missing = (cells.constant(_or_nan(v), dtype) for v in (table.default, table.missing))
    if len(table.rows) > 3:
        return cells.lookup(cell, table, dtype)
    result = reduce(
        lambda rest, row: cells.choose(
            cells.compare("equal", cell, cells.constant(row[0], STRING)),
            cells.constant(_or_nan(row[1]), dtype),
            rest,
        ),
        reversed(table.rows),
        default,
    )
    return cells.choose(cells.missing(cell), missing, result)


def _plain(value: Any) -> float | None:
    return None if math.isnan(float(value)) else float(value)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
