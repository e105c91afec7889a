"""H2O to MOJO: the file that H2O's own server writes for its scoring library."""

from __future__ import annotations

from pathlib import Path

from converters import types
from converters.catalog import TARGETS
from converters.contract import Input, Output, OutputKind, Request
from converters.errors import Refused
from converters.onnx_graph import nullable
from converters.routes.converted import Converted
from converters.sources.h2o import LABEL, PREDICTION, PROBABILITIES, H2OModel
from converters.sources.loaded import Loaded

FILE = next(target.file for target in TARGETS if target.name == "mojo")


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `model.zip` into `folder`.

    Raises:
        Refused: `no_mojo` for algorithms without one, `column_missing`, `category_types`,
            `tensor_shape`.
    """
    estimator: H2OModel = model.estimator
    if not estimator.model.have_mojo:
        raise Refused(
            "no_mojo",
            f"H2O exports no MOJO of {estimator.model.algo} models. Train a GLM, GBM, random "
            "forest, XGBoost or deep learning model.",
        )
    inputs = _inputs(model)
    estimator.model.download_mojo(path=str(folder / FILE))
    outputs = _outputs(estimator)
    return Converted(
        file=FILE,
        signature=model.signature,
        inputs=nullable.probed(model, inputs, outputs),
        outputs=outputs,
        exact=_exact(estimator),
        facts={"converter": f"h2o {_version()}", "algorithm": str(estimator.model.algo)},
        notes=_notes(estimator),
    )


def _inputs(model: Loaded) -> list[Input]:
    """One input a column of the signature; the model's own columns must all be there."""
    if model.signature.tensor is not None:
        raise Refused(
            "tensor_shape",
            "H2O models take columns by name and the signature is one array; log the model with "
            "the signature of a DataFrame.",
        )
    known = model.estimator.columns
    inputs = []
    for column in model.signature.columns:
        dtype = types.column(column.name, column.type).file
        levels = known.get(column.name)
        if column.name in known and not _suits(dtype, levels):
            kind = "levels" if levels else "numbers"
            raise Refused(
                "category_types",
                f"The model learned {kind} in column {column.name!r}, which is {column.type} in "
                "the signature; log it with the signature of its training data.",
            )
        if column.name in known:
            inputs.append(Input(column.name, dtype, [column.name]))
    if lacking := sorted(set(known) - {one.name for one in inputs}):
        raise Refused(
            "column_missing",
            f"The model reads a column {lacking[0]!r} that its signature does not have; log it "
            "again with a signature of all columns it was trained on.",
        )
    return inputs


def _suits(dtype: str, levels: list[str] | None) -> bool:
    """Whether a column of this dtype is what the model learned: its levels, or numbers."""
    if levels is None:
        return dtype not in ("string", "bool")
    if dtype == "bool":
        return set(levels) <= {"True", "False"}
    return dtype not in ("float32", "float64")


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
    return [Output(_free(PREDICTION, taken), OutputKind.VALUES, dtype, source=PREDICTION)]


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _exact(estimator: H2OModel) -> bool:
    """Whether server and genmodel add the same doubles; networks and XGBoost compute in float."""
    return str(estimator.model.algo) in ("glm", "kmeans", "gbm", "drf")


def _notes(estimator: H2OModel) -> list[str]:
    levels = [name for name, known in estimator.columns.items() if known]
    if not levels:
        return []
    return [
        f"Give levels ({', '.join(map(repr, levels[:5]))}) as text, flags as True and False, and "
        "let genmodel take unknown ones for missing (setConvertUnknownCategoricalLevelsToNa)."
    ]


def _version() -> str:
    from importlib.metadata import version

    return version("h2o")
