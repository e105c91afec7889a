"""Models that were once refused, broke the conversion, or came out wrong without a word."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
import xgboost
from sklearn import (
    cluster,
    compose,
    ensemble,
    feature_extraction,
    impute,
    linear_model,
    model_selection,
    naive_bayes,
    pipeline,
    preprocessing,
    tree,
)

from converters.contract import ConvertReport, Options
from converters.errors import Refused
from converters.sources.sklearn import load_file
from tests.converters.routes.proof import converted, judged
from tests.real_models.folders import save


def people(count: int = 120) -> pd.DataFrame:
    """Numbers of very different sizes, some missing, and a text column with empty cells."""
    random = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "age": random.integers(18, 80, count),
            "size": np.where(random.random(count) < 0.1, np.nan, random.normal(170, 10, count)),
            "income": random.lognormal(8, 1, count),
            "town": random.choice(["Basel", "Bern", ""], count),
        }
    )


def chosen(table: pd.DataFrame) -> Any:
    return (table["age"] > 45).to_numpy().astype(int)


def convert(
    model: Any,
    table: pd.DataFrame,
    folder: Path,
    flavor: str = "sklearn",
    example: bool = True,
    **over: Any,
) -> ConvertReport:
    def make(place: Path) -> Path:
        options: dict[str, Any] = {}
        if flavor != "xgboost":
            options["serialization_format"] = "cloudpickle"
        return save(flavor, model, table, place, example=example, **options)

    return converted(make, flavor, folder, **over)


def verdicts(folder: Path, report: ConvertReport) -> set[str]:
    assert report.state == "converted", report.sentence
    return {verdict.verdict for verdict in judged(folder, report)}


def mixed(numbers: Any, towns: Any) -> Any:
    steps = compose.ColumnTransformer(
        [
            ("numbers", impute.SimpleImputer(), numbers),
            ("towns", preprocessing.OneHotEncoder(handle_unknown="ignore"), towns),
        ]
    )
    return pipeline.make_pipeline(steps, linear_model.LogisticRegression(max_iter=50))


@pytest.mark.parametrize("name", ["label", "probabilities"])
def test_a_column_may_have_the_name_of_an_output(name: str, tmp_path: Path):
    table = people().rename(columns={"town": name})
    model = mixed(["age", "size", "income"], [name]).fit(table, chosen(table))
    report = convert(model, table, tmp_path)
    assert f"{name}_" in [output.name for output in report.outputs]
    assert verdicts(tmp_path, report) == {"passed"}


def test_a_column_without_a_name_is_refused_with_its_place(tmp_path: Path):
    table = people()[["age", "income"]].astype(float).rename(columns={"income": ""})
    model = linear_model.LogisticRegression().fit(table, chosen(table))
    report = convert(model, table, tmp_path, options=Options(inputs="columns"))
    assert (report.state, report.code) == ("refused", "unnamed_columns")
    assert report.sentence.startswith("Column 2 ")


def test_columns_may_be_chosen_by_a_slice_of_names(tmp_path: Path):
    table = people()
    model = mixed(slice("age", "income"), ["town"]).fit(table, chosen(table))
    assert verdicts(tmp_path, convert(model, table, tmp_path)) == {"passed"}


def test_a_text_that_is_empty_is_not_imputed_where_it_was_learned(tmp_path: Path):
    table = people()
    towns = pipeline.make_pipeline(
        impute.SimpleImputer(strategy="most_frequent"),
        preprocessing.OneHotEncoder(handle_unknown="ignore"),
    )
    steps = compose.make_column_transformer((towns, ["town"]), remainder="drop")
    model = pipeline.make_pipeline(steps, linear_model.LogisticRegression())
    table = table[["town", "age"]]
    model.fit(table, chosen(table))
    assert verdicts(tmp_path, convert(model, table, tmp_path)) == {"passed"}


MEMBERS: dict[str, Callable[[], Any]] = {
    "classes": lambda: ensemble.BaggingClassifier(n_estimators=4, random_state=0),
    "few classes": lambda: ensemble.BaggingClassifier(
        n_estimators=4, max_samples=3, max_features=2, random_state=0
    ),
    "values": lambda: ensemble.BaggingRegressor(n_estimators=4, max_features=2, random_state=0),
}


@pytest.mark.parametrize("name", MEMBERS)
def test_bags_of_trees_are_exact_also_where_values_are_missing(name: str, tmp_path: Path):
    table = people()[["size", "income"]].assign(age=people()["age"] + 0.5)
    target = chosen(people()) if name == "classes" else np.digitize(people()["age"], [30, 50])
    report = convert(MEMBERS[name]().fit(table, target), table, tmp_path)
    assert (report.exact, report.inputs[0].nullable) == (True, True)
    assert verdicts(tmp_path, report) == {"passed"}


@pytest.mark.parametrize(
    "kind", [naive_bayes.BernoulliNB, naive_bayes.MultinomialNB, naive_bayes.ComplementNB]
)
def test_naive_bayes_is_exact_beside_its_threshold_too(kind: Any, tmp_path: Path):
    table = people()[["age", "income"]].astype(float) * [0, 1]
    report = convert(kind().fit(table, chosen(people())), table, tmp_path)
    assert report.exact
    assert verdicts(tmp_path, report) == {"passed"}


@pytest.mark.parametrize(
    "model",
    [
        cluster.KMeans(3, n_init=1, random_state=0),
        linear_model.SGDClassifier(loss="log_loss", random_state=0),
        linear_model.Perceptron(random_state=0),
    ],
    ids=["KMeans", "SGD", "Perceptron"],
)
def test_unscaled_columns_do_not_make_ties_into_errors(model: Any, tmp_path: Path):
    table = people()[["age", "income"]].assign(rate=people()["age"] / 1e4)
    assert verdicts(tmp_path, convert(model.fit(table, chosen(table)), table, tmp_path)) == {
        "passed"
    }


@pytest.mark.parametrize(
    "kind",
    [model_selection.FixedThresholdClassifier, model_selection.TunedThresholdClassifierCV],
)
def test_a_classifier_with_a_threshold_of_its_own_keeps_it(kind: Any, tmp_path: Path):
    table = people()[["age", "income"]].astype(float)
    model = kind(linear_model.LogisticRegression()).fit(table, chosen(table))
    report = convert(model, table, tmp_path)
    assert report.state == "converted", report.sentence
    assert {one.verdict for one in judged(tmp_path, report)} == {"passed"}


def test_a_classifier_of_two_classes_trained_as_several_answers_alike(tmp_path: Path):
    table = people()[["age", "income"]].astype(float)
    model = xgboost.XGBClassifier(n_estimators=2, objective="multi:softprob", num_class=2)
    report = convert(model.fit(table, chosen(table)), table, tmp_path, "xgboost")
    assert report.state == "converted", report.sentence
    assert {one.verdict for one in judged(tmp_path, report)} == {"passed"}


@pytest.mark.parametrize(
    "model",
    [
        linear_model.Ridge(),
        pipeline.make_pipeline(preprocessing.StandardScaler(), tree.DecisionTreeClassifier()),
    ],
    ids=["Ridge", "Pipeline"],
)
def test_a_model_that_was_never_trained_is_refused(model: Any, tmp_path: Path):
    report = convert(model, people()[["age", "income"]], tmp_path, example=False)
    assert (report.state, report.code) == ("refused", "not_fitted")
    assert type(model).__name__ in report.sentence


class Broken:
    """An object whose own code does not load."""

    def __reduce__(self) -> Any:
        return (exec, ("no_such_name",))


def test_a_model_whose_own_code_breaks_while_it_loads_is_refused(tmp_path: Path):
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Broken()))
    with pytest.raises(Refused, match="its own code raises NameError") as caught:
        load_file(tmp_path / "model.pkl", "pickle")
    assert caught.value.code == "model_unreadable"


def test_text_models_need_no_language_pack(tmp_path: Path):
    table = pd.DataFrame({"said": ["yes we do", "no we do not", "maybe", "yes"] * 10})
    words = feature_extraction.text.CountVectorizer()
    steps = compose.ColumnTransformer([("words", words, "said")])
    model = pipeline.make_pipeline(steps, linear_model.LogisticRegression())
    model.fit(table, [1, 0, 0, 1] * 10)
    report = convert(model, table, tmp_path)
    assert report.state == "converted", report.sentence
    nodes = onnx.load(tmp_path / "convert" / report.file).graph.node
    assert not [node for node in nodes if node.op_type == "StringNormalizer"]
    assert judged(tmp_path, report)


@pytest.mark.parametrize("deep", [False, True])
def test_a_method_that_the_owner_replaced_is_refused_though_no_sampled_row_meets_its_rule(
    tmp_path: Path, deep: bool
) -> None:
    table = people()[["age", "income"]]
    forest = ensemble.RandomForestRegressor(5, random_state=0).fit(table, table["income"])
    model = pipeline.make_pipeline(preprocessing.StandardScaler(), forest) if deep else forest
    if deep:
        model.fit(table, table["income"])
    own = forest.predict
    forest.predict = lambda rows: np.where(np.asarray(rows)[:, 0] == 12345.0, 0.0, own(rows))
    report = convert(model, table, tmp_path)
    assert (report.state, report.code) == ("refused", "own_python")
    assert "`predict` of this model's RandomForestRegressor" in report.sentence
