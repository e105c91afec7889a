"""What MOJO and POJO share: which inputs genmodel reads, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence

from converters import types
from converters.contract import Input, Output, OutputKind
from converters.errors import Refused
from converters.onnx_graph import nullable
from converters.routes.converted import Converted
from converters.sources import h2o_columns
from converters.sources.h2o import ANOMALY, LABEL, MEAN_LENGTH, PREDICTION, PROBABILITIES, H2OModel
from converters.sources.loaded import Loaded


def described(model: Loaded, file: str, notes: Sequence[str] = ()) -> Converted:
    """What genmodel reads and answers, whichever of its files it is.

    Raises:
        Refused: `column_missing`, `category_types`, `tensor_shape`.
    """
    estimator: H2OModel = model.estimator
    inputs, outputs = _inputs(model), _outputs(estimator)
    return Converted(
        file=file,
        signature=model.signature,
        inputs=h2o_columns.filled(estimator, nullable.probed(model, inputs, outputs)),
        outputs=outputs,
        exact=_exact(estimator),
        facts={"converter": f"h2o {version()}", "algorithm": estimator.algorithm},
        notes=[*_notes(estimator), *notes],
    )


def _inputs(model: Loaded) -> list[Input]:
    """One input a column of the signature that the model reads."""
    known = model.estimator.columns
    h2o_columns.check(model.signature, known)
    return [
        Input(column.name, types.column(column.name, column.type).file, [column.name])
        for column in model.signature.columns
        if column.name in known
    ]


def refuse_levels(estimator: H2OModel, code: str) -> None:
    """See that genmodel answers a level that it does not know, or that is missing, as H2O does.

    Raises:
        Refused: by this code.
    """
    if not any(estimator.columns.values()):
        return
    if estimator.algorithm == "glm" and not estimator.archive.flag("mean_imputation"):
        raise Refused(
            code,
            "The model was trained with missing_values_handling='Skip', and genmodel does not "
            "answer a missing or unknown level as the server does. Train it with "
            "'MeanImputation', or export to ONNX.",
        )
    if estimator.algorithm == "kmeans":
        raise Refused(
            code,
            "This k-means reads levels, and genmodel takes an unknown one for the most frequent, "
            "which the server does not. Export it to ONNX or PMML, or train it on numbers.",
        )


def _outputs(estimator: H2OModel) -> list[Output]:
    taken = set(estimator.columns)
    classes = estimator.classes
    if classes:
        return [
            Output(_free(LABEL, taken), OutputKind.LABEL, "string", 0, list(classes), LABEL),
            Output(
                _free(PROBABILITIES, taken),
                OutputKind.PROBABILITIES,
                "float64",
                len(classes),
                list(classes),
                PROBABILITIES,
            ),
        ]
    dtype = "int64" if estimator.category == "Clustering" else "float64"
    sources = [PREDICTION, MEAN_LENGTH] if estimator.category == ANOMALY else [PREDICTION]
    return [Output(_free(one, taken), OutputKind.VALUES, dtype, source=one) for one in sources]


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _exact(estimator: H2OModel) -> bool:
    """Whether server and genmodel add the same doubles; networks and XGBoost compute in float."""
    return estimator.algorithm in ("glm", "kmeans", "gbm", "drf", "isolationforest")


def _notes(estimator: H2OModel) -> list[str]:
    levels = [name for name, known in estimator.columns.items() if known]
    if not levels:
        return []
    return [
        f"Give levels ({', '.join(map(repr, levels[:5]))}) as text, flags as True and False, and "
        "let genmodel take unknown ones for missing (setConvertUnknownCategoricalLevelsToNa)."
    ]


def version() -> str:
    """The installed release of H2O."""
    from importlib.metadata import version

    return version("h2o")
