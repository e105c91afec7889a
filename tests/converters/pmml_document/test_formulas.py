"""Graphs of ours as PMML: JPMML answers as ONNX Runtime does, odd numbers and texts too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from converters.contract import Input, Output, OutputKind
from converters.errors import Refused
from converters.onnx_graph.graph import ML, Graph, Value
from converters.pmml_document import compile as compiler
from converters.pmml_document.cells import TYPES
from converters.pmml_document.compile import Program
from converters.pmml_document.document import DataField, OutputField, written
from converters.targets import pmml

ODD = [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -2.5, 3.0, 1e-300, 5e-324, 1e300, -1e300, 1e9 + 0.5]
WIDTH = 4


def rows(count: int = 400, *, missing: bool = False, odd: bool = True) -> Any:
    random = np.random.default_rng(8)
    values = random.normal(size=(count, WIDTH)) * 3
    if odd:
        values = np.where(
            random.random(values.shape) < 0.4, random.choice(ODD, values.shape), values
        )
    return np.where(random.random(values.shape) < 0.2, np.nan, values) if missing else values


def both(tmp_path: Path, build: Callable[[Graph, Value], Value], table: Any) -> tuple[Any, Any]:
    """What ONNX Runtime and JPMML answer for the same graph: [N, width] each."""
    graph = Graph()
    value = build(graph, graph.input("X", "float64", WIDTH))
    session = onnxruntime.InferenceSession(graph.build([("y", value)]).SerializeToString())
    (wanted,) = session.run(["y"], {"X": table})
    graph = Graph()
    given = graph.input("X", "float64", WIDTH)
    value = build(graph, given)
    program = Program()
    names = [f"x {place + 1}" for place in range(WIDTH)]
    row = np.empty((1, WIDTH), dtype=object)
    row[0] = [program.cells.field(name, "double", nullable=True) for name in names]
    compiler.compiled(graph, {"X": row}, program)
    cells = compiler.of(program, value)
    output = Output("y", OutputKind.VALUES, value.dtype, len(cells))
    fields = [DataField(name, "double") for name in names]
    told = [
        OutputField(f"y_{place + 1}", cell, TYPES[value.dtype]) for place, cell in enumerate(cells)
    ]
    path = tmp_path / "m.pmml"
    path.write_text(written(fields, told, program), encoding="utf-8")
    inputs = [Input(name, "float64", [name]) for name in names]
    scored = pmml.open(path).score(dict(zip(names, table.T, strict=True)), inputs, [output])
    return np.asarray(wanted).reshape(len(table), -1), scored["y"]


def square(graph: Graph, value: Value) -> Value:
    return graph.binary("Mul", value, value)


def steps(graph: Graph, value: Value) -> Value:
    above = graph.compare("Greater", value, np.array([[0.0, 1.0, -1.0, 2.5]]))
    equal = graph.compare("Equal", value, np.array([[0.0, 1.0, 2.5, 3.0]]))
    return graph.cast(graph.op("Or", [above, equal], "bool", WIDTH), "float64")


def filled(graph: Graph, value: Value) -> Value:
    missing = graph.op("IsNaN", [value], "bool", WIDTH)
    return graph.where(missing, graph.const(np.full((1, 1), 7.0)), value, value)


def chosen(graph: Graph, value: Value) -> Value:
    index = graph.op("ArgMax", [filled(graph, value)], "int64", 0, axis=1, keepdims=0)
    table = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
    return graph.op("Gather", [graph.const(table), index], "float64", 2, axis=0)


def nearest(graph: Graph, value: Value) -> Value:
    amount = graph.const([2], "int64")
    kinds = [("float64", 2), ("int64", 2)]
    found, places = graph.ops("TopK", [value, amount], kinds, axis=1, largest=0, sorted=1)
    return graph.concat([found, graph.cast(places, "float64")])


def rounded(graph: Graph, value: Value) -> Value:
    narrow = graph.cast(value, "float32")
    return graph.cast(graph.binary("Add", narrow, np.full((1, 1), 0.1)), "float64")


BUILDS: dict[str, Callable[[Graph, Value], Value]] = {
    "sum of products": lambda g, v: g.matmul(v, np.arange(8.0).reshape(4, 2) / 3),
    "one minus": lambda g, v: g.op("Sub", [g.const(np.ones((1, 1))), v], "float64", WIDTH),
    "quotient": lambda g, v: g.binary("Div", v, np.full((1, 1), 3.0)),
    "squares": square,
    "comparisons": steps,
    "sum of squares": lambda g, v: g.op(
        "ReduceSumSquare", [v, g.const([1], "int64")], "float64", 1, keepdims=1
    ),
    "absolute": lambda g, v: g.unary("Abs", v),
    "floor": lambda g, v: g.unary("Floor", v),
    "whole": lambda g, v: g.cast(g.cast(g.unary("Tanh", v), "int64"), "float64"),
    "sign": lambda g, v: g.unary("Sign", v),
    "largest": lambda g, v: g.reduce("ReduceMax", v),
    "float32": rounded,
    "places": chosen,
    "nearest": nearest,
}
GENTLE: dict[str, Callable[[Graph, Value], Value]] = {
    "softmax": lambda g, v: g.unary("Softmax", v, axis=1),
    "logsoftmax": lambda g, v: g.unary("LogSoftmax", v, axis=1),
    "sigmoid": lambda g, v: g.sigmoid(v),
    "exp": lambda g, v: g.unary("Exp", v),
    "tanh": lambda g, v: g.unary("Tanh", v),
    "cos": lambda g, v: g.unary("Cos", v),
    "sin": lambda g, v: g.unary("Sin", v),
}


@pytest.mark.parametrize("name", BUILDS)
def test_odd_numbers_give_the_same(tmp_path: Path, name: str):
    wanted, got = both(tmp_path, BUILDS[name], rows())
    np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", GENTLE)
def test_functions_give_the_same(tmp_path: Path, name: str):
    wanted, got = both(tmp_path, GENTLE[name], rows(odd=False))
    np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-300)


@pytest.mark.parametrize("name", ["one minus", "squares", "comparisons", "absolute", "float32"])
def test_missing_numbers_are_nan(tmp_path: Path, name: str):
    wanted, got = both(tmp_path, BUILDS[name], rows(missing=True))
    assert np.isnan(wanted).any() or name == "comparisons"
    np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=0)


@pytest.mark.parametrize("width", [2, 3, 4])
def test_the_first_nan_is_the_largest_as_numpy_has_it(tmp_path: Path, width: int):
    def build(graph: Graph, value: Value) -> Value:
        some = graph.take(value, range(width))
        index = graph.op("ArgMax", [some], "int64", 0, axis=1, keepdims=0)
        return graph.cast(index, "float64")

    table = rows(missing=True)
    _, got = both(tmp_path, build, table)
    np.testing.assert_array_equal(np.ravel(got), table[:, :width].argmax(axis=1))


def test_missing_numbers_are_replaced(tmp_path: Path):
    wanted, got = both(tmp_path, filled, rows(missing=True))
    np.testing.assert_array_equal(got, wanted)


def test_what_no_formula_expresses_is_refused(tmp_path: Path):
    with pytest.raises(Refused, match="Softsign") as refusal:
        both(tmp_path, lambda g, v: g.unary("Softsign", v), rows(5))
    assert refusal.value.code == "not_in_pmml"


def test_formulas_without_end_are_refused(tmp_path: Path):
    random = np.random.default_rng(0)
    wide, square = random.normal(size=(4, 500)), random.normal(size=(500, 500))

    def build(graph: Graph, value: Value) -> Value:
        return graph.matmul(graph.matmul(value, wide), square)

    with pytest.raises(Refused) as refusal:
        both(tmp_path, build, rows(5))
    assert refusal.value.code == "pmml_size"


@pytest.mark.parametrize("words", [["a", " a", "a\nb", "ä<&\"'>", "a  b"], ["a", "\r", "\t"]])
def test_texts_are_told_apart_to_the_blank(tmp_path: Path, words: list[str]):
    graph = Graph()
    value = graph.input("t", "string", 1)
    numbers = [float(place) for place in range(len(words))]
    found = graph.op(
        "LabelEncoder",
        [value],
        "float64",
        1,
        domain=ML,
        keys_strings=[*words, ""],
        values_floats=[*numbers, 50.0],
        default_float=-1.0,
    )
    program = Program()
    cell = program.cells.field("the text", "string", nullable=True)
    compiler.compiled(graph, {"t": np.array([[cell]], dtype=object)}, program)
    (answer,) = compiler.of(program, found)
    path = tmp_path / "m.pmml"
    field = DataField("the text", "string")
    path.write_text(written([field], [OutputField("y", answer, "double")], program), "utf-8")
    asked = [*words, None, "", "b", "A", "a "]
    scored = pmml.open(path).score(
        {"the text": np.array(asked, dtype=object)},
        [Input("the text", "string", ["the text"])],
        [Output("y", OutputKind.VALUES, "float64")],
    )
    assert scored["y"].tolist() == [*numbers, 50.0, -1.0, -1.0, -1.0, -1.0]


def test_a_control_character_is_refused_by_name():
    program = Program()
    cell = program.cells.field("a\x07b", "double", nullable=True)
    with pytest.raises(Refused, match="control character") as refusal:
        written([DataField("a\x07b", "double")], [OutputField("y", cell, "double")], program)
    assert refusal.value.code == "pmml_text"
