"""The convert step: what it leaves, what it refuses, which rows it leaves out."""

import json
import os
import pickle
import shutil
import signal
from collections import Counter

import numpy as np
import pytest
import yaml

from converters import contract, golden
from converters.contract import Input, Output, OutputKind
from converters.errors import Refused
from converters.sources import categories, voices
from converters.steps import asking, choosing, convert
from tests.converters import jobs
from workers import breakdown

PREDICTION = Output("prediction", OutputKind.VALUES, "float64")


def test_a_converted_model_leaves_file_rows_answers_and_report(tmp_path, mixed):
    job = jobs.make_job(tmp_path / "job", mixed)
    report = jobs.convert(job)
    assert (report.state, report.file) == ("converted", "model.onnx")
    rows, answers = golden.read(job / "convert" / "rows")
    assert list(rows) == ["age", "home town", "income", "vip"]
    assert rows["age"].dtype == np.int64
    assert {"label", "probabilities"} <= set(answers)
    assert len(json.loads((job / "convert" / "kinds.json").read_text())) == len(rows["age"]) >= 1000
    assert {"load", "convert", "answer"} <= set(report.seconds)
    assert sorted(path.name for path in (job / "convert").iterdir()) == [
        "alone.json",
        "kinds.json",
        "model.onnx",
        "report.json",
        "rows",
        "splits.json",
    ]
    assert jobs.judge(job).state == "proven"


def test_the_same_request_leaves_the_same_rows_and_answers(tmp_path, mixed):
    folders = [jobs.make_job(tmp_path / name, mixed) for name in ("a", "b")]
    for folder in folders:
        jobs.convert(folder)
    for path in (folders[0] / "convert" / "rows").iterdir():
        assert path.read_bytes() == (folders[1] / "convert" / "rows" / path.name).read_bytes()


def test_nullable_is_promised_only_where_missing_values_were_answered(tmp_path, mixed, logistic):
    report = jobs.convert(jobs.make_job(tmp_path / "a", mixed))
    assert {item.name: item.nullable for item in report.inputs} == {
        "age": False,
        "home town": True,
        "income": True,
        "vip": False,
    }
    (only,) = jobs.convert(jobs.make_job(tmp_path / "b", logistic)).inputs
    assert not only.nullable


@pytest.mark.parametrize("change", ["changed", "removed", "added", "linked"])
def test_a_model_that_is_not_what_was_fetched_is_refused(tmp_path, logistic, change):
    job = jobs.make_job(tmp_path / "job", logistic)
    path = job / "model" / "model.pkl"
    if change == "changed":
        path.write_bytes(path.read_bytes() + b"\0")
    elif change == "added":
        (job / "model" / "extra.py").write_text("")
    else:
        path.rename(tmp_path / "elsewhere.pkl")
        if change == "linked":
            path.symlink_to(tmp_path / "elsewhere.pkl")
    report = jobs.convert(job)
    assert (report.state, report.code) == ("refused", "model_changed")
    assert not (job / "convert" / "rows").exists()


def test_a_flavor_without_a_route_is_refused(tmp_path, logistic):
    report = jobs.convert(jobs.make_job(tmp_path / "job", logistic, "sklearn", "torchscript"))
    assert (report.state, report.code) == ("refused", "no_route")


def test_a_request_that_cannot_be_read_is_a_crash_with_a_traceback(tmp_path, logistic):
    job = jobs.make_job(tmp_path / "job", logistic)
    (job / "request.json").write_text("{}")
    done = jobs.call("convert", job)
    assert done.returncode == 3
    assert "Traceback" in done.stderr
    assert json.loads((job / "convert" / "report.json").read_text())["state"] == "crashed"


def test_a_model_that_ends_the_process_while_it_loads_is_refused(tmp_path, logistic):
    model = shutil.copytree(logistic, tmp_path / "model")
    (model / "model.pkl").write_bytes(b"csys\nexit\n(I0\ntR.")
    report = jobs.convert(jobs.make_job(tmp_path / "job", model))
    assert (report.state, report.code) == ("refused", "model_unreadable")
    assert "its own code raises SystemExit" in report.sentence


def test_a_child_that_dies_while_it_loads_leaves_the_mark_of_it(tmp_path, logistic):
    """A module logged beside the model breaks down as a library does, by a signal."""
    model = shutil.copytree(logistic, tmp_path / "model")
    (model / "code").mkdir()
    (model / "code" / "breaking.py").write_text("import os\nos.abort()\n")
    (model / "model.pkl").write_bytes(b"cbreaking\nThing\n.")
    document = yaml.safe_load((model / "MLmodel").read_text())
    document["flavors"]["sklearn"]["code"] = "code"
    (model / "MLmodel").write_text(yaml.safe_dump(document))
    job = jobs.make_job(tmp_path / "job", model)
    done = jobs.call("convert", job)
    assert done.returncode == -signal.SIGABRT
    assert not (job / "convert" / "report.json").exists()
    mark = (job / "convert" / contract.PHASE_FILE).read_bytes()
    assert "damaged" in breakdown.refusal(mark, -done.returncode)


def test_the_mark_tells_while_the_original_answers_and_only_then(tmp_path, logistic, monkeypatch):
    """A library may end the process there, too, on a model that does not hold together."""
    job = jobs.make_job(tmp_path / "job", logistic)
    path, seen = job / "convert" / contract.PHASE_FILE, []
    typed, shaped = categories.typed, voices._shaped
    after: list[bytes] = []

    def asked(estimator, frame):
        seen.append(path.read_bytes())
        return typed(estimator, frame)

    monkeypatch.setattr(categories, "typed", asked)

    def told(*arguments):
        after.append(path.read_bytes())
        return shaped(*arguments)

    monkeypatch.setattr(voices, "_shaped", told)
    assert convert.run(job)
    assert set(seen) == {contract.ASKING.encode()}
    assert set(after) == {b"sample", b"answer"}


def test_a_signal_is_the_models_own_where_it_was_read_or_asked():
    for mark in (contract.LOADING, contract.ASKING):
        assert breakdown.refusal(mark.encode(), signal.SIGSEGV)
        assert not breakdown.refusal(mark.encode(), signal.SIGKILL)
    assert "when the model was asked" in breakdown.refusal(b"ask", signal.SIGABRT)
    assert not breakdown.refusal(b"convert", signal.SIGSEGV)


def test_a_model_that_lost_an_attribute_is_refused_as_damaged(tmp_path, logistic):
    """The name of what it learned, with one letter changed: our own reading meets it first."""
    model = shutil.copytree(logistic, tmp_path / "model")
    content = (model / "model.pkl").read_bytes()
    assert b"coef_" in content
    (model / "model.pkl").write_bytes(content.replace(b"coef_", b"coeg_"))
    report = jobs.convert(jobs.make_job(tmp_path / "job", model))
    assert (report.state, report.code) == ("refused", "model_unreadable")
    assert "lacks 'coef_'" in report.sentence


class Touching:
    """A pickle that runs a command where it is loaded."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def test_a_pickle_that_would_run_commands_is_refused_before_it_is_loaded(tmp_path, logistic):
    job = jobs.make_job(tmp_path / "job", logistic, model_sha256={})
    (job / "model" / "model.pkl").write_bytes(pickle.dumps(Touching(tmp_path / "ran")))
    report = jobs.convert(job)
    assert (report.state, report.code) == ("refused", "pickle_commands")
    assert "posix.system" in report.sentence
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("arguments", [[], ["convert"], ["explode", "."], ["convert", "/nowhere"]])
def test_wrong_usage_says_so(arguments):
    from converters.__main__ import main

    assert main(arguments) == 2


def ask(answer, rows, kinds=None):
    return asking.ask(answer, rows, kinds or ["random"] * asking.count(rows))


def test_rows_on_which_the_original_raises_are_left_out_and_counted():
    def answer(rows):
        if (rows["x"] < 0).any():
            raise ValueError("negative")
        return {"prediction": rows["x"] * 2}

    rows = {"x": np.arange(-5.0, 200.0)}
    asked = ask(answer, rows)
    assert asked.excluded == {asking.RAISES: 5}
    assert asked.rows["x"].tolist() == rows["x"][5:].tolist()
    assert (asked.answers["prediction"] == asked.rows["x"] * 2).all()
    assert len(asked.kinds) == 200


def test_a_whole_kind_of_rows_that_fails_is_left_out_without_trying_each():
    failed = []

    def answer(rows):
        if np.isnan(rows["x"]).any():
            failed.append(len(rows["x"]))
            raise ValueError("NaN")
        return {"prediction": rows["x"]}

    rows = {"x": np.concatenate([np.arange(500.0), np.full(500, np.nan)])}
    asked = ask(answer, rows, ["random"] * 500 + ["missing"] * 500)
    assert asked.excluded == {asking.RAISES: 500}
    assert len(failed) < 10


def test_a_model_that_never_answers_is_refused_with_its_own_words():
    def answer(rows):
        raise ValueError("X has 4 features, but expects 5")

    with pytest.raises(Refused, match="expects 5") as refusal:
        ask(answer, {"x": np.arange(10.0)})
    assert refusal.value.code == "original_fails"


def test_a_model_that_answers_differently_each_time_is_refused():
    random = np.random.default_rng(0)

    def answer(rows):
        return {"prediction": random.random(len(rows["x"]))}

    with pytest.raises(Refused) as refusal:
        ask(answer, {"x": np.arange(300.0)})
    assert refusal.value.code == "not_deterministic"


def test_a_model_that_looks_at_the_whole_batch_is_refused():
    def answer(rows):
        return {"prediction": rows["x"] - rows["x"].mean()}

    with pytest.raises(Refused) as refusal:
        ask(answer, {"x": np.arange(300.0)})
    assert refusal.value.code == "row_dependent"


def test_a_row_is_scored_alone_only_where_the_original_was_asked_so(tmp_path):
    def answer(rows):
        # The first row decides for all, as a branch on the data of a network may.
        scale = 100.0 if rows["x"][0] > 297 else 1.0
        return {"prediction": rows["x"] * scale}

    asked = ask(answer, {"x": np.arange(-1.0, 299.0)})
    assert asked.excluded == {asking.DEPENDENT: 1}
    assert len(asked.alone) > 20
    for one in asked.alone:
        row = {"x": asked.rows["x"][[one]]}
        assert answer(row)["prediction"] == asked.answers["prediction"][one]
    (tmp_path / choosing.ALONE_FILE).write_text(json.dumps(asked.alone))
    assert choosing.alone(tmp_path, len(asked.rows["x"])) == asked.alone


@pytest.mark.parametrize("told", ["[1, 2]", "{}", "[1e9, -1, true, null]", "[[", None])
def test_without_a_word_about_it_rows_from_all_over_are_scored_alone(tmp_path, told):
    if told is not None:
        (tmp_path / choosing.ALONE_FILE).write_text(told)
    found = choosing.alone(tmp_path, 1000)
    assert (len(found), found[0]) == (64, 0)
    assert found[-1] > 900


def test_a_few_unsteady_rows_are_left_out_and_counted():
    times: Counter[str] = Counter()

    def answer(rows):
        times["asked"] += 1
        return {"prediction": np.where(rows["x"] == 7, float(times["asked"]), rows["x"])}

    asked = ask(answer, {"x": np.arange(300.0)})
    assert asked.excluded == {asking.UNSTEADY: 1}
    assert 7 not in asked.rows["x"]


def test_missing_values_stay_out_of_inputs_that_take_none():
    rows = {"x": np.array([1.0, np.nan]), "s": np.array(["a", "b"], object)}
    inputs = [Input("x", "float64", ["x"]), Input("s", "string", ["s"], nullable=True)]
    kept, kinds, why = asking.representable(rows, ["a", "b"], inputs, "onnx")
    assert (asking.count(kept), kinds, why) == (1, ["a"], {asking.MISSING: 1})


def test_an_empty_text_stays_out_only_where_it_would_mean_missing():
    rows = {"s": np.array(["a", "", None], object)}
    for target, nullable, left in (("onnx", True, 2), ("onnx", False, 2), ("pmml", True, 3)):
        inputs = [Input("s", "string", ["s"], nullable)]
        kept, _, _ = asking.representable(rows, ["r"] * 3, inputs, target)
        assert asking.count(kept) == left


@pytest.mark.parametrize("gap", [None, np.nan])
def test_a_model_that_learned_none_says_that_nan_is_another_value_to_it(tmp_path, gap):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    rows, labels = jobs.people()
    towns = rows[["home town"]].astype(object)
    towns.iloc[::7, 0] = gap
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    folder = jobs.save(tmp_path / "model", model.fit(towns, labels), towns)
    report = jobs.convert(jobs.make_job(tmp_path / "job", folder))
    assert report.state == "converted", report.sentence
    assert any("proven as None" in note for note in report.notes) is (gap is None)
