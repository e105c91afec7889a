"""Which files pre-flight reads, and what their findings make of the verdicts."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from converters import reading
from converters.preflight import Answer, Depth, preflight
from converters.reading import Told
from converters.static.finding import Finding

SIGNATURE = {"inputs": '[{"name": "a", "type": "double", "required": true}]'}


def mlmodel(flavor: str, **config: Any) -> dict[str, Any]:
    return {"flavors": {flavor: config, "python_function": {}}, "signature": SIGNATURE}


@pytest.mark.parametrize(
    ("flavor", "config", "is_read", "is_not"),
    [
        ("sklearn", {"pickled_model": "model.pkl"}, ["model.pkl"], ["data.csv", "model.pkl.bak"]),
        ("onnx", {"data": "model.onnx"}, ["model.onnx"], ["model.onnx.data"]),
        ("xgboost", {"data": "./model.ubj"}, ["model.ubj"], ["model.json"]),
        ("keras", {"data": "data"}, ["data/model.keras"], ["data/variables/variables.index"]),
        (
            "spark",
            {"model_data": "sparkml"},
            ["sparkml/metadata/part-00000", "sparkml/stages/0_a/metadata/part-00000"],
            ["sparkml/stages/0_a/data/part-00000.parquet"],
        ),
        ("h2o", {"data": "model.h2o"}, ["model.h2o/GLM_1"], ["model.h2o/h2o.yaml"]),
        (
            "pytorch",
            {"model_data": "data", "code": "code"},
            ["data/model.pth", "code/net.py", "extra_files/net.py"],
            ["metadata/input.json"],
        ),
        ("pytorch", {}, ["data/state_dict.pth"], ["conda.yaml"]),
        ("sklearn", {"pickled_model": "../../etc/passwd"}, [], ["../../etc/passwd", "etc/passwd"]),
        ("sklearn", {"pickled_model": ["model.pkl"]}, [], ["model.pkl"]),
    ],
)
def test_what_a_flavors_reader_looks_at_is_wanted_and_nothing_else(
    flavor: str, config: dict[str, Any], is_read: list[str], is_not: list[str]
):
    document = mlmodel(flavor, **config)
    if flavor == "pytorch":
        document["saved_input_example_info"] = {}
    wanted = reading.wanted(document)
    assert wanted is not None
    assert all(map(wanted, ["MLmodel", *is_read]))
    assert not any(map(wanted, is_not))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"flavors": {"fastai": {"data": "model.fastai"}}},
        {"flavors": {"sklearn": "model.pkl"}, "signature": SIGNATURE},
        mlmodel("sklearn", pickled_model="m") | {"signature": {"inputs": "["}},
    ],
)
def test_nothing_is_wanted_where_no_file_can_tell_more(document: dict[str, Any]):
    assert reading.wanted(document) is None


def test_findings_make_verdicts_worse_and_never_better():
    document = mlmodel("sklearn", pickled_model="model.pkl")
    known = {row.target: row for row in preflight(document)}
    told = (
        Finding("maybe", "It may.", caveat=True),
        Finding("no", "It does not.", "pmml"),
        Finding("no", "It does not.", "mojo"),
    )
    found = {row.target: row for row in reading.verdicts(document, Told(Depth.FILES, told))}
    assert (found["onnx"].answer, found["onnx"].code) == (Answer.CAVEAT, "maybe")
    assert (found["pmml"].answer, found["pmml"].code) == (Answer.CANNOT, "no")
    assert (found["mojo"].answer, found["mojo"].code) == (Answer.CANNOT, known["mojo"].code)
    assert {row.depth for row in found.values()} == {Depth.FILES}


def test_what_only_mlmodel_tells_is_not_called_a_reading_of_files():
    document = mlmodel("sklearn", pickled_model="model.pkl")
    assert reading.verdicts(document, Told(Depth.MLMODEL, (Finding("no", "No."),))) == preflight(
        document
    )


def test_the_digest_covers_every_module_that_the_readers_go_by():
    covered = {path for name in reading.SOURCES for path in reading.HERE.glob(name)}
    named: set[Path] = set()
    for path in reading.HERE.glob("static/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("converters"):
                for name in node.names:
                    named |= set(_files(f"{node.module}.{name.name}") or _files(str(node.module)))
    missing = named - covered - {reading.HERE / "errors.py"}
    assert not missing


def _files(module: str) -> list[Path]:
    path = reading.HERE.parent.joinpath(*module.split("."))
    return [one for one in (path.with_suffix(".py"), path / "__init__.py") if one.is_file()]
