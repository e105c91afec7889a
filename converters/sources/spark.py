"""Loads what `mlflow.spark` saved: fitted pipelines of Spark ML, in a session of one thread."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from converters.contract import Column, Output, Signature, Tensor
from converters.errors import Refused
from converters.sources import mlmodel, spark_session
from converters.sources.loaded import TENSOR, Loaded, Rows
from converters.static import spark_stages
from converters.static.errors import Unreadable
from converters.static.spark_stages import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from converters.onnx_graph.spark_columns import Hints
    from converters.sampling.features import Feature

DATA = "sparkml"
# What a column from outside is: text, a number or a vector, in our word and in MLflow's.
TEXT, NUMBER, VECTOR = "text", "number", "vector"
VECTORS = ("sparkml_vector", "sparse_vector")
# Stages that read columns of numbers, where no signature says otherwise.
OF_NUMBERS = frozenset(
    {
        *("VectorAssembler", "Bucketizer", "Binarizer", "ImputerModel", "IndexToString"),
        *("OneHotEncoderModel", "IsotonicRegressionModel"),
    }
)
# What loading raises in Python, beside what Spark itself raises.
UNREAD = (AttributeError, ImportError, TypeError, ValueError, OSError)


@dataclass
class SparkModel:
    """A fitted pipeline, or another fitted stage alone.

    Attributes:
        pipeline: pyspark's own object.
        reads: the columns that come from outside, and whether each is text, a vector or a number.
        vector: the one vector column that a tensor signature stands for; empty for columns.
        width: how many slots that vector has.
        notes: what its owner should know.
        hints: what the emitters learned of the inputs.
    """

    pipeline: Any
    reads: dict[str, str]
    vector: str = ""
    width: int = 0
    notes: list[str] = field(default_factory=list)
    hints: Hints | None = None
    _last: tuple[Any, Any] | None = None
    _java: list[Any] | None = None

    @property
    def categories_(self) -> list[npt.NDArray[Any]]:
        """The texts that its indexers learned."""
        from converters.onnx_graph.spark import steps

        indexers = [one for one in steps(self.pipeline) if hasattr(one, "labelsArray")]
        return [np.array(labels, dtype=object) for one in indexers for labels in one.labelsArray]

    def reveal(self, features: Sequence[Feature]) -> None:
        """Tell the sampler where the pipeline changes its mind, and which texts it knows."""
        hints = self.hints
        if hints is None:
            return
        for feature in features:
            known = hints.categories.get(feature.name, [])
            if feature.dtype == object:
                feature.categories += known
                feature.unseen = feature.unseen or feature.name in hints.unseen
            for points in hints.points.get(feature.name, []):
                feature.points.append(points)
                feature.spans(points)

    def table(self, frame: Any) -> Any:
        """What the pipeline makes of these rows: one list of Spark's rows; the last is kept."""
        if self._last is None or self._last[0] is not frame:
            self._last = (frame, self._transformed(frame))
        return self._last[1]

    def _transformed(self, frame: Any) -> list[Any]:
        """Stage by stage inside the JVM: no Python of Spark's own is started for it."""
        from pyspark.sql import DataFrame

        given = _vectors(frame, self.vector) if self.vector else table_of(frame)
        count = len(frame)
        made = given._jdf
        for stage in self._stages():
            made = stage.transform(made)
        answered: list[Any] = DataFrame(made, spark_session.session()).collect()
        if len(answered) != count:
            raise ValueError(f"the pipeline leaves out {count - len(answered)} of {count} rows")
        return answered

    def _stages(self) -> list[Any]:
        """The stages as Java has them; a search and a pipeline are what is in them."""
        from converters.onnx_graph.spark import steps

        if self._java is None:
            self._java = [stage._to_java() for stage in steps(self.pipeline)]
        return self._java


def load(folder: Path, config: dict[str, Any]) -> SparkModel:
    """The pipeline that `mlflow.spark` saved in `folder`, loaded by Spark.

    Its stages are looked at first, so that no class but Spark's own is ever called.

    Raises:
        Refused: `spark_stage` for stages that are not written here, by name; `model_unreadable`,
            `model_file_missing`, `spark_version`, and what `spark_session.session` refuses.
    """
    place = mlmodel.model_folder(folder, str(config.get("model_data") or DATA))
    try:
        root = spark_stages.read(place)
        found = spark_stages.findings(place)
    except Unreadable as error:
        raise mlmodel.unreadable(place, error) from error
    if found:
        raise Refused(found[0].code, found[0].sentence)
    spark_session.session()
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        loaded = _class_of(root).load(str(place))
    except (Py4JError, PySparkException, *UNREAD) as error:
        raise _unread(place, root, error) from error
    reads = _reads(loaded)
    model = SparkModel(loaded, reads, notes=_notes(root))
    return model


def _class_of(root: Stage) -> Any:
    """pyspark's class for a saved stage, one of those that are written here."""
    module = root.kind.removeprefix("org.apache.spark.").removeprefix("pyspark.")
    if root.name == spark_stages.PIPELINE:
        module = "ml.PipelineModel"
    found = importlib.import_module(f"pyspark.{module.rpartition('.')[0]}")
    return getattr(found, root.name)


def _unread(place: Path, root: Stage, error: Exception) -> Refused:
    """The refusal for a pipeline that this Spark does not read: damaged, or of another release."""
    from pyspark import __version__

    if _release(root.version) > _release(__version__):
        return Refused(
            "spark_version",
            f"The pipeline was saved by Spark {root.version}, and Spark {__version__}, which is "
            f"here, does not read it. Save it again with pyspark=={__version__}.",
        )
    first = ValueError(_first(error))
    return mlmodel.unreadable(place, first)


def _release(version: str) -> tuple[int, ...]:
    """The first two numbers of a version; nothing where it is none."""
    parts = version.split(".")[:2]
    return tuple(int(part) for part in parts) if all(map(str.isdecimal, parts)) else ()


def _first(error: Exception) -> str:
    """What Java said, without its stack."""
    java = getattr(error, "java_exception", None)
    said = str(java.toString()) if java is not None else str(error)
    return " ".join(said.splitlines()[:1])[:200]


def _notes(root: Stage) -> list[str]:
    from pyspark import __version__

    if not root.version or root.version == __version__:
        return []
    return [f"The pipeline was saved by Spark {root.version} and answered by Spark {__version__}."]


def _reads(pipeline: Any) -> dict[str, str]:
    """The columns that no stage makes, in the order in which they are read, and of what kind."""
    from converters.onnx_graph.spark import steps

    found: dict[str, str] = {}
    made: set[str] = set()
    for stage in steps(pipeline):
        for name in _inputs(stage):
            if name not in made:
                found.setdefault(name, _kind(stage))
        made |= set(_outputs(stage))
    return found


def _kind(stage: Any) -> str:
    name = type(stage).__name__
    if name == "StringIndexerModel":
        return TEXT
    return NUMBER if name in OF_NUMBERS else VECTOR


def _inputs(stage: Any) -> Iterator[str]:
    for param in ("inputCol", "inputCols", "featuresCol", "offsetCol"):
        if stage.hasParam(param) and stage.isDefined(stage.getParam(param)):
            value = stage.getOrDefault(stage.getParam(param))
            yield from value if isinstance(value, list) else [str(value)]


def _outputs(stage: Any) -> Iterator[str]:
    for param in (
        *("outputCol", "outputCols", "predictionCol", "probabilityCol", "rawPredictionCol"),
        *("linkPredictionCol", "quantilesCol", "leafCol"),
    ):
        if stage.hasParam(param) and stage.isDefined(stage.getParam(param)):
            value = stage.getOrDefault(stage.getParam(param))
            yield from value if isinstance(value, list) else [str(value)]


def settle(model: SparkModel, signed: Signature | None, example: Any) -> Signature:
    """The inputs: the signature's columns, or one tensor where the pipeline reads one vector.

    Raises:
        Refused: `no_signature`, `column_type` for a vector among other columns, `spark_width`.
    """
    names = list(model.reads)
    plain = signed is not None and signed.tensor is None
    types = {column.name: column.type for column in signed.columns} if signed is not None else {}
    if plain and signed is not None and not {VECTOR, *VECTORS}.intersection(types.values()):
        return signed
    vectors = [name for name in names if types.get(name, model.reads[name]) in (VECTOR, *VECTORS)]
    if len(names) == 1 and (vectors or not plain):
        _note_spare(model, [name for name in types if name not in names])
        return _of_vector(model, signed, names[0], example)
    if vectors:
        raise Refused(
            "column_type",
            f"The pipeline reads the vector {vectors[0]!r} beside other columns; put a "
            "VectorAssembler into it that makes the vector of plain columns, and log it again.",
        )
    if isinstance(example, pd.DataFrame):
        return _of_example(model, example)
    kinds = {TEXT: "string", NUMBER: "double"}
    return Signature(
        [Column(name, kinds[kind]) for name, kind in model.reads.items()], origin="estimator"
    )


def _note_spare(model: SparkModel, spare: list[str]) -> None:
    if spare:
        model.notes.append(
            f"The signature's {', '.join(spare)} beside the vector is not read by the pipeline, "
            "and no input of the file."
        )


def _of_vector(model: SparkModel, signed: Signature | None, name: str, example: Any) -> Signature:
    width = _width(model.pipeline)
    told = signed.tensor if signed is not None else None
    if told is not None and told.width > 0:
        width = width or told.width
    if not width:
        raise Refused(
            "no_signature",
            f"The pipeline reads one vector, {name!r}, and does not tell how long it is. Log it "
            "with a VectorAssembler that makes it of plain columns.",
        )
    if told is not None and told.width > 0 and told.width != width:
        raise Refused(
            "spark_width",
            f"The pipeline was trained on {width} features and the signature has {told.width}; "
            "log it with the signature of its training data.",
        )
    model.vector, model.width = name, width
    origin = "mlflow" if signed is not None else "estimator"
    dtype = told.dtype if told is not None and told.dtype in ("float32", "float64") else "float64"
    return Signature(
        tensor=Tensor(told.name if told else TENSOR, dtype, [-1, width]), origin=origin
    )


def _of_example(model: SparkModel, example: pd.DataFrame) -> Signature:
    from converters.sources.signatures import KINDS

    columns = []
    for name in example.columns:
        text = pd.api.types.is_string_dtype(example[name]) or model.reads.get(str(name)) == TEXT
        kind = "string" if text else KINDS.get(example[name].dtype.kind, "double")
        columns.append(Column(str(name), kind))
    return Signature(columns, origin="input_example")


def _width(pipeline: Any) -> int:
    """How many slots the first stage's vector has, as the stage was trained."""
    from converters.onnx_graph.spark import steps

    first = next(steps(pipeline))
    for attribute in ("numFeatures", "mean", "originalMin", "maxAbs", "median", "scalingVec"):
        told = getattr(first, attribute, None)
        told = told() if callable(told) else told
        if isinstance(told, int):
            return told if told > 0 else 0
        if told is not None and hasattr(told, "size"):
            return int(told.size)
    if hasattr(first, "pc"):
        return int(first.pc.numRows)
    if hasattr(first, "clusterCenters"):
        return len(first.clusterCenters()[0])
    if hasattr(first, "gaussians"):
        return int(first.gaussians[0].mean.size)
    if hasattr(first, "models"):
        return int(first.models[0].numFeatures)
    return 0


def ask(model: Loaded, source: str, frame: Any) -> Any:
    """One column of what the pipeline makes of the rows."""
    rows = model.estimator.table(frame)
    values = [row[source] for row in rows]
    if hasattr(values[0], "toArray"):
        return np.array([value.toArray() for value in values])
    if isinstance(values[0], str):
        return np.array(values, dtype=object)
    return np.array(values)


def unsettled(model: Loaded, rows: Rows, outputs: list[Output]) -> npt.NDArray[np.bool_]:
    """[N] where the pipeline's own answer hangs on rounding (converters.sources.spark_ties)."""
    from converters.sources import spark_ties

    table = model.estimator.table(model.frame(rows))
    answer = partial(model.answer, outputs=outputs)
    return spark_ties.found(model.estimator.pipeline, table, answer, rows)


def table_of(frame: pd.DataFrame) -> Any:
    """A frame as Spark's table, None for a missing text and NaN for a missing number."""
    import pyarrow

    columns = []
    for name in frame.columns:
        series = frame[name]
        if series.dtype == object or pd.api.types.is_string_dtype(series):
            texts = [value if isinstance(value, str) else None for value in series]
            columns.append(pyarrow.array(texts, pyarrow.string()))
        else:
            # Not by way of pandas, which would have NaN for null.
            columns.append(pyarrow.array(series.to_numpy(), from_pandas=False))
    names = [str(name) for name in frame.columns]
    made = pyarrow.Table.from_arrays(columns, names=names)
    return spark_session.session().createDataFrame(made)


def _vectors(rows: Any, name: str) -> Any:
    """Rows of one tensor as a table of one vector."""
    import pyarrow
    from pyspark.ml.functions import array_to_vector

    lists = pyarrow.array(np.asarray(rows, np.float64).tolist(), pyarrow.list_(pyarrow.float64()))
    table = pyarrow.Table.from_arrays([lists], names=["slots"])
    made = spark_session.session().createDataFrame(table)
    return made.select(array_to_vector(made["slots"]).alias(name))
