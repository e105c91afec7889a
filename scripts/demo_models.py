"""Real, trained models for a real MLflow server: what the demo shows and the tests convert.

Two of them cannot be converted, and one is converted wrongly by whoever rounds to float32.
`python scripts/demo_models.py URL` logs them; a server that holds them already is left alone.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts import demo_flavors

EXPERIMENT = "crossport-demo"
# Set on a registered model with its last version: an interrupted logging is taken up again.
COMPLETE = "demo.complete"
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}


@dataclass(frozen=True)
class Trained:
    """A fitted model, as logged.

    example: the input example; answers: what the model says to it.
    seen: the rows it learned from, which tell the signature where values may be missing.
    """

    flavor: str
    model: Any
    example: Any
    seen: Any
    answers: Any
    metrics: dict[str, float]


@dataclass(frozen=True)
class Version:
    """One version to log: the parameters it is trained with, and how it is marked."""

    params: dict[str, Any] = field(default_factory=dict)
    alias: str = ""
    stage: str = ""
    description: str = ""


@dataclass(frozen=True)
class DemoModel:
    """One registered model and its versions; `train` takes a version's parameters."""

    name: str
    description: str
    tags: dict[str, str]
    train: Callable[..., Trained]
    versions: tuple[Version, ...]


def log_demo_models(url: str, progress: Callable[[str], object] = print) -> None:
    """Log every demo model that the server does not hold in full; the rest is left as it is.

    Raises:
        httpx.HTTPError: the server does not answer as an MLflow server does.
    """
    complete = _complete_models(url)
    missing = [model for model in DEMO_MODELS if model.name not in complete]
    if not missing:
        return
    with _quiet(url):
        import mlflow

        experiment = mlflow.set_experiment(EXPERIMENT).experiment_id
        for number, model in enumerate(missing, 1):
            progress(f"{number}/{len(missing)} {model.name}: {model.description}")
            _log_model(mlflow.MlflowClient(url), experiment, model)


def _complete_models(url: str) -> set[str]:
    """Asked without MLflow's client, whose import alone takes seconds."""
    answer = httpx.get(
        f"{url.rstrip('/')}/api/2.0/mlflow/registered-models/search",
        params={"max_results": 1000},
        timeout=30,
        trust_env=False,
    )
    rows = answer.raise_for_status().json().get("registered_models", [])
    return {
        row["name"] for row in rows if any(tag["key"] == COMPLETE for tag in row.get("tags", []))
    }


@contextlib.contextmanager
def _quiet(url: str) -> Iterator[None]:
    """MLflow's client pointed at `url` and without its chatter; both undone afterwards."""
    before = {name: os.environ.get(name) for name in QUIET}
    os.environ.update(QUIET)
    import cloudpickle
    import mlflow.pyfunc  # before the filter below, which its import would otherwise override

    logger, here = logging.getLogger("mlflow"), sys.modules[__name__]
    level, tracking = logger.level, mlflow.get_tracking_uri()
    logger.setLevel(logging.ERROR)
    mlflow.set_tracking_uri(url)
    # Own code travels inside the model's pickle, so that the model loads where this file is not.
    if __name__ != "__main__":
        cloudpickle.register_pickle_by_value(here)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if __name__ != "__main__":
            cloudpickle.unregister_pickle_by_value(here)
        mlflow.set_tracking_uri(tracking)
        logger.setLevel(level)
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _log_model(client: Any, experiment: str, model: DemoModel) -> None:
    known = {row.name for row in client.search_registered_models(max_results=1000)}
    if model.name not in known:
        client.create_registered_model(model.name, tags=model.tags, description=model.description)
    present = len(client.search_model_versions(f"name = '{model.name}'"))
    for version in model.versions[present:]:
        _log_version(client, experiment, model, version)
    client.set_registered_model_tag(model.name, COMPLETE, "yes")


def _log_version(client: Any, experiment: str, model: DemoModel, version: Version) -> None:
    import mlflow

    trained = model.train(**version.params)
    with mlflow.start_run(experiment_id=experiment, run_name=f"{model.name} training") as run:
        mlflow.log_params(version.params)
        mlflow.log_metrics(trained.metrics)
        info = _log_artifacts(model.name, trained)
    row = client.create_model_version(
        model.name,
        info.model_uri,
        run_id=run.info.run_id,
        tags={"team": model.tags["team"], "flavor": trained.flavor},
        description=version.description,
        await_creation_for=0,
        model_id=info.model_id,
    )
    if version.alias:
        client.set_registered_model_alias(model.name, version.alias, row.version)
    if version.stage:
        client.transition_model_version_stage(model.name, row.version, version.stage)


def _log_artifacts(name: str, trained: Trained) -> Any:
    import mlflow

    common = {
        "name": name,
        "signature": mlflow.models.infer_signature(trained.seen, trained.answers),
        "input_example": trained.example,
        # Given, because MLflow would find them out by loading the model in a process of its own.
        "pip_requirements": _requirements(trained.flavor),
    }
    if trained.flavor == "xgboost":
        return mlflow.xgboost.log_model(trained.model, **common)
    if trained.flavor == "pyfunc":
        return mlflow.pyfunc.log_model(python_model=trained.model, **common)
    if trained.flavor == "catboost":
        return mlflow.catboost.log_model(trained.model, **common)
    if trained.flavor == "onnx":
        return mlflow.onnx.log_model(trained.model, **common)
    # skops, the default, refuses trees and everything of one's own.
    log = {"sklearn": mlflow.sklearn.log_model, "lightgbm": mlflow.lightgbm.log_model}
    return log[trained.flavor](trained.model, serialization_format="cloudpickle", **common)


def _requirements(flavor: str) -> list[str]:
    names = {
        "sklearn": ["scikit-learn", "pandas", "cloudpickle"],
        "xgboost": ["xgboost-cpu", "scikit-learn", "pandas"],
        "lightgbm": ["lightgbm", "scikit-learn", "pandas", "cloudpickle"],
        "catboost": ["catboost", "pandas"],
        "onnx": ["onnx", "onnxruntime"],
        "pyfunc": ["scikit-learn", "pandas", "cloudpickle"],
    }[flavor]
    return [f"{name}=={importlib.metadata.version(name)}" for name in ["mlflow", *names]]


def _fit(flavor: str, model: Any, rows: Any, measure: str) -> Trained:
    """Fit on the split's rows, measure on those aside; the first five of them are the example."""
    model.fit(rows.x_train, rows.y_train)
    example = rows.x_test[:5]
    score = float(model.score(rows.x_test, rows.y_test))
    metrics = {measure: score, "train_rows": float(len(rows.y_train))}
    return Trained(flavor, model, example, rows.x_train, model.predict(example), metrics)


def credit_risk(c: float, impute: str = "median") -> Trained:
    """Words and numbers with gaps in both: a column transformer before a logistic regression."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    from scripts.demo_tables import loans

    numbers = make_pipeline(SimpleImputer(strategy=impute), StandardScaler())
    words = make_pipeline(
        SimpleImputer(missing_values=None, strategy="constant", fill_value="unbekannt"),
        OneHotEncoder(handle_unknown="ignore"),
    )
    columns = ColumnTransformer(
        [
            ("numbers", numbers, ["age", "loan amount", "income", "late_payments"]),
            ("words", words, ["Beschäftigung", "home"]),
        ]
    )
    model = make_pipeline(columns, LogisticRegression(C=c, max_iter=500))
    return _fit("sklearn", model, loans(), "accuracy")


def tumour_forest(trees: int, depth: int) -> Trained:
    from sklearn.ensemble import RandomForestClassifier

    from scripts.demo_tables import shipped

    model = RandomForestClassifier(trees, max_depth=depth, random_state=0)
    return _fit("sklearn", model, shipped("breast_cancer"), "accuracy")


def scaled_forest(trees: int) -> Trained:
    """Standardised doubles meet float32 thresholds: rounding the scaler's answers flips labels."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from scripts.demo_tables import shipped

    model = make_pipeline(StandardScaler(), RandomForestClassifier(trees, random_state=0))
    return _fit("sklearn", model, shipped("wine"), "accuracy")


def diabetes_linear(ridge: float = 0.0) -> Trained:
    from sklearn.linear_model import LinearRegression, Ridge

    from scripts.demo_tables import shipped

    model = Ridge(alpha=ridge) if ridge else LinearRegression()
    return _fit("sklearn", model, shipped("diabetes"), "r2")


def diabetes_boosting(trees: int, learning_rate: float = 0.1) -> Trained:
    from sklearn.ensemble import GradientBoostingRegressor

    from scripts.demo_tables import shipped

    model = GradientBoostingRegressor(
        n_estimators=trees, learning_rate=learning_rate, max_depth=3, random_state=0
    )
    return _fit("sklearn", model, shipped("diabetes"), "r2")


def digits_svm(kernel: str, c: float = 1.0) -> Trained:
    from sklearn.svm import SVC

    from scripts.demo_tables import digits

    return _fit("sklearn", SVC(kernel=kernel, C=c), digits(), "accuracy")


def wine_xgboost(trees: int, depth: int) -> Trained:
    from xgboost import XGBClassifier

    from scripts.demo_tables import shipped

    model = XGBClassifier(n_estimators=trees, max_depth=depth, n_jobs=1, random_state=0)
    return _fit("xgboost", model, shipped("wine"), "accuracy")


def tumour_lightgbm(trees: int, leaves: int) -> Trained:
    from lightgbm import LGBMClassifier

    from scripts.demo_tables import shipped

    model = LGBMClassifier(
        n_estimators=trees, num_leaves=leaves, n_jobs=1, random_state=0, verbose=-1
    )
    return _fit("lightgbm", model, shipped("breast_cancer"), "accuracy")


def debt_ratio(table: Any) -> Any:
    """The bank's own arithmetic, which neither ONNX nor PMML can carry."""
    return table[["loan amount"]].to_numpy() / table[["income"]].fillna(30000.0).to_numpy()


def affordability(c: float) -> Trained:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    from scripts.demo_tables import Split, loans

    columns = ["loan amount", "income"]
    rows = loans()
    rows = Split(rows.x_train[columns], rows.x_test[columns], rows.y_train, rows.y_test)
    model = make_pipeline(FunctionTransformer(debt_ratio), LogisticRegression(C=c))
    return _fit("sklearn", model, rows, "accuracy")


def house_rules(limit: float) -> Trained:
    """No estimator at all: a rule in Python, registered so that it has a version and an owner."""
    import mlflow

    from scripts.demo_tables import loans

    # MLflow would read type hints of this method as a signature, and misses them aloud: it switches
    # its warning on by itself, so that it can only be caught.
    with warnings.catch_warnings(record=True):

        class HouseRules(mlflow.pyfunc.PythonModel):  # type: ignore[misc,name-defined]
            def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
                return (model_input["loan amount"] <= limit).to_numpy()

    rows = loans()
    example = rows.x_test[["loan amount"]][:5]
    rules: Any = HouseRules()
    allowed = float((rows.x_test["loan amount"] <= limit).mean())
    answers = rules.predict(None, example)
    return Trained(
        "pyfunc", rules, example, rows.x_train[["loan amount"]], answers, {"allowed_share": allowed}
    )


DEMO_MODELS = (
    DemoModel(
        "credit-risk",
        "Whether a loan will be repaid; words and numbers, with gaps.",
        {"team": "lending", "domain": "credit", "contains": "strings, missing values"},
        credit_risk,
        (
            Version({"c": 0.01}, stage="Archived", description="The first try."),
            Version({"c": 1.0}, "champion", "Production", "In use since the spring review."),
            Version({"c": 1.0, "impute": "mean"}, "challenger", "Staging", "Means for medians."),
        ),
    ),
    DemoModel(
        "tumour-forest",
        "Benign or malignant, by a random forest.",
        {"team": "research", "domain": "medicine"},
        tumour_forest,
        (
            Version({"trees": 20, "depth": 4}, "challenger"),
            Version({"trees": 40, "depth": 8}, "champion", "Production", "Twice the trees."),
        ),
    ),
    DemoModel(
        "scaled-forest",
        "Three cultivars of wine; float32 flips its labels unless the conversion is exact.",
        {"team": "research", "domain": "wine", "numerics": "sensitive to float32"},
        scaled_forest,
        (Version({"trees": 15}), Version({"trees": 30}, "champion")),
    ),
    DemoModel(
        "diabetes-linear",
        "Progression after a year, by least squares.",
        {"team": "research", "domain": "medicine"},
        diabetes_linear,
        (
            Version(description="Ordinary least squares."),
            Version({"ridge": 0.1}, "champion", description="A little shrinkage."),
        ),
    ),
    DemoModel(
        "diabetes-boosting",
        "Progression after a year, by gradient boosting.",
        {"team": "research", "domain": "medicine"},
        diabetes_boosting,
        (
            Version({"trees": 60}, "challenger"),
            Version({"trees": 120, "learning_rate": 0.05}, "champion", "Staging"),
        ),
    ),
    DemoModel(
        "digits-svm",
        "Handwritten digits from 64 grey values, by a support vector machine.",
        {"team": "vision", "input": "tensor"},
        digits_svm,
        (Version({"kernel": "linear"}), Version({"kernel": "rbf", "c": 2.0}, "champion")),
    ),
    DemoModel(
        "wine-xgboost",
        "Three cultivars of wine, by XGBoost.",
        {"team": "research", "domain": "wine"},
        wine_xgboost,
        (
            Version({"trees": 20, "depth": 3}, "challenger"),
            Version({"trees": 40, "depth": 4}, "champion", "Production"),
        ),
    ),
    DemoModel(
        "tumour-lightgbm",
        "Benign or malignant, by LightGBM, which compares in double.",
        {"team": "research", "domain": "medicine", "numerics": "sensitive to float32"},
        tumour_lightgbm,
        (
            Version({"trees": 30, "leaves": 7}),
            Version({"trees": 60, "leaves": 15}, "champion"),
        ),
    ),
    DemoModel(
        "loan-catboost",
        "Whether a loan will be repaid, by CatBoost, from the words as they are.",
        {"team": "lending", "domain": "credit", "contains": "strings, missing values"},
        demo_flavors.loan_catboost,
        (Version({"trees": 40, "depth": 4}, "champion"),),
    ),
    DemoModel(
        "loan-categories",
        "The same by scikit-learn's histogram boosting, which splits on sets of categories.",
        {"team": "lending", "domain": "credit", "contains": "categories, missing values"},
        demo_flavors.loan_categories,
        (Version({"iterations": 30}, "challenger"),),
    ),
    DemoModel(
        "complaint-topic",
        "What a complaint is about: words and pairs of words.",
        {"team": "service", "contains": "texts"},
        demo_flavors.complaint_topic,
        (Version({"words": 200}, "champion"),),
    ),
    DemoModel(
        "wine-network",
        "Three cultivars of wine, by a small network that arrived as an ONNX file.",
        {"team": "research", "domain": "wine"},
        demo_flavors.wine_network,
        (Version({"units": 12}, "champion"),),
    ),
    DemoModel(
        "risk-service",
        "A pyfunc around a classifier: what it hands on is converted, and proven against it.",
        {"team": "research", "domain": "medicine"},
        demo_flavors.risk_service,
        (Version({"c": 1.0}, "champion"),),
    ),
    DemoModel(
        "affordability",
        "Debt against income, with own Python inside: cannot be converted, and says why.",
        {"team": "lending", "domain": "credit"},
        affordability,
        (Version({"c": 1.0}, "champion"),),
    ),
    DemoModel(
        "house-rules",
        "A rule in plain Python (pyfunc): nothing that could be converted.",
        {"team": "lending", "domain": "credit"},
        house_rules,
        (Version({"limit": 25000.0}, "champion", description="The board's limit."),),
    ),
)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("Usage: python scripts/demo_models.py URL", file=sys.stderr)
        return 2
    log_demo_models(arguments[0])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
