"""What libraries say when they fail, as it stands in a sentence for a model's owner."""

import sys
import time
from pathlib import Path

import pytest

from converters import quoting
from converters.quoting import named, quoted

ROOT = Path(__file__).resolve().parents[2]

# As the libraries of this repository's lock file say it, folders aside.
MESSAGES = {
    "xgboost": (
        "[14:31:01] /workspace/src/c_api/c_api.cc:1532: Check failed: str[0] == '{' (n vs. {) : "
        "Invalid model format in: `/tmp/job/model/model.ubj`\nStack trace:\n  [bt] (0) "
        "/srv/x/lib/libxgboost.so(+0x22dbbc) [0x7f9d]\n  [bt] (1) /srv/x/lib/libxgboost.so\n",
        "Check failed: str[0] == '{' (n vs. {) : Invalid model format in: `model.ubj`",
    ),
    "catboost": (
        "util/stream/input.cpp:77: Failed to read required number of bytes",
        "Failed to read required number of bytes",
    ),
    "lightgbm": (
        "Model file /var/lib/jobs/7/model/model.lgb is not available for reads",
        "Model file model.lgb is not available for reads",
    ),
    "numpy": (
        "Can't get attribute 'float04' on <module 'numpy' from "
        "'/opt/venv/lib/python3.11/site-packages/numpy/__init__.py'>",
        "Can't get attribute 'float04' on <module 'numpy'>",
    ),
    "onnxruntime": (
        "[ONNXRuntimeError] : 1 : FAIL : Load model from /tmp/job/model.onnx failed:"
        "/onnxruntime_src/onnxruntime/core/graph/model.cc:180 onnxruntime::Model::Model("
        "onnx::ModelProto&&, const PathString&, const logging::Logger&, const ModelOptions&) "
        "Unsupported model IR version: 99, max supported IR version: 13\n",
        "[ONNXRuntimeError] : 1 : FAIL : Load model from model.onnx failed:"
        "Unsupported model IR version: 99, max supported IR version: 13",
    ),
    "torch": (
        "[enforce fail at inline_container.cc:145] . PytorchStreamReader failed reading zip "
        "archive: failed finding central directory\nException raised from init at "
        "/pytorch/caffe2/serialize/inline_container.cc:145 (most recent call first):\nframe #0",
        "PytorchStreamReader failed reading zip archive: failed finding central directory",
    ),
    "python": (
        "[Errno 2] No such file or directory: '/home/ann/my models/scaler.pkl'",
        "[Errno 2] No such file or directory: 'scaler.pkl'",
    ),
    "spark": (
        "Input path does not exist: file:/tmp/job/model/sparkml/metadata",
        "Input path does not exist: metadata",
    ),
    "address": (
        "<own.Rule object at 0x7f00a1b2c3d4> is not callable",
        "<own.Rule> is not callable",
    ),
}


@pytest.mark.parametrize("library", MESSAGES)
def test_a_quoted_message_tells_no_folder_clock_or_line_of_a_library(library):
    said, wanted = MESSAGES[library]
    assert quoted(RuntimeError(said)) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "node '/encoder/layer.0/MatMul' has no kernel",
        "node /encoder/layer.0/MatMul has no kernel",
        "see https://pytorch.org/docs/stable/onnx.html for and/or",
        "columns 'a/b' and 3/4",
    ],
)
def test_names_in_a_graph_and_addresses_in_the_web_stay(text):
    assert quoted(ValueError(text)) == text


def test_equal_failures_at_other_times_and_places_are_quoted_alike():
    said = "[{}] /workspace/src/tree.cc:{}: bad tree in {}/model.ubj"
    one = said.format("14:31:01", 12, "/tmp/a")
    other = said.format("09:00:59", 12, f"{ROOT}/deep/er")
    assert quoted(one) == quoted(other) == "bad tree in model.ubj"


def test_folders_of_this_very_machine_are_left_out_wherever_it_is_installed():
    for place in (sys.prefix, str(ROOT), str(Path(quoting.__file__).parent)):
        assert place not in quoted(f"no file {place}/gone.so in {place}")


def test_a_long_message_is_cut_and_a_full_stop_is_the_sentence_s_own():
    assert quoted("word " * 100, 50) == "word " * 9 + "word…"
    assert quoted(ValueError("It is  wrong.\n")) == "It is wrong"


def test_what_no_database_takes_is_marked():
    assert quoted("found \0 and \ud800") == "found � and �"


def test_an_exception_without_words_is_its_class():
    assert quoted(KeyError()) == named(KeyError()) == "KeyError"
    assert named(ValueError("no")) == "ValueError: no"


def test_an_exception_that_cannot_say_what_it_is_is_its_class():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError

    assert quoted(Mute()) == "Mute"


@pytest.mark.parametrize("unit", ["a", "/a", "a.c", "a:", "'/a/", "at ", "x y ", "[["])
def test_the_longest_messages_are_quoted_at_once(unit):
    begun = time.monotonic()
    quoted(unit * 1_000_000)
    assert time.monotonic() - begun < 5
