"""Wrappers that only hand on convert by the model inside; wrappers that compute are refused."""

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.models import infer_signature
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from tests.converters import jobs


class Calls(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined]
    def __init__(self, model):
        self.parts = {"model": [model]}

    @property
    def model(self):
        return self.parts["model"][0]

    def predict(self, context, model_input, params=None):
        return self.model.predict(model_input)


class SecondClass(Calls):
    def predict(self, context, model_input, params=None):
        return self.model.predict_proba(model_input)[:, 1]


class Table(Calls):
    """Chooses its columns, and hands on two answers beside one of its own."""

    def predict(self, context, model_input, params=None):
        own = model_input[self.model.feature_names_in_]
        chances = self.model.predict_proba(own)
        return pd.DataFrame(
            {"label": self.model.predict(own), "third": chances[:, 2], "own": chances[:, 2] * 2}
        )


class Threshold(Calls):
    def predict(self, context, model_input, params=None):
        return (self.model.predict_proba(model_input)[:, 1] > 0.37).astype(int)


class Rare(Calls):
    """Hands on, but for a few rows: what a look at some rows does not show."""

    def predict(self, context, model_input, params=None):
        told = self.model.predict(model_input)
        return np.where(model_input.iloc[:, 0] > 50, 2 - told, told)


class Artifact(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined]
    def load_context(self, context):
        self.inner = mlflow.pyfunc.load_model(context.artifacts["inner"])

    def predict(self, context, model_input, params=None):
        return self.inner.predict(model_input)


class NoModel(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined]
    def predict(self, context, model_input, params=None):
        return model_input.sum(axis=1)


ROWS, LABELS = load_iris(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def logistic_iris():
    return LogisticRegression(max_iter=2000).fit(ROWS, LABELS)


def save(folder, wrapper, target="onnx", **over):
    mlflow.pyfunc.save_model(
        str(folder / "saved"),
        python_model=wrapper,
        signature=infer_signature(ROWS),
        pip_requirements=["mlflow"],
        **over,
    )
    return jobs.make_job(folder / "job", folder / "saved", "python_function", target)


def proven(job):
    report = jobs.convert(job)
    assert report.state == "converted", report.sentence
    verdict = jobs.judge(job)
    assert verdict.state == "proven", verdict.sentence
    return report


@pytest.mark.parametrize("target", ["onnx", "pmml"])
def test_a_wrapper_that_hands_on_one_column_gives_that_column_alone(
    tmp_path, logistic_iris, target
):
    report = proven(save(tmp_path, SecondClass(logistic_iris), target))
    (only,) = report.outputs
    assert (only.width, only.classes) == (0, [])


def test_a_table_of_answers_keeps_its_names_and_leaves_out_what_is_computed(tmp_path):
    forest = RandomForestClassifier(5, random_state=0).fit(ROWS.iloc[:, [2, 0]], LABELS)
    report = proven(save(tmp_path, Table(forest)))
    assert [one.name for one in report.outputs] == ["label", "third"]
    assert report.inputs[0].columns == ["petal length (cm)", "sepal length (cm)"]
    assert any("own" in note and "Left out" in note for note in report.notes)


def test_a_pyfunc_in_a_pyfunc_is_followed_to_the_model(tmp_path, logistic_iris):
    mlflow.sklearn.save_model(
        logistic_iris,
        str(tmp_path / "inner"),
        serialization_format="cloudpickle",
        pip_requirements=["mlflow"],
    )
    report = proven(save(tmp_path, Artifact(), artifacts={"inner": str(tmp_path / "inner")}))
    assert [one.name for one in report.outputs] == ["prediction"]


@pytest.mark.parametrize("wrapper", [Threshold, NoModel])
def test_a_wrapper_that_computes_is_refused_by_its_name(tmp_path, logistic_iris, wrapper):
    made = wrapper() if wrapper is NoModel else wrapper(logistic_iris)
    report = jobs.convert(save(tmp_path, made))
    assert (report.state, report.code) == ("refused", "own_python")
    assert f"{wrapper.__name__}.predict" in report.sentence


def test_a_wrapper_that_changes_rare_rows_is_found_by_parity(tmp_path, logistic_iris):
    job = save(tmp_path, Rare(logistic_iris))
    report = jobs.convert(job)
    if report.state == "converted":
        assert jobs.judge(job).code == "parity_failed"
    else:
        assert report.code == "own_python"


def test_a_model_from_code_is_refused_by_its_file(tmp_path):
    code = tmp_path / "sums_it_up.py"
    code.write_text(
        "import mlflow\n\n\nclass Sums(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined]\n"
        "    def predict(self, context, model_input, params=None):\n"
        "        return model_input.sum(axis=1)\n\n\nmlflow.models.set_model(Sums())\n"
    )
    report = jobs.convert(save(tmp_path, str(code)))
    assert (report.state, report.code) == ("refused", "own_python")
    assert "sums_it_up.py" in report.sentence


def test_a_damaged_wrapper_is_refused(tmp_path, logistic_iris):
    job = save(tmp_path, Calls(logistic_iris))
    path = job / "model" / "python_model.pkl"
    path.write_bytes(path.read_bytes()[:100])
    report = jobs.convert(jobs.make_job(tmp_path / "again", job / "model", "python_function"))
    assert (report.state, report.code) == ("refused", "model_unreadable")
