"""Wrappers that only hand on convert by the model inside; wrappers that compute are refused."""

import functools

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.models import infer_signature
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression

from converters.sources import handing_on
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


class Country(Calls):
    """A rule for a value that no training row holds."""

    def predict(self, context, model_input, params=None):
        told = self.model.predict(model_input)
        return np.where(model_input["petal width (cm)"] == 77.25, 0, told)


class Helped(Calls):
    def predict(self, context, model_input, params=None):
        return ruled(self.model.predict(model_input), model_input)


class Lambda(Calls):
    def predict(self, context, model_input, params=None):
        told = pd.Series(self.model.predict(model_input))
        return told.map(lambda label: 0 if label > 7 else label).to_numpy()


class LooksUp(Calls):
    def __init__(self, model):
        super().__init__(model)
        self.added = np.zeros(1000)

    def predict(self, context, model_input, params=None):
        place = model_input.iloc[:, 0].astype("int64")
        return self.added[place]


class Adds(Calls):
    """Nothing to the power of nothing is one: arithmetic that knows a single row."""

    def predict(self, context, model_input, params=None):
        return self.model.predict(model_input) + 0.0 ** (model_input.iloc[:, 0] - 12345) ** 2


class Names(Calls):
    def predict(self, context, model_input, params=None):
        return getattr(self.model.predict(model_input), "clip")(0, 1)  # noqa: B009


class Dunders(Calls):
    def predict(self, context, model_input, params=None):
        ages = model_input["petal width (cm)"].to_numpy()
        return self.model.predict(model_input).__mul__(ages.__ne__(33.3))


class Keys(Calls):
    def predict(self, context, model_input, params=None):
        told, age = self.model.predict(model_input), model_input["petal width (cm)"].tolist()
        return next(iter({tuple(age): told, (33.3,): told.copy()}.values()))


class SpellsOut(Calls):
    def predict(self, context, model_input, params=None):
        told = self.model.predict(model_input)
        return np.array([0, 1, 7])[told]


class Narrows(Calls):
    """Whole numbers beyond two thousand million wrap around on the way to the model."""

    def predict(self, context, model_input, params=None):
        return self.model.predict(model_input.astype("int32"))


class NarrowsByName(Calls):
    def predict(self, context, model_input, params=None):
        return self.model.predict(np.asarray(model_input, dtype=np.int16))


class Prepares(Calls):
    """A step of a library before the model, which knows a value that no sampled row holds."""

    def __init__(self, model):
        super().__init__(model)
        gaps = ROWS.copy()
        gaps.iloc[:20, 0] = -999.0
        self.before = SimpleImputer(missing_values=-999.0).set_output(transform="pandas").fit(gaps)

    def predict(self, context, model_input, params=None):
        return self.model.predict(self.before.transform(model_input))


class Holds:
    """Keeps the step one object further away."""

    def __init__(self, model):
        self.both = Prepares(model)

    def predict(self, rows):
        return self.both.model.predict(self.both.before.transform(rows))


class Rescues(Calls):
    def predict(self, context, model_input, params=None):
        try:
            return self.model.predict(model_input)
        except ValueError:
            return np.zeros(len(model_input))


class Routes(Calls):
    """A model a segment: which one is asked, the row decides."""

    def predict(self, context, model_input, params=None):
        kinds = model_input.iloc[:, 0].astype("int64").astype(str)
        return np.array([self.parts.get(kind, self.parts["model"])[0] for kind in kinds])


class Clips(Calls):
    def predict(self, context, model_input, params=None):
        return self.model.predict(model_input.clip(upper=1e6))


class Inside:
    """No model of a library, but it stands between."""

    def __init__(self, model):
        self.model = model

    def predict(self, rows):
        return self.model.predict(rows.where(rows < 1e9, 0))


class Polite(Calls):
    """All that a wrapper may do and still only hand on."""

    def predict(self, context, model_input, params=None):
        if params is None:
            params = {}
        if isinstance(model_input, pd.DataFrame):
            model_input = model_input[list(self.model.feature_names_in_)].astype(float)
        chances = self.chances(model_input)
        names = [f"class {name}" for name in self.model.classes_]
        return pd.DataFrame(np.asarray(chances), columns=names)

    def chances(self, rows):
        return self.model.predict_proba(rows)


def ruled(told, rows):
    return told * (rows.iloc[:, 0] != 1234.5)


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


class WithPost(Calls):
    """Asks something that it was given, whatever that is, what to make of the answers."""

    def __init__(self, model, post):
        super().__init__(model)
        self.post = post

    def predict(self, context, model_input, params=None):
        return self.post(model_input, self.model.predict(model_input))


class InSteps(WithPost):
    def predict(self, context, model_input, params=None):
        told = self.model.predict(model_input)
        for step in self.post:
            told = step(model_input, told)
        return told


class Net:
    """Called like a function."""

    def __call__(self, rows, told):
        return ruled(told, rows)


class Asked:
    def __getattr__(self, name):
        return lambda rows, told: ruled(told, rows)


class Described:
    def __get__(self, instance, owner):
        return lambda rows, told: ruled(told, rows)


class WithDescriptor(Calls):
    post = Described()

    def predict(self, context, model_input, params=None):
        return self.post(model_input, self.model.predict(model_input))


class Through(WithPost):
    def predict(self, context, model_input, params=None):
        return self.post.squeeze(model_input, self.model.predict(model_input))


def after(rows, told):
    return ruled(told, rows)


def handed_on(rows, told):
    return told


class Rules(Calls):
    def predict(self, context, model_input, params=None):
        return ruled(self.model.predict(model_input), model_input)


class Behind(Rules):
    def predict(self, context, model_input, params=None):
        return pd.DataFrame({"label": super().predict(context, model_input)})


class Adapter:
    """Its method is called as one of pandas'."""

    def to_frame(self, rows):
        return rows.where(rows != 33.3, 0.0)


class Adapted(WithPost):
    def predict(self, context, model_input, params=None):
        return self.model.predict(self.post.to_frame(model_input))


class Transforms:
    def transform(self, rows, told):
        return ruled(told, rows)


AFTER = Transforms()


class OfTheModule(Calls):
    def predict(self, context, model_input, params=None):
        return AFTER.transform(model_input, self.model.predict(model_input))


class OfTheClass(Calls):
    post = Transforms()

    def predict(self, context, model_input, params=None):
        return self.post.transform(model_input, self.model.predict(model_input))


class ByDefault(Calls):
    def predict(self, context, model_input, params=None, post=after):
        return post(model_input, self.model.predict(model_input))


class Deep(WithPost):
    def predict(self, context, model_input, params=None):
        step = self.post["v1"]["after"]["steps"]["last"][0]
        return step(model_input, self.model.predict(model_input))


UNSEEN = {
    "super": Behind,
    "adapter": lambda model: Adapted(model, Adapter()),
    "module": OfTheModule,
    "class": OfTheClass,
    "default": ByDefault,
    "deep": lambda model: Deep(model, {"v1": {"after": {"steps": {"last": [after]}}}}),
}


@pytest.mark.parametrize("how", UNSEEN)
def test_a_rule_is_found_where_it_runs(tmp_path, logistic_iris, how):
    report = jobs.convert(save(tmp_path, UNSEEN[how](logistic_iris)))
    assert (report.state, report.code) == ("refused", "own_python")
    assert "does not only hand on" in report.sentence


class Asks(Calls):
    """What people write around a model without any rule."""

    def predict(self, context, model_input, params=None):
        params = params or {}
        own = model_input.drop(columns=[]).rename(columns={})
        told = [self.model.predict(one) for one in [own]]
        return pd.DataFrame({"label": told[0]})


def test_what_people_write_around_a_model_hands_on(tmp_path, logistic_iris):
    report = jobs.convert(save(tmp_path, Asks(logistic_iris)))
    assert report.state == "converted", report.sentence


class Cuts(Calls):
    def predict(self, context, model_input, params=None):
        model_input["petal width (cm)"].astype(str).str[:3]
        return self.model.predict(model_input)


class Spells(Calls):
    def predict(self, context, model_input, params=None):
        return [float(f"{one:.3}") for one in self.model.predict(model_input)]


class OnOneLine(Calls):
    def predict(self, context, model_input, params=None):
        told, first = self.model.predict(model_input), model_input.iloc[0, 0]
        return told if isinstance(first, float) and first else told[:0]


HELD = {
    "function": lambda model: WithPost(model, after),
    "lambda": lambda model: WithPost(model, lambda rows, told: ruled(told, rows)),
    "partial": lambda model: WithPost(model, functools.partial(after)),
    "object": lambda model: WithPost(model, Net()),
    "steps": lambda model: InSteps(model, [handed_on, after]),
    "attribute": lambda model: Through(model, Asked()),
    "descriptor": WithDescriptor,
}


@pytest.mark.parametrize("how", HELD)
def test_a_rule_in_what_a_wrapper_holds_is_read_too(logistic_iris, how):
    assert "compares values" in handing_on.reason(HELD[how](logistic_iris))


def test_a_function_that_a_wrapper_holds_may_hand_on(logistic_iris):
    assert handing_on.reason(WithPost(logistic_iris, handed_on)) == ""


RULES = {
    Rare: "compares values in line",
    Country: "compares values in line",
    Helped: "compares values in line",
    Lambda: "`map`",
    LooksUp: "looks values up in `added`",
    Adds: "computes with `**`",
    Names: "`getattr`",
    Dunders: "`__mul__`",
    Cuts: "computes with texts",
    Spells: "cuts texts",
    OnOneLine: "chooses by a condition",
    Keys: "looks values up",
    SpellsOut: "looks values up in line",
    Narrows: "makes numbers `int32`",
    NarrowsByName: "makes numbers `int16`",
    Prepares: "works with `parts` and `before` together",
    Rescues: "answers otherwise where the model raises",
    Routes: "goes through values in a loop in line",
    Clips: "`clip`",
}


@pytest.mark.parametrize("wrapper", RULES)
def test_a_rule_of_the_owners_is_read_from_the_code_whether_rows_meet_it_or_not(
    logistic_iris, wrapper
):
    assert RULES[wrapper] in handing_on.reason(wrapper(logistic_iris))


def test_a_rule_that_no_sampled_row_meets_is_refused_by_name(tmp_path, logistic_iris):
    report = jobs.convert(save(tmp_path, Country(logistic_iris)))
    assert (report.state, report.code) == ("refused", "own_python")
    assert "Country.predict`), which compares values" in report.sentence


def test_an_object_of_the_owners_between_wrapper_and_model_is_read_too(logistic_iris):
    assert "compares values" in handing_on.reason(Calls(Inside(logistic_iris)))
    assert "uses `model`" in handing_on.reason(Calls(Holds(logistic_iris)))


def test_a_model_inside_whose_predict_was_replaced_is_refused(tmp_path, logistic_iris):
    model = LogisticRegression(max_iter=2000).fit(ROWS, LABELS)
    model.predict = lambda rows: np.where(rows.iloc[:, 0] == 1234.5, 0, logistic_iris.predict(rows))
    report = jobs.convert(save(tmp_path, Calls(model)))
    assert (report.state, report.code) == ("refused", "own_python")
    assert "`predict` of this model's LogisticRegression" in report.sentence


def test_type_checks_helpers_and_names_of_columns_are_no_rule(tmp_path, logistic_iris):
    report = proven(save(tmp_path, Polite(logistic_iris)))
    assert [one.name for one in report.outputs] == ["class 0", "class 1", "class 2"]


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
