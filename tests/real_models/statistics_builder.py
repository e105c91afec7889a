"""statsmodels' models, trained and saved by MLflow in an environment that holds statsmodels.

`statistics_builder.py FOLDER [NAME …]`, run by the environment's interpreter: MLflow itself comes
from the standard environment, whose packages are looked at last.
"""

# mypy: disable-error-code="misc,untyped-decorator"
from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

MODELS: dict[str, Callable[[], tuple[Any, Any]]] = {}


def model(function: Callable[[], tuple[Any, Any]]) -> Callable[[], tuple[Any, Any]]:
    """Register what gives trained results and rows, under its function's name."""
    MODELS[function.__name__] = function
    return function


def table(count: int = 300) -> Any:
    """Numbers, whole numbers, text and flags, and targets of several kinds."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(11)
    frame = pd.DataFrame(
        {
            "age": random.uniform(18, 80, count),
            "größe in cm": random.normal(170, 12, count),
            "children": random.integers(0, 5, count),
            "town": random.choice(["Rome", "Oslo", "Bern"], count).astype(object),
            "vip": random.random(count) < 0.4,
        }
    )
    frame["nick"] = np.where(frame["age"] > 50, "", frame["town"]).astype(object)
    centred = (frame["age"] - 50) / 20 + (frame["größe in cm"] - 170) / 30
    frame["amount"] = 3.0 + centred + 0.2 * random.normal(size=count)
    frame["bought"] = (random.random(count) < 1 / (1 + np.exp(-centred))).astype(int)
    frame["visits"] = random.poisson(np.exp(0.4 + 0.4 * centred))
    frame["share"] = np.clip(1 / (1 + np.exp(-centred - random.normal(size=count) / 9)), 0.01, 0.99)
    frame["kind"] = random.integers(0, 3, count) + (centred > 0.5)
    return frame


def numbers() -> tuple[Any, Any]:
    """Two scaled columns behind a constant, and the table of targets."""
    import statsmodels.api as sm

    frame = table()
    rows = frame[["age", "größe in cm"]] / [50.0, 170.0]
    return sm.add_constant(rows), frame


def _linear(name: str) -> None:
    def make() -> tuple[Any, Any]:
        import statsmodels.api as sm

        rows, frame = numbers()
        return getattr(sm, name)(frame["amount"], rows).fit(), rows

    MODELS[name.lower()] = make


for _name in ("OLS", "WLS", "GLS", "QuantReg", "RLM", "GLSAR"):
    _linear(_name)


def _discrete(name: str, target: str) -> None:
    def make() -> tuple[Any, Any]:
        import statsmodels.api as sm

        rows, frame = numbers()
        return getattr(sm, name)(frame[target], rows).fit(disp=0), rows

    MODELS[name.lower()] = make


for _name, _target in (
    *(("Logit", "bought"), ("Probit", "bought"), ("MNLogit", "kind"), ("Poisson", "visits")),
    *(("NegativeBinomial", "visits"), ("NegativeBinomialP", "visits")),
    ("GeneralizedPoisson", "visits"),
):
    _discrete(_name, _target)


def _glm(name: str, family: str, link: str, target: str, **options: Any) -> None:
    def make() -> tuple[Any, Any]:
        import statsmodels.api as sm

        rows, frame = numbers()
        written = getattr(sm.families.links, link)(**options)
        known = getattr(sm.families, family)(link=written)
        start = [float(written(frame[target].mean())), 0.0, 0.0]
        return sm.GLM(frame[target], rows, family=known).fit(start_params=start, maxiter=1), rows

    MODELS[f"glm_{name}"] = make


for _row in (
    *(("identity", "Gaussian", "Identity", "amount"), ("log", "Poisson", "Log", "visits")),
    *(("logit", "Binomial", "Logit", "bought"), ("probit", "Binomial", "Probit", "bought")),
    *(("cloglog", "Binomial", "CLogLog", "bought"), ("loglog", "Binomial", "LogLog", "bought")),
    *(("cauchy", "Binomial", "Cauchy", "bought"), ("inverse", "Gamma", "InversePower", "amount")),
    *(
        ("sqrt", "Poisson", "Sqrt", "visits"),
        ("squared", "InverseGaussian", "InverseSquared", "amount"),
    ),
    ("tweedie", "Tweedie", "Log", "amount"),
):
    _glm(*_row)
_glm("power", "Tweedie", "Power", "amount", power=0.3)


@model
def array() -> tuple[Any, Any]:
    """Trained on an array; the signature is a tensor."""
    import statsmodels.api as sm

    rows, frame = numbers()
    return sm.Logit(frame["bought"].to_numpy(), rows.to_numpy()).fit(disp=0), rows.to_numpy()


@model
def kinds() -> tuple[Any, Any]:
    """Whole numbers and floats in columns of their own types."""
    import statsmodels.api as sm

    frame = table()
    rows = frame[["children", "age"]].astype({"age": "float32", "children": "int32"})
    return sm.OLS(frame["amount"], rows).fit(), rows


@model
def flags() -> tuple[Any, Any]:
    """Flags alone."""
    import statsmodels.api as sm

    rows = table()[["vip"]].assign(young=table()["age"] < 40)
    return sm.OLS(table()["amount"], rows.astype(float)).fit(), rows


@model
def one_column() -> tuple[Any, Any]:
    """A slope alone."""
    import statsmodels.api as sm

    rows, frame = numbers()
    return sm.GLM(frame["visits"], rows[["age"]], family=sm.families.Poisson()).fit(), rows[["age"]]


@model
def regularized() -> tuple[Any, Any]:
    """Elastic net, with some parameters at zero."""
    import statsmodels.api as sm

    rows, frame = numbers()
    return sm.OLS(frame["amount"], rows).fit_regularized(alpha=0.1, L1_wt=0.7), rows


@model
def shortened() -> tuple[Any, Any]:
    """Without its training data."""
    results, rows = MODELS["ols"]()
    results.remove_data()
    return results, rows


@model
def exposed() -> tuple[Any, Any]:
    """Trained with an offset, which predict leaves out."""
    import numpy as np
    import statsmodels.api as sm

    rows, frame = numbers()
    offset = np.linspace(0.1, 1.0, len(rows))
    return sm.GLM(frame["visits"], rows, family=sm.families.Poisson(), offset=offset).fit(), rows


@model
def mixed() -> tuple[Any, Any]:
    """Fixed effects beside a random one for each town."""
    import statsmodels.api as sm

    rows, frame = numbers()
    return sm.MixedLM(frame["amount"], rows, groups=frame["town"]).fit(), rows


@model
def estimating() -> tuple[Any, Any]:
    """Generalised estimating equations."""
    import statsmodels.api as sm

    rows, frame = numbers()
    family = sm.families.Poisson()
    return sm.GEE(frame["visits"], rows, groups=frame["town"], family=family).fit(), rows


@model
def beta() -> tuple[Any, Any]:
    """Shares between 0 and 1."""
    from statsmodels.othermod.betareg import BetaModel

    rows, frame = numbers()
    return BetaModel(frame["share"], rows).fit(disp=0), rows


def _formula(name: str, function: str, formula: str, *columns: str, **options: Any) -> None:
    def make() -> tuple[Any, Any]:
        import numpy as np  # noqa: F401 - the formula's own name
        import statsmodels.formula.api as smf

        frame = table()
        return getattr(smf, function)(formula, frame).fit(**options), frame[list(columns)]

    MODELS[f"formula_{name}"] = make


_formula("plain", "ols", "amount ~ age + Q('größe in cm')", "age", "größe in cm")
_formula("categories", "logit", "bought ~ age + town + vip", "town", "age", "vip", disp=0)
_formula(
    "crossed", "ols", "amount ~ age * town + C(children):vip", "age", "town", "children", "vip"
)
_formula("no_intercept", "poisson", "visits ~ 0 + town + age", "age", "town", disp=0)
_formula(
    "sums",
    "ols",
    "amount ~ age + C(town, Sum) + C(children, Treatment(2))",
    "children",
    "town",
    "age",
)
_formula("powers", "ols", "amount ~ age + I(age ** 2) + np.log(age)", "age")
_formula("whole", "ols", "amount ~ children + I(children ** 2) + age:children", "age", "children")
_formula("three", "ols", "amount ~ town * vip * age", "town", "vip", "age")
_formula(
    "contrasts",
    "ols",
    "amount ~ C(children, Poly) + C(town, Helmert) + age",
    "children",
    "town",
    "age",
)
_formula("empty_text", "ols", "amount ~ C(nick) + age", "nick", "age")
_formula("response", "ols", "np.log(amount + 10) ~ age", "age")
_formula("spare_columns", "ols", "amount ~ age", "town", "age", "vip")
_formula("centred", "ols", "amount ~ center(age)", "age")
_formula("own", "ols", "amount ~ doubled(age)", "age")
_formula("cut", "ols", "amount ~ bs(age, df=4)", "age")


def doubled(values: Any) -> Any:
    """A function of the owner's own."""
    return values * 2


@model
def arima() -> tuple[Any, Any]:
    """A forecast."""
    from statsmodels.tsa.arima.model import ARIMA

    return ARIMA(table()["amount"].to_numpy(), order=(1, 0, 0)).fit(), None


@model
def smoothing() -> tuple[Any, Any]:
    """Exponential smoothing, a forecast too."""
    from statsmodels.tsa.holtwinters import SimpleExpSmoothing

    return SimpleExpSmoothing(
        table()["amount"].to_numpy(), initialization_method="estimated"
    ).fit(), None


@model
def ordered() -> tuple[Any, Any]:
    """Ordered categories, whose thresholds are written nowhere here."""
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    rows, frame = numbers()
    rows = rows[["age", "größe in cm"]]
    return OrderedModel(frame["kind"], rows, distr="logit").fit(disp=0), rows


@model
def unsigned() -> tuple[Any, Any]:
    """Without signature or example."""
    results, _ = MODELS["glm_log"]()
    return results, None


@model
def unsigned_formula() -> tuple[Any, Any]:
    """A formula without signature or example."""
    results, _ = MODELS["formula_crossed"]()
    return results, None


def main(arguments: Sequence[str]) -> None:
    """Train and save the named models, or all."""
    sys.path.append(os.environ["STANDARD_PACKAGES"])
    warnings.simplefilter("ignore")
    import mlflow.statsmodels
    from mlflow.models import infer_signature

    folder, names = Path(arguments[0]), arguments[1:] or list(MODELS)
    for name in names:
        results, rows = MODELS[name]()
        mlflow.statsmodels.save_model(
            results,
            str(folder / name),
            signature=None if rows is None else infer_signature(rows),
            input_example=None if rows is None else rows[:5],
            pip_requirements=["statsmodels"],
        )


if __name__ == "__main__":
    main(sys.argv[1:])
