"""scikit-learn to PMML through both steps: what is proven, what is refused by name."""

import numpy as np
import pytest

from tests.converters import jobs


def run(folder, model):
    job = jobs.make_job(folder, model, target="pmml")
    report = jobs.convert(job)
    return job, report, jobs.judge(job) if report.state == "converted" else None


def fitted(folder, model, rows, labels):
    return jobs.save(folder, model.fit(rows, labels), rows)


def test_mixed_columns_with_gaps_are_proven_and_no_file_is_left_over(tmp_path, mixed):
    job, report, verdict = run(tmp_path / "job", mixed)
    assert (verdict.state, verdict.sentence) == ("proven", "")
    assert verdict.runtime == "pmml-evaluator 1.7.7"
    assert [item.name for item in report.inputs] == ["age", "home town", "income", "vip"]
    left = sorted(path.name for path in (job / "convert").iterdir())
    assert left == ["kinds.json", "model.pmml", "report.json", "rows"]


def test_a_scaled_forest_is_proven_to_the_bit(tmp_path, scaled_forest):
    _, report, verdict = run(tmp_path / "job", scaled_forest)
    assert verdict.state == "proven"
    assert report.exact
    assert max(item.max_abs for item in verdict.parity) <= 1e-9


def test_one_nudged_threshold_is_refused(tmp_path, scaled_forest):
    job, _, _ = run(tmp_path / "job", scaled_forest)
    path = job / "convert" / "model.pmml"
    text = path.read_text()
    head, _, tail = text.partition('<SimplePredicate field="')
    value = tail.split('value="')[1].split('"')[0]
    nudged = tail.replace(f'value="{value}"', f'value="{float(value) + 1e-5!r}"', 1)
    path.write_text(f'{head}<SimplePredicate field="{nudged}')
    jobs.forge(job)
    verdict = jobs.judge(job)
    assert (verdict.state, verdict.code) == ("refused", "parity_failed")


def test_a_classifier_without_probabilities_is_proven_by_its_labels_alone(tmp_path):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    rows, labels = jobs.wine()
    model = make_pipeline(StandardScaler(), LinearSVC())
    first = fitted(tmp_path / "m", model, rows, labels == labels[0])
    _, report, verdict = run(tmp_path / "job", first)
    assert [output.name for output in report.outputs] == ["label"]
    assert verdict.state == "proven"


def test_a_column_named_like_the_output_keeps_its_name(tmp_path):
    from sklearn.linear_model import LinearRegression

    rows, labels = jobs.wine()
    rows = rows.iloc[:, :2].set_axis(["prediction", "a b"], axis=1)
    _, report, verdict = run(
        tmp_path / "job", fitted(tmp_path / "m", LinearRegression(), rows, labels)
    )
    assert [item.name for item in report.inputs] == ["prediction", "a b"]
    assert [output.name for output in report.outputs] == ["prediction_"]
    assert verdict.state == "proven"


def own_function(values):
    return np.asarray(values) + 1


def test_own_python_is_refused_by_name(tmp_path):
    import cloudpickle
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    from tests.converters.steps import test_pmml_jobs

    cloudpickle.register_pickle_by_value(test_pmml_jobs)
    rows, labels = jobs.wine()
    model = make_pipeline(FunctionTransformer(own_function), LogisticRegression())
    _, report, _ = run(tmp_path / "job", fitted(tmp_path / "m", model, rows, labels))
    assert (report.state, report.code) == ("refused", "own_python")
    assert "own_function" in report.sentence


def wrong_models():
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.cluster import KMeans
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import QuantileTransformer

    normal = QuantileTransformer(output_distribution="normal", n_quantiles=50)
    return {
        "calibrated": (CalibratedClassifierCV(LogisticRegression(max_iter=50)), "Calibrated"),
        "quantile": (make_pipeline(normal, LogisticRegression()), "QuantileTransformer"),
        "nan forest": (RandomForestClassifier(5, random_state=0), "missing values"),
        "two outputs": (RandomForestClassifier(5), "several outputs"),
        "cluster": (KMeans(2), "classifiers and regressors"),
    }


@pytest.mark.parametrize("name", ["calibrated", "quantile", "nan forest", "two outputs", "cluster"])
def test_what_comes_out_wrong_is_refused_by_name_before_it_is_tried(tmp_path, name):
    from converters.contract import Identity, Request, Signature, Tensor
    from converters.errors import Refused
    from converters.routes import sklearn_pmml
    from converters.sources.loaded import Loaded

    rows, labels = jobs.wine()
    values = rows.to_numpy()
    model, word = wrong_models()[name]
    if name == "nan forest":
        values = np.where(np.random.default_rng(0).random(values.shape) < 0.2, np.nan, values)
    wanted = np.column_stack([labels, labels]) if name == "two outputs" else labels
    model.fit(values, wanted)
    signature = Signature(tensor=Tensor("X", "float64", [-1, 13]))
    request = Request("sklearn", "pmml", Identity("tests", "model", "1"))
    with pytest.raises(Refused, match=word) as refusal:
        sklearn_pmml.convert(Loaded("sklearn", model, {}, tmp_path, signature), request, tmp_path)
    assert refusal.value.code == "not_in_pmml"
    assert list(tmp_path.iterdir()) == []


def test_a_forest_that_saw_no_missing_values_is_not_taken_for_one_that_did():
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

    from converters.routes import pmml_limits

    rows, labels = jobs.wine()
    for forest in (RandomForestClassifier(30), ExtraTreesClassifier(30)):
        pmml_limits.check(forest.fit(rows, labels))
