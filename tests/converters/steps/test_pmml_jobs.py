"""scikit-learn to PMML through both steps: what is proven, what is refused by name."""

import re

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
    assert left == ["alone.json", "kinds.json", "model.pmml", "report.json", "rows", "splits.json"]


def test_a_scaled_forest_is_proven_to_the_bit(tmp_path, scaled_forest):
    _, report, verdict = run(tmp_path / "job", scaled_forest)
    assert verdict.state == "proven"
    assert report.exact
    assert max(item.max_abs for item in verdict.parity) <= 1e-9


def test_one_tree_with_nudged_thresholds_is_refused(tmp_path, scaled_forest):
    job, _, _ = run(tmp_path / "job", scaled_forest)
    path = job / "convert" / "model.pmml"
    head, tree, tail = path.read_text().partition("</TreeModel>")
    threshold = re.compile(r'(<SimplePredicate field="[^"]*" operator="\w+" value=")([^"]+)"')
    nudged, count = threshold.subn(lambda m: f'{m[1]}{float(m[2]) + 1e-5!r}"', head)
    assert count > 5
    path.write_text(nudged + tree + tail)
    jobs.forge(job)
    verdict = jobs.judge(job)
    assert (verdict.state, verdict.code) == ("refused", "parity_failed")


def test_a_classifier_without_probabilities_is_proven_by_its_label_and_scores(tmp_path):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    rows, labels = jobs.wine()
    model = make_pipeline(StandardScaler(), LinearSVC())
    first = fitted(tmp_path / "m", model, rows, labels == labels[0])
    _, report, verdict = run(tmp_path / "job", first)
    assert [output.name for output in report.outputs] == ["label", "scores"]
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


def others_get_wrong():
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.cluster import KMeans
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import QuantileTransformer

    normal = QuantileTransformer(output_distribution="normal", n_quantiles=50)
    return {
        "calibrated": CalibratedClassifierCV(LogisticRegression(max_iter=50)),
        "quantile": make_pipeline(normal, LogisticRegression()),
        "nan forest": RandomForestClassifier(5, random_state=0),
        "two outputs": RandomForestRegressor(5, random_state=0),
        "cluster": KMeans(2, random_state=0),
    }


@pytest.mark.parametrize("name", ["calibrated", "quantile", "nan forest", "two outputs", "cluster"])
def test_what_other_converters_get_wrong_in_pmml_is_proven(tmp_path, name):
    rows, labels = jobs.wine()
    model = others_get_wrong()[name]
    if name == "nan forest":
        rows = rows.mask(np.random.default_rng(0).random(rows.shape) < 0.2)
    wanted = np.column_stack([labels, labels > 0]) if name == "two outputs" else labels
    saved = fitted(tmp_path / "m", model, rows, wanted)
    _, report, verdict = run(tmp_path / "job", saved)
    assert (report.state, report.sentence) == ("converted", "")
    assert report.exact
    assert (verdict.state, verdict.sentence) == ("proven", "")


def test_what_nothing_writes_is_refused_by_name_and_leaves_no_file(tmp_path):
    from sklearn.linear_model import LogisticRegression
    from sklearn.manifold import Isomap
    from sklearn.pipeline import make_pipeline

    rows, labels = jobs.wine()
    steps = make_pipeline(Isomap(n_neighbors=10), LogisticRegression())
    model = fitted(tmp_path / "m", steps, rows.iloc[:60, :3], labels[:60] > 0)
    job, report, _ = run(tmp_path / "job", model)
    assert (report.state, report.code) == ("refused", "not_in_pmml")
    assert "Isomap" in report.sentence
    assert "Exception" not in report.sentence and ".java" not in report.sentence
    assert sorted(path.name for path in (job / "convert").iterdir()) == ["report.json"]


def test_a_forest_that_saw_no_missing_values_is_not_taken_for_one_that_did():
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

    from converters import pmml_limits

    rows, labels = jobs.wine()
    for forest in (RandomForestClassifier(30), ExtraTreesClassifier(30)):
        pmml_limits.check(forest.fit(rows, labels))
