"""Files of boosters and of H2O, scored by their own libraries in a real JVM, in generated Java."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import catboost
import lightgbm
import mlflow
import numpy as np
import pandas as pd
import pytest
import xgboost

from converters import contract
from converters.bundle import manifest as manifests
from converters.bundle.build import build
from converters.steps import jvm as judging
from tests.converters.java.test_tools import laid_out as formatted
from tests.converters.jobs import make_job
from tests.real_models import elsewhere, h2o_models
from tests.workers.test_jvm import checker_in
from workers import jvm

pytestmark = pytest.mark.skipif(
    shutil.which("mvn") is None, reason="no Maven here, which fetches the runtimes' jars once"
)
RANDOM = np.random.default_rng(4)
NUMBERS = pd.DataFrame(RANDOM.normal(size=(300, 4)), columns=["a", "b", "c d", "é"])
NUMBERS.iloc[::9, 1] = np.nan
SCORE = NUMBERS["a"] - NUMBERS["c d"] + RANDOM.normal(scale=0.5, size=300)
TWO = (SCORE > 0).astype(int)
# As many of each as there are, so that XGBoost starts each class from a number of its own.
THREE = pd.cut(SCORE, [-np.inf, -1, 0.2, np.inf], labels=False)
NAMES = np.array(["low", "3rd", "größer 😀"])[THREE]
MIXED = NUMBERS.assign(
    n=RANDOM.integers(-5, 9, 300),
    i=RANDOM.integers(0, 4, 300).astype(np.int32),
    f=RANDOM.normal(size=300).astype(np.float32),
    on=RANDOM.random(300) < 0.5,
)
WORDS = MIXED.assign(
    town=RANDOM.choice(["Ulm", "Łódź", "a\0b", "😀"], 300).astype(object),
    flag=RANDOM.random(300) < 0.5,
)
MANY = pd.DataFrame(RANDOM.normal(size=(80, 150)), columns=[f"column {at}" for at in range(150)])
MANY["column 3"] = RANDOM.integers(-3, 9, 80)
MANY["column 4"] = RANDOM.random(80) < 0.5
MANY_WORDS = MANY.assign(word=RANDOM.choice(["x", "y"], 80).astype(object))
SMALL: Any = {"n_estimators": 12, "max_depth": 3}
QUIET: Any = {**SMALL, "verbose": -1}
CAT: Any = {"iterations": 12, "depth": 3, "verbose": 0, "allow_writing_files": False}
KINDS = ["n", "i", "town", "flag"]

# name → the rows that it is signed by, and the trained model.
MODELS: dict[str, tuple[Any, Any]] = {
    "xgboost-two": (NUMBERS, lambda x: xgboost.XGBClassifier(**SMALL).fit(x, TWO)),
    "xgboost-three": (NUMBERS, lambda x: xgboost.XGBClassifier(**SMALL).fit(x, THREE)),
    "xgboost-regressor": (MIXED, lambda x: xgboost.XGBRegressor(**SMALL).fit(x, SCORE)),
    "xgboost-targets": (
        NUMBERS,
        lambda x: xgboost.XGBRegressor(**SMALL).fit(x, np.column_stack([SCORE, SCORE + 5])),
    ),
    "xgboost-many": (MANY, lambda x: xgboost.XGBRegressor(**SMALL).fit(x, x["column 0"])),
    "lightgbm-two": (MIXED, lambda x: lightgbm.LGBMClassifier(**QUIET).fit(x, TWO)),
    "lightgbm-three": (NUMBERS, lambda x: lightgbm.LGBMClassifier(**QUIET).fit(x, NAMES)),
    "lightgbm-regressor": (NUMBERS, lambda x: lightgbm.LGBMRegressor(**QUIET).fit(x, SCORE)),
    "lightgbm-many": (MANY, lambda x: lightgbm.LGBMRegressor(**QUIET).fit(x, x["column 0"])),
    "lightgbm-tensor": (
        NUMBERS.to_numpy(),
        lambda x: lightgbm.LGBMClassifier(**QUIET).fit(x, THREE),
    ),
    "catboost-two": (
        WORDS,
        lambda x: catboost.CatBoostClassifier(**CAT).fit(x, TWO, cat_features=KINDS),
    ),
    "catboost-three": (NUMBERS, lambda x: catboost.CatBoostClassifier(**CAT).fit(x, NAMES)),
    "catboost-regressor": (MIXED, lambda x: catboost.CatBoostRegressor(**CAT).fit(x, SCORE)),
    "catboost-many": (
        MANY_WORDS,
        lambda x: catboost.CatBoostRegressor(**CAT).fit(
            x, x["column 0"], cat_features=["word", "column 3"]
        ),
    ),
    "xgboost-vectors": (
        NUMBERS,
        lambda x: xgboost.XGBRegressor(multi_strategy="multi_output_tree", **SMALL).fit(
            x, np.column_stack([SCORE, SCORE + 5])
        ),
    ),
}
H2O = ["gbm", "several", "gbm_amount", "clusters", "anomalies"]


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[jvm.Checker]:
    """One warm JVM for all of them."""
    made = checker_in(tmp_path_factory.mktemp("jvm"))
    yield made
    made.close()


def saved(name: str, folder: Path) -> Path:
    """The job directory of a model that MLflow saved."""
    rows, train = MODELS[name]
    flavor = name.partition("-")[0]
    model = train(rows)
    options = {
        "signature": mlflow.models.infer_signature(rows, np.asarray(model.predict(rows))),
        "pip_requirements": ["mlflow"],
        "input_example": rows[:5],
    }
    getattr(mlflow, flavor).save_model(model, folder / "model", **options)
    made: Path = make_job(
        folder / "job", folder / "model", flavor, target=flavor, rows=150, build=1
    )
    return made


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The boosters' job directories, with the bundle; one child a step and target for all."""
    jobs = {name: saved(name, tmp_path_factory.mktemp(name)) for name in MODELS}
    elsewhere.run("convert", list(jobs.values()))
    for flavor in ("xgboost", "lightgbm", "catboost"):
        elsewhere.run("judge", [job for name, job in jobs.items() if name.startswith(flavor)])
    for job in jobs.values():
        build(job)
    return jobs


@pytest.fixture(scope="module")
def mojos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same of H2O's models."""
    jobs: dict[str, Path] = {}
    for name in H2O:
        folder = tmp_path_factory.mktemp(name)
        model = h2o_models.copy(name, folder / "model")
        jobs[name] = make_job(folder / "job", model, "h2o", target="mojo", rows=150, build=1)
    for step in ("convert", "judge"):
        elsewhere.run(step, list(jobs.values()), h2o_models.ENVIRONMENT)
    for job in jobs.values():
        build(job)
    return jobs


def answers_alike(checker: jvm.Checker, job: Path) -> contract.JvmReport:
    """Compile the bundle's Java, run it on the golden rows, and judge what it answers."""
    (job / "jvm").mkdir()
    ran = checker.check(job / "bundle", job / "jvm", 120, lambda: False)
    assert (ran.state, ran.message) == ("ran", ""), checker.said()
    contract.write(ran, job / "jvm" / "run.json")
    assert judging.run(job)
    report = contract.read(contract.JvmReport, job / "jvm" / "report.json")
    assert report.state == "proven", report.sentence
    # The library in the jar and the one in Python do the same additions.
    assert max(one.max_abs for one in report.parity) < 1e-6
    return report


@pytest.mark.parametrize("name", [name for name in MODELS if name != "xgboost-vectors"])
def test_a_boosters_own_file_answers_in_java_as_in_python(checker, proven, name):
    job = proven[name]
    manifest = manifests.read_manifest(job / "bundle")
    assert manifest.lacks_java == ""
    report = answers_alike(checker, job)
    assert report.rows == manifest.golden.rows >= 100


@pytest.mark.parametrize("name", H2O)
def test_a_mojo_answers_in_java_as_in_the_judge(checker, mojos, name):
    report = answers_alike(checker, mojos[name])
    assert report.rows >= 100


def test_more_rows_than_one_call_takes_and_none_at_all_are_answered(checker, proven, tmp_path):
    """LightGBM with three classes: what a call answers must fit the memory that it is given."""
    job = shutil.copytree(proven["lightgbm-three"], tmp_path / "job")
    shutil.rmtree(job / "jvm", ignore_errors=True)
    (driver,) = (job / "bundle/java").rglob("GoldenAnswers.java")
    text = driver.read_text(encoding="utf-8")
    once = "model.score(List.copyOf(inputs.values()))"
    assert once in text
    many = (
        "model.score(java.util.Collections.nCopies(100, List.copyOf(inputs.values())).stream()"
        ".flatMap(List::stream).toList()).subList(0, inputs.size() + model.score(List.of()).size())"
    )
    driver.write_text(text.replace(once, many), encoding="utf-8")
    answers_alike(checker, job)


def test_a_model_that_its_library_cannot_carry_is_published_without_java_and_says_why(proven):
    bundle = proven["xgboost-vectors"] / "bundle"
    manifest = manifests.read_manifest(bundle)
    assert "a base score for each of its outputs" in manifest.lacks_java
    assert not (bundle / "java").exists()
    readme = (bundle / "README.md").read_text(encoding="utf-8")
    assert "No Java is generated for this model: The model has a base score" in readme
    assert "mvn" not in readme and "`java/`" not in readme
    assert "Java project" not in manifest.licences[0].covers


def test_java_that_a_jvm_found_wanting_is_left_out_of_the_bundle(proven, tmp_path):
    job = shutil.copytree(proven["lightgbm-regressor"], tmp_path / "job")
    (job / "jvm").mkdir(exist_ok=True)
    no = contract.JvmReport("refused", "jvm_differs", "The generated Java is off by a mile.")
    contract.write(no, job / "jvm" / "report.json")
    build(job)
    assert manifests.read_manifest(job / "bundle").lacks_java == no.sentence
    assert not (job / "bundle" / "java").exists()


def test_the_sources_are_laid_out_as_google_java_format_would(proven, mojos):
    if shutil.which("javac") is None:
        pytest.skip("no JDK here, which the formatter needs")
    jobs = [*proven.values(), *mojos.values()]
    done = formatted([path for job in jobs for path in (job / "bundle").rglob("*.java")])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_pom_names_the_version_that_was_run_and_leaves_out_what_is_not_loaded(proven):
    pom = (proven["xgboost-two"] / "bundle/java/published-pom.xml").read_text(encoding="utf-8")
    assert "<artifactId>xgboost4j_2.12</artifactId>\n      <version>3.0.4</version>" in pom
    assert "<groupId>org.scala-lang</groupId>" in pom
