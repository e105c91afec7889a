"""What is refused by name: known wrong answers of converters, and Python that no format carries."""

from __future__ import annotations

from typing import Any

from converters.errors import Refused
from converters.onnx_graph.registry import class_name

# The last is our own: what a source reads out of a model whose class no emitter should know.
LIBRARIES = ("sklearn", "xgboost", "lightgbm", "catboost", "converters")

# Measured wrong, or written and then not loadable; the sentence says what to do instead.
KNOWN_WRONG = {
    "sklearn.FeatureHasher": "a hasher of dictionaries, which no converted model takes; give the "
    "model a table with one column a key",
}

_NEAREST = (
    "Train a classifier, such as KNeighborsClassifier, on its labels_ and log that, or use KMeans."
)
_NO_MAP = "Use PCA, KernelPCA or another transformer that maps new rows."
_DENSITY = "Use GaussianMixture or EllipticEnvelope, which score new rows."
# Estimators without predict or transform for new rows, and what to do instead.
NO_ANSWERS = {
    "sklearn.AgglomerativeClustering": _NEAREST,
    "sklearn.DBSCAN": _NEAREST,
    "sklearn.HDBSCAN": _NEAREST,
    "sklearn.OPTICS": _NEAREST,
    "sklearn.SpectralClustering": _NEAREST,
    "sklearn.SpectralBiclustering": _NEAREST,
    "sklearn.SpectralCoclustering": _NEAREST,
    "sklearn.LocalOutlierFactor": "Train it with novelty=True, which scores new rows.",
    "sklearn.TSNE": _NO_MAP,
    "sklearn.MDS": _NO_MAP,
    "sklearn.ClassicalMDS": _NO_MAP,
    "sklearn.SpectralEmbedding": _NO_MAP,
    "sklearn.EmpiricalCovariance": _DENSITY,
    "sklearn.GraphicalLasso": _DENSITY,
    "sklearn.GraphicalLassoCV": _DENSITY,
    "sklearn.LedoitWolf": _DENSITY,
    "sklearn.MinCovDet": _DENSITY,
    "sklearn.OAS": _DENSITY,
    "sklearn.ShrunkCovariance": _DENSITY,
    "sklearn.KernelDensity": _DENSITY,
    "sklearn.NearestNeighbors": "Use KNeighborsClassifier or KNeighborsRegressor, which answer "
    "with what the neighbours are, not where they are.",
}


def refuse_known(estimator: Any) -> None:
    """See that this estimator is a library's own and not known to convert wrongly.

    Raises:
        Refused: `own_python`, `known_wrong`.
    """
    kind = type(estimator)
    name = class_name(kind)
    if kind.__module__.split(".")[0] not in LIBRARIES:
        raise own_python(f"{kind.__module__}.{kind.__qualname__}")
    if name in KNOWN_WRONG:
        raise Refused("known_wrong", f"{kind.__name__} is {KNOWN_WRONG[name]}.")
    _refuse_without_answers(estimator, name)


def own_python(name: str) -> Refused:
    """The refusal for Python that is the model owner's own."""
    return Refused(
        "own_python",
        f"This pipeline calls your own Python (`{name}`); ONNX cannot carry it. Compute it before "
        "the model.",
    )


def _refuse_without_answers(estimator: Any, name: str) -> None:
    """Estimators that describe the rows they were trained on and answer no others."""
    if name in NO_ANSWERS and not (
        name == "sklearn.LocalOutlierFactor" and getattr(estimator, "novelty", False)
    ):
        raise Refused(
            "no_predict",
            f"{type(estimator).__name__} only describes the rows it was trained on: scikit-learn "
            f"itself has no answer for new ones. {NO_ANSWERS[name]}",
        )
