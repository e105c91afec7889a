"""PMML documents as models: the original's voice is JPMML on the document as it was logged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

from converters.contract import Column, Input, Output, OutputKind, Signature
from converters.errors import Refused
from converters.sources import mlmodel
from converters.sources.loaded import DTYPES, Loaded
from converters.targets.pmml_fields import probability_field

if TYPE_CHECKING:
    from converters.sampling.features import Feature

# JPMML's data types → MLflow's column types.
TYPES = {
    "string": "string",
    "integer": "long",
    "float": "float",
    "double": "double",
    "boolean": "boolean",
}
OUTPUT_DTYPES = {
    "string": "string",
    "integer": "int64",
    "float": "float64",
    "double": "float64",
    "boolean": "bool",
}
MOST_FIELDS = 20_000


@dataclass
class PmmlModel:
    """A PMML document and its evaluator.

    Attributes:
        path: the document.
        scorer: JPMML's evaluator (converters.targets.pmml).
        fields: active field → MLflow's column type.
        outputs: what it answers, in the document's order.
        answered: the last frame and all outputs for it, since outputs are asked one by one.
    """

    path: Path
    scorer: Any
    fields: dict[str, str]
    outputs: list[Output] = field(default_factory=list)
    answered: tuple[Any, dict[str, Any]] | None = None

    def reveal(self, features: Sequence[Feature]) -> None:
        """Tell the sampler what the document says of its fields: values, ranges, split points."""
        by_name = {feature.name: feature for feature in features}
        for name, told in _told(self.path):
            feature = by_name.get(name)
            if feature is None:
                continue
            if isinstance(told, str):
                if told not in feature.categories and feature.dtype == object:
                    feature.categories.append(told)
            elif feature.dtype.kind in "iuf":
                numbers = [value for value in told if np.isfinite(value)]
                if len(numbers) == 2:
                    feature.spans(numbers)
                else:
                    feature.points.append(np.array(numbers, dtype=np.float64))


def load(folder: Path, config: dict[str, Any]) -> PmmlModel:
    """The document that the flavor names, or the one PMML file of the folder, opened by JPMML.

    Raises:
        Refused: `model_unreadable`, `column_type`, `pmml_outputs`, `model_file_missing`.
    """
    named = config.get("data") or config.get("model_path")
    if not named:
        found = sorted(path.name for path in folder.glob("*.pmml"))
        named = found[0] if len(found) == 1 else None
    path = mlmodel.model_file(folder, named)
    if path.suffix != ".pmml" and path.stat().st_size == 0:
        raise mlmodel.unreadable(path, ValueError("it is empty"))
    return open_model(path)


def open_model(path: Path) -> PmmlModel:
    """Open one document; raises what `load` raises."""
    from converters.targets import pmml
    from converters.targets.scorer import FormatError

    try:
        scorer = pmml.open(path)
    except FormatError as error:
        raise Refused(
            "model_unreadable", f"The model's file {path.name!r} cannot be read: {error}."
        ) from error
    fields = {}
    for name, told in scorer.fields.items():
        if told not in TYPES:
            raise Refused(
                "column_type",
                f"The field {name!r} is of PMML's type {told}, which no row can hold; make it a "
                "number or a string.",
            )
        fields[name] = TYPES[told]
    if not fields or len(fields) > MOST_FIELDS:
        raise Refused("model_unreadable", f"The document has {len(fields)} active fields.")
    return PmmlModel(path, scorer, fields, _outputs(scorer.evaluator))


def _outputs(evaluator: Any) -> list[Output]:
    """The target and the output fields; probabilities of all classes are one output."""
    found, classes = [], []
    for target in evaluator.getTargetFields():
        name, kind = target.getName(), str(target.getDataType().value())
        if name is None or target.isSynthetic():
            continue
        dtype = OUTPUT_DTYPES.get(kind, "")
        regression = str(evaluator.getMiningFunction().value()) == "regression"
        label = OutputKind.VALUES if regression else OutputKind.LABEL
        if dtype and not (regression and dtype in ("string", "bool")):
            found.append(
                Output(str(name), label, "float64" if regression else dtype, source=str(name))
            )
        classes = [str(value) for value in target.getCategories() or []]
    return _with_fields(found, classes, evaluator)


def _with_fields(found: list[Output], classes: list[str], evaluator: Any) -> list[Output]:
    taken = {output.name for output in found}
    named: list[tuple[str, str, str, str]] = []
    for one in evaluator.getOutputFields():
        inner = one.getField()
        kind = OUTPUT_DTYPES.get(str(one.getDataType().value()) if one.getDataType() else "", "")
        feature = str(inner.getResultFeature().value())
        named.append((str(one.getName()), feature, str(inner.getValue()), kind))
    chances = {name: value for name, feature, value, _ in named if feature == "probability"}
    whole = bool(classes) and [probability_field(value) for value in classes] == list(chances)
    if whole:
        k = len(classes)
        found.append(
            Output(
                "probabilities",
                OutputKind.PROBABILITIES,
                "float64",
                k,
                list(classes),
                "probabilities",
            )
        )
    for name, _, _, dtype in named:
        if name in taken or not dtype or (whole and name in chances):
            continue
        kind = OutputKind.VALUES if dtype == "float64" else OutputKind.LABEL
        found.append(Output(name, kind, dtype, source=name))
    if not found:
        raise Refused(
            "pmml_outputs",
            "The document names neither a target nor an output field of a type that can be "
            "compared; add a target to its MiningSchema.",
        )
    return found


def settle(model: PmmlModel, signed: Signature | None, example: Any) -> Signature:
    """The columns of the `MLmodel`, which must hold the document's fields; else those fields.

    Raises:
        Refused: `signature_inputs`.
    """
    del example  # the document itself declares types
    if signed is None:
        columns = [Column(name, kind) for name, kind in model.fields.items()]
        return Signature(columns=columns, origin="estimator")
    names = {column.name for column in signed.columns}
    lacking = sorted(set(model.fields) - names)
    if lacking or not signed.columns:
        raise Refused(
            "signature_inputs",
            f"The document wants the field {(lacking or ['?'])[0]!r}, which the signature does not "
            "have; log the model again with a signature of named columns.",
        )
    return signed


def ask(model: Loaded, source: str, frame: Any) -> Any:
    """One output of the document, for all rows of a frame.

    Raises:
        ValueError: JPMML gives no class for one of the rows.
    """
    pmml: PmmlModel = model.estimator
    if pmml.answered is None or pmml.answered[0] is not frame:
        rows = {str(name): _column(frame[name]) for name in frame.columns}
        inputs = inputs_of(model.signature)
        pmml.answered = (frame, pmml.scorer.score(rows, inputs, pmml.outputs))
    told = pmml.answered[1][source]
    if told.dtype == object and any(value is None for value in told.ravel()):
        raise ValueError("JPMML answers nothing, as where a value is not among the valid ones")
    return told


def inputs_of(signature: Signature) -> list[Input]:
    """One input a column, missing values allowed."""
    names = {"object": "string", "datetime64[ns]": "string"}
    return [
        Input(column.name, names.get(DTYPES[column.type], DTYPES[column.type]), [column.name], True)
        for column in signature.columns
    ]


def _column(series: Any) -> Any:
    values = series.to_numpy()
    if values.dtype.kind in "biuf":
        return values
    plain = [value if isinstance(value, str) else None for value in values]
    made = np.empty(len(plain), dtype=object)
    made[:] = plain
    return made


def _told(path: Path) -> Iterator[tuple[str, Any]]:
    """Field → a valid value, an interval [low, high], or split points, as the document has them."""
    splits: dict[str, list[float]] = {}
    current = ""
    for event, element in ElementTree.iterparse(path, events=("start", "end")):  # noqa: S314
        tag = element.tag.rpartition("}")[2]
        if event == "start":
            current = element.get("name", "") if tag == "DataField" else current
        elif tag == "Value" and current and element.get("property", "valid") == "valid":
            yield current, element.get("value", "")
        elif tag == "Interval" and current:
            yield current, [_number(element.get(side)) for side in ("leftMargin", "rightMargin")]
        elif tag == "DataField":
            current = ""
        elif tag == "SimplePredicate":
            splits.setdefault(element.get("field", ""), []).append(_number(element.get("value")))
        if event == "end":
            element.clear()
    for name, values in splits.items():
        yield name, [*sorted(set(values)), *[float("nan")] * 3]


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")
