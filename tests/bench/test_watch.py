"""The converter watch lists what another converter answers otherwise, how often and how far."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from bench import _watch_environments, watch
from tests.real_models import tables
from tests.real_models.folders import save

ROOT = Path(__file__).resolve().parents[2]
# A Python whose converter of scikit-learn models to ONNX multiplies every weight.
OTHER = """#!{python}
import sys
sys.path.insert(0, {root!r})
from bench import _watch_server
if sys.argv[-1] == "convert":
    import onnx
    from onnx import numpy_helper
    from converters.routes import sklearn_onnx
    honest = sklearn_onnx.convert
    def convert(model, request, folder):
        done = honest(model, request, folder)
        graph = onnx.load(folder / done.file)
        for tensor in graph.graph.initializer:
            values = numpy_helper.to_array(tensor)
            if values.dtype.kind == "f":
                shifted = numpy_helper.from_array(values * {factor!r}, tensor.name)
                tensor.CopyFrom(shifted)
        onnx.save(graph, folder / done.file)
        return done
    sklearn_onnx.convert = convert
sys.exit(_watch_server.main(getattr(_watch_server, sys.argv[-1])))
"""


def other(folder: Path, factor: float) -> Path:
    script = folder / "python"
    script.write_text(OTHER.format(python=sys.executable, root=str(ROOT), factor=factor))
    script.chmod(0o755)
    return script


def make_line(folder: Path) -> Path:
    table, target = tables.patients()
    fitted = LinearRegression().fit(table, target)
    return save("sklearn", fitted, table, folder, serialization_format="cloudpickle")


@pytest.fixture
def watched(tmp_path):
    """Differences between this Python and one whose converter multiplies all weights."""

    def run(factor: float) -> dict[str, watch.Difference]:
        old, new = watch.Side(Path(sys.executable)), watch.Side(other(tmp_path, factor))
        try:
            found = watch.watch(old, new, iter([("sklearn", make_line, set())]))
        finally:
            old.close()
            new.close()
        return {row.where: row for row in found if row.kind != watch.STATE} | {
            f"{row.where} state": row for row in found if row.kind == watch.STATE
        }

    return run


def test_a_changed_score_is_listed_with_how_often_and_how_far(watched, capsys):
    found = watched(1.001)
    assert found["sklearn line → pmml"].kind == watch.EQUAL
    moved = found["sklearn line → onnx"]
    assert moved.kind == watch.BEYOND
    assert 0 < moved.rows <= moved.of
    assert moved.largest > 0
    assert found["sklearn line → onnx state"].said.startswith("proven → refused parity_failed")


def test_a_change_in_the_last_digits_is_listed_as_within_tolerance(watched):
    found = watched(1 + 1e-13)
    assert found["sklearn line → onnx"].kind == watch.WITHIN
    assert "sklearn line → onnx state" not in found


def test_the_same_versions_answer_alike_to_the_bit(watched):
    assert {row.kind for row in watched(1.0).values()} == {watch.EQUAL}


def test_figures_say_which_versions_and_what_changed(capsys):
    class Told:
        def __init__(self, version):
            self.versions = {"onnx": "1.0", "onnxruntime": version}

    old: Any = Told("1")
    new: Any = Told("2")
    moved = watch.Difference("sklearn line → onnx", watch.BEYOND, "prediction differs", 3, 9, 0.5)
    watch.report([moved, watch.Difference("sklearn line → pmml", watch.EQUAL)], old, new)
    told = capsys.readouterr()
    lines = [json.loads(line) for line in told.out.splitlines()]
    assert {line["peer"] for line in lines} == {"onnxruntime 1 → 2"}
    figures = {line["figure"]: line for line in lines}
    assert figures["beyond: sklearn line → onnx: prediction differs"]["value"] == 3
    assert figures["outputs that differ beyond tolerance"]["met"] is False
    assert figures["exports of another state or code"]["met"] is True
    assert "3 of 9" in told.err


def test_missing_answers_are_alike_and_signs_of_zero_are_not():
    nan = np.array([np.nan, 1.0, 0.0])
    assert watch.changed(nan, nan.copy()) == 0
    assert watch.changed(nan, np.array([np.nan, 1.0, -0.0])) == 1
    words = np.array(["a", "b"], dtype=object)
    assert watch.changed(words, np.array(["a", "c"], dtype=object)) == 1


def test_versions_are_told_in_a_line_or_in_a_file(tmp_path):
    wanted = "onnx==1.22.0\nonnxruntime==1.28.0\n"
    assert _watch_environments.overrides("onnx==1.22.0, onnxruntime==1.28.0") == wanted
    (tmp_path / "new.txt").write_text(wanted)
    assert _watch_environments.overrides(str(tmp_path / "new.txt")) == wanted
    assert _watch_environments.overrides("") == ""
    assert _watch_environments.python("") == Path(sys.executable)
