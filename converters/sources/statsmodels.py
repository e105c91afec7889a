"""Loads what `mlflow.statsmodels` saved: results whose predict is a formula of one row."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from converters.contract import Column, Signature
from converters.errors import Refused
from converters.sources import formula_design, mlmodel, sklearn
from converters.sources.formula_design import Term
from converters.sources.loaded import Loaded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from converters.sampling.features import Feature

FILE = "model.statsmodels"
LINEAR = "identity"
# Class of the model → how its mean comes from the linear predictor; others have a link.
MEANS = {
    **dict.fromkeys(("OLS", "WLS", "GLS", "GLSAR", "QuantReg", "RLM", "MixedLM"), LINEAR),
    **dict.fromkeys(
        ("Poisson", "NegativeBinomial", "NegativeBinomialP", "GeneralizedPoisson"), "log"
    ),
    "Logit": "logit",
    "Probit": "probit",
    "MNLogit": "multinomial",
}
WITH_LINK = ("GLM", "GEE", "BetaModel")
# statsmodels' link class → the formula's name (converters.onnx_graph.linear_predictors).
LINKS = {
    "Logit": "logit",
    "Identity": LINEAR,
    "Log": "log",
    "LogC": "logc",
    "Probit": "probit",
    "Cauchy": "cauchy",
    "CLogLog": "cloglog",
    "LogLog": "loglog",
    "Power": "power",
    "NegativeBinomial": "nbinom",
}
# These use an offset of training again, which has one number a training row.
REUSING = ("NegativeBinomialP", "GeneralizedPoisson")
INSTEAD = (
    "OLS, GLM, Logit, Probit, MNLogit, Poisson, NegativeBinomial, QuantReg, RLM and their kin can "
    "be converted."
)


@dataclass
class StatisticalModel:
    """A model whose answer is a link's inverse of one linear predictor.

    Attributes:
        results: statsmodels' own object, which gives the original's answers.
        coefficients: [features, outputs], in double.
        mean: how the answer comes from the linear predictor.
        parameter: the link's own number, such as the power of a power link.
        terms: of a formula model, what the formula makes of columns; None without a formula.
        notes: what its owner should know.
    """

    results: Any
    coefficients: npt.NDArray[np.float64]
    mean: str
    parameter: float = 1.0
    terms: tuple[Term, ...] | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def n_features_in_(self) -> int:
        """How many columns are read by their place; none of a formula's, which go by name."""
        return 0 if self.terms is not None else len(self.coefficients)

    @property
    def categories_(self) -> list[npt.NDArray[Any]]:
        """The categories that the formula learned, one array a column that has some."""
        known = formula_design.columns(self.terms or ()).values()
        return [np.array(one, dtype=object) for one in known if one]

    def reveal(self, features: Sequence[Feature]) -> None:
        """Tell what is known of each column: its categories, and where training rows were."""
        known = formula_design.columns(self.terms) if self.terms is not None else {}
        trained = _training_columns(self.results, self.terms is not None)
        for place, feature in enumerate(features):
            feature.categories += known.get(feature.name, [])
            feature.unseen = feature.unseen or bool(feature.categories)
            values = trained.get(feature.name if self.terms is not None else place)
            if values is not None and feature.dtype != object and not feature.categories:
                feature.spans(values)


def load(folder: Path, config: dict[str, Any]) -> StatisticalModel:
    """The results that `mlflow.statsmodels` saved in `folder`.

    Raises:
        Refused: `time_series` for models that forecast, `model_class` for other models whose
            answer is no formula of a row, `link` for links of the owner's own, `formula`, and what
            `converters.sources.sklearn.load_file` refuses.
    """
    path = mlmodel.model_file(folder, str(config.get("data") or FILE))
    loaded = _unpickled(path)
    model = getattr(loaded, "model", None)
    if model is None or not type(loaded).__module__.startswith("statsmodels."):
        raise Refused(
            "model_class",
            f"The file holds a {type(loaded).__name__}, which are no results of statsmodels; log "
            "what fit() gave back.",
        )
    refuse_series(model)
    results = getattr(loaded, "_results", loaded)
    mean, parameter = _mean(model)
    formula = hasattr(model, "formula")
    terms = formula_design.read(_design(model)) if formula else None
    coefficients = _coefficients(results, model)
    return StatisticalModel(loaded, coefficients, mean, parameter, terms, _notes(model))


def _unpickled(path: Path) -> Any:
    """The pickle; a formula in it is read again from its text while it loads."""
    try:
        return sklearn.load_file(path, "pickle")
    except Refused as refusal:
        cause = refusal.__cause__
        if type(cause).__module__.partition(".")[0] not in ("patsy", "formulaic"):
            raise
        why = str(cause).partition("\n")[0]
        raise Refused(
            "formula",
            f"The model's formula cannot be read outside of the program that trained it ({why}). "
            "Compute what it calls before the model, as columns of their own.",
        ) from refusal


def refuse_series(model: Any) -> None:
    """See that a model answers rows, instead of forecasting from its own past.

    Raises:
        Refused: `time_series`.
    """
    modules = [kind.__module__ for kind in type(model).__mro__]
    if any(module.startswith("statsmodels.tsa.") for module in modules):
        raise Refused(
            "time_series",
            f"{type(model).__name__} forecasts from the series that it was trained on and has no "
            "answer for a row alone. Forecast in Python and store the table, or train a regression "
            "(OLS, GLM) on lagged columns.",
        )


def ask(model: Loaded, source: str, frame: Any) -> Any:
    """The results' own predict, as MLflow's python_function calls it."""
    return np.asarray(model.estimator.results.predict(frame))


def signature(
    estimator: StatisticalModel, document: dict[str, Any], folder: Path
) -> Signature | None:
    """The columns that the model was trained on, as numbers; those that its formula reads."""
    if estimator.terms is not None:
        frame = getattr(estimator.results.model.data, "frame", None)
        if frame is None:
            return None
        known = formula_design.columns(estimator.terms)
        return Signature([Column(name, _type(frame[name])) for name in known], origin="estimator")
    names = [str(name) for name in estimator.results.model.exog_names]
    if len(set(names)) != len(names) or len(names) != len(estimator.coefficients):
        return None
    return Signature([Column(name, "double") for name in names], origin="estimator")


def _type(series: Any) -> str:
    return {"f": "double", "i": "long", "u": "long", "b": "boolean"}.get(
        series.dtype.kind, "string"
    )


def _design(model: Any) -> Any:
    return getattr(model, "model_spec", None) or getattr(model.data, "model_spec", None)


def _mean(model: Any) -> tuple[str, float]:
    name = type(model).__name__
    ours = type(model).__module__.startswith("statsmodels.")
    if ours and name in MEANS:
        return MEANS[name], 1.0
    if ours and name in WITH_LINK:
        return _link(model.link if name == "BetaModel" else model.family.link)
    raise Refused(
        "model_class",
        f"The answer of a {name} is no formula of one row that is written here. {INSTEAD}",
    )


def _link(link: Any) -> tuple[str, float]:
    for kind in type(link).__mro__:
        if kind.__module__ != "statsmodels.genmod.families.links":
            break  # a class of the owner's own may compute anything
        if kind.__name__ in LINKS:
            number = getattr(link, "power", None) or getattr(link, "alpha", None) or 1.0
            return LINKS[kind.__name__], float(number)
    raise Refused(
        "link",
        f"The model's link, {type(link).__name__}, is not written here; train it with one of "
        f"{', '.join(LINKS)}.",
    )


def _coefficients(results: Any, model: Any) -> npt.NDArray[np.float64]:
    """[features, outputs]: the parameters that are multiplied with columns, the first ones."""
    parameters = np.asarray(results.params, np.float64)
    if type(model).__name__ == "MixedLM":
        width = int(model.k_fe)
    elif getattr(model, "exog", None) is not None:
        width = model.exog.shape[1]
    else:  # the training data were removed
        width = len(parameters) - int(getattr(model, "k_extra", 0) or 0)
    return parameters[:width].reshape(width, -1)


def _notes(model: Any) -> list[str]:
    name = type(model).__name__
    notes = []
    given = [
        word
        for word in ("offset", "exposure")
        if np.any(np.asarray(getattr(model, word, None) if hasattr(model, word) else 0.0) != 0.0)
        and getattr(model, word, None) is not None
    ]
    if given and name in REUSING:
        raise Refused(
            "model_class",
            f"{name} was trained with an {given[0]} of one number a training row, which its "
            "predict adds to any rows. Train Poisson or NegativeBinomial, or make it a column.",
        )
    if given:
        notes.append(
            f"The model was trained with an {' and an '.join(given)}, which predict leaves out "
            "for new rows, and so does the export."
        )
    response = str(getattr(model, "formula", "")).partition("~")[0].strip()
    if response and "(" in response and not response.startswith("Q("):
        notes.append(
            f"The formula transforms its response, so the prediction is one of {response}."
        )
    if name == "MixedLM":
        notes.append("Only the fixed effects answer new rows, as in statsmodels' own predict.")
    if name == "MNLogit":
        classes = ", ".join(str(one) for _, one in sorted(model._ynames_map.items()))
        notes.append(f"The prediction is one probability a class, in this order: {classes}.")
    return notes


def _training_columns(results: Any, by_name: bool) -> dict[Any, Any]:
    """The numbers of the training rows, where the model kept them."""
    data = results.model.data
    if by_name:
        frame = getattr(data, "frame", None)
        columns = {} if frame is None else {name: frame[name] for name in frame.columns}
        return {name: one for name, one in columns.items() if one.dtype.kind in "iuf"}
    rows = getattr(data, "exog", None)
    if rows is None or np.ndim(rows) != 2:
        return {}
    return dict(enumerate(np.asarray(rows).T))
