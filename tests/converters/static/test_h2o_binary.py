"""An H2O model's own file tells its release and its algorithm before anything is started."""

import json
from pathlib import Path

import pytest

from converters.static import h2o_binary
from converters.static.errors import Unreadable
from converters.steps import preflight

SEED = Path(__file__).parents[2] / "fuzz" / "seeds" / "model.h2o"


def answers(folder, content):
    """Pre-flight's answers by target, of a model folder that holds these bytes."""
    place = folder / "model.h2o"
    place.mkdir()
    (place / "h2o.yaml").write_text("model_file: GBM_1\n")
    (place / "GBM_1").write_bytes(content)
    columns = json.dumps([{"type": "double", "name": "a"}])
    (folder / "MLmodel").write_text(
        f"flavors:\n  h2o:\n    data: model.h2o\nsignature:\n  inputs: '{columns}'\n"
    )
    told = json.loads(preflight.run(folder))["verdicts"]
    return {one["target"]: (one["answer"], one["code"]) for one in told if one["flavor"] == "h2o"}


def of_algorithm(name):
    """The seed with another algorithm of the same length in its name's place."""
    content = SEED.read_bytes()
    assert len(name) == len("hex.tree.gbm.GBM")
    return content.replace(b"hex.tree.gbm.GBMModel", name.encode() + b"Model")


def test_a_boosted_model_becomes_everything(tmp_path):
    told = answers(tmp_path, SEED.read_bytes())
    assert {told[name][0] for name in ("onnx", "pmml", "mojo", "pojo")} == {"can"}


def test_an_algorithm_that_nothing_writes_is_told_a_target(tmp_path):
    told = answers(tmp_path, of_algorithm("hex.x.NaiveBayes"))
    assert told["onnx"] == told["pmml"] == ("cannot", "no_converter")
    assert told["mojo"] == ("cannot", "no_mojo")


def test_another_release_is_told_for_every_target(tmp_path):
    told = answers(tmp_path, SEED.read_bytes().replace(b"3.46.0.7", b"3.46.0.6"))
    assert {told[name] for name in ("onnx", "pmml", "mojo", "pojo")} == {("cannot", "h2o_version")}


@pytest.mark.parametrize("length", [0, 1, 12, 400, 3000])
def test_a_file_that_is_cut_short_is_unreadable(length):
    with pytest.raises(Unreadable):
        h2o_binary.read(SEED.read_bytes()[:length])


def test_the_release_that_counts_is_the_pinned_one():
    assert h2o_binary.pinned() == "3.46.0.7"
