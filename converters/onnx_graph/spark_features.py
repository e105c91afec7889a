"""Spark ML's feature stages, each in double and in the order of Spark's own arithmetic.

Sources: the stages' documentation (spark.apache.org/docs/latest/ml-features) and the Scala sources
of org.apache.spark.ml.feature, release 4.2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import Refused
from converters.onnx_graph import encoding
from converters.onnx_graph.formula import Formula
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.spark_columns import Column, Table, Traces, vector

Emitter = Callable[[Table, Any], None]
FEATURES: dict[str, Emitter] = {}
KEEP, SKIP = "keep", "skip"
INVALID = (
    "{name} refuses or leaves out rows with {what}; the converted model answers NaN, and no label, "
    "for them."
)


def feature(*names: str) -> Callable[[Emitter], Emitter]:
    """Register what writes these stages, by their class's name."""

    def register(emit: Emitter) -> Emitter:
        for name in names:
            FEATURES[name] = emit
        return emit

    return register


def columns_of(stage: Any) -> list[tuple[str, str]]:
    """A stage's columns, one or several: (input, output).

    Raises:
        Refused: `spark_stage` where they do not pair.
    """
    if stage.hasParam("inputCols") and stage.isSet("inputCols"):
        outputs = stage.getOutputCols() if stage.isSet("outputCols") else []
        pairs = list(zip(stage.getInputCols(), outputs, strict=False))
        if len(pairs) == len(stage.getInputCols()):
            return pairs
        raise Refused(
            "spark_stage",
            f"The stage {type(stage).__name__} has {len(stage.getInputCols())} inputCols and "
            f"{len(outputs)} outputCols; give it one of each.",
        )
    return [(stage.getInputCol(), stage.getOutputCol())]


def noted(table: Table, stage: Any, what: str) -> None:
    """Say that rows without an answer in Spark are answered with nothing."""
    table.graph.notes.append(INVALID.format(name=type(stage).__name__, what=what))


def note_zero(table: Table, name: str) -> None:
    """Say that a sign of nothing is not looked at; Java's order puts -0.0 below 0.0."""
    table.graph.notes.append(f"{name} in Spark tells -0.0 from 0.0; here both count as 0.0.")


def not_a_number(graph: Graph, value: Value) -> Value:
    """[N, k] bool: NaN."""
    return graph.op("IsNaN", [value], "bool", value.width)


@feature("VectorAssembler")
def assembler(table: Table, stage: Any) -> None:
    """Numbers, booleans and vectors side by side; NaN of a number column as handleInvalid says."""
    graph = table.graph
    parts = [table.number(name) for name in stage.getInputCols()]
    if stage.getHandleInvalid() != KEEP:
        for name, part in zip(stage.getInputCols(), parts, strict=True):
            if not part.is_vector and table.column(name).value.is_float:
                table.refuse_where(not_a_number(graph, part.value))
        noted(table, stage, "missing values")
    whole = graph.concat([part.value for part in parts])
    traces = tuple(trace for part in parts for trace in part.traced())
    table.columns[stage.getOutputCol()] = vector(whole, traces)


@feature("StringIndexerModel")
def indexer(table: Table, stage: Any) -> None:
    """The place of each text among the labels; other texts and null as handleInvalid says.

    As in Spark a column that is not there is left alone, such as that of the training's labels; a
    pipeline that leaves rows out asks for it.
    """
    keep = stage.getHandleInvalid() == KEEP
    pairs = list(zip(columns_of(stage), stage.labelsArray, strict=True))
    if stage.getHandleInvalid() != SKIP:
        pairs = [pair for pair in pairs if pair[0][0] in table.columns]
    if pairs and not keep:
        noted(table, stage, "texts that it has not learned, and missing ones")
    for (source, target), labels in pairs:
        column = table.column(source)
        labels = [str(label) for label in labels]
        index = _index(table, column, labels)
        place = table.graph.cast(table.graph.column(index), "float64")
        if not keep:
            beyond = table.graph.compare("GreaterOrEqual", place, np.full((1, 1), len(labels)))
            table.refuse_where(beyond)
        for trace in column.traced():
            if trace is not None:
                known = table.hints.categories.setdefault(trace.source, [])
                known += [label for label in labels if label not in known]
                table.hints.unseen |= {trace.source} if keep else set()
        table.columns[target] = Column(place, labels=tuple(labels))


def _index(table: Table, column: Column, labels: list[str]) -> Value:
    """[N] int64 place among the labels, their count for another value.

    A column of numbers is read as Spark writes each number as text.
    """
    graph, value = table.graph, column.value
    if column.is_vector:
        raise Refused(
            "spark_stage", "StringIndexer is fed a vector here, which Spark refuses as well."
        )
    if value.dtype == "string":
        categories: npt.NDArray[Any] = np.array(labels, dtype=object)
        return encoding.index_of(graph, value, categories, Frame((value,)), 0)
    written = {label: _number(label, value) for label in labels}
    numbers = {label: one for label, one in written.items() if one is not None}
    # A label that no number of this type is written as never occurs: nothing equals it.
    known = [label for label in labels if label in numbers]
    if not known:
        nowhere = graph.compare("Less", graph.cast(value, "float64"), np.full((1, 1), -np.inf))
        base = graph.cast(graph.flat(nowhere), "int64")
        return graph.op("Add", [base, graph.const([len(labels)], "int64")], "int64", 0)
    sought = np.array([numbers[label] for label in known])
    if value.is_float and 0.0 in sought:
        note_zero(table, "StringIndexer")
    found = encoding.index_of(graph, graph.cast(value, "float64"), sought, Frame((value,)), 0)
    places = graph.const([*(labels.index(label) for label in known), len(labels)], "int64")
    return graph.op("Gather", [places, found], "int64", 0, axis=0)


def _number(label: str, value: Value) -> float | None:
    """The number that Spark writes as this text, None for what it never writes."""
    try:
        number = float(label)
    except ValueError:
        return None
    if value.is_float:
        plain = "." in label or label in ("NaN", "Infinity", "-Infinity")
        narrow = np.float32(number) if value.dtype == "float32" else number
        return float(narrow) if plain else None
    whole = label.removeprefix("-").isdecimal() and str(int(label)) == label
    return number if whole and abs(number) <= 2.0**53 else None


@feature("IndexToString")
def index_to_text(table: Table, stage: Any) -> None:
    """The text at each index; an index beyond them has no answer in Spark."""
    graph = table.graph
    column = table.number(stage.getInputCol())
    labels = list(stage.getLabels()) if stage.isDefined("labels") else []
    labels = [str(label) for label in labels or column.labels]
    if not labels:
        raise Refused(
            "spark_labels",
            f"IndexToString has no labels of its own, and column {stage.getInputCol()!r} does not "
            "tell any. Give it labels=indexer.labels and log the pipeline again.",
        )
    place = Formula(graph, column.value)
    inside = (place > -1.0) & (place < float(len(labels)))
    table.refuse_where((~inside).value)
    index = graph.cast(graph.flat(inside.where(place, 0.0).value), "int64")
    picked = graph.op("Gather", [graph.const(labels, "string"), index], "string", 0, axis=0)
    kind = "label" if column.kind == "label" else ""
    classes = tuple(labels[: len(column.classes)]) if kind and column.classes else tuple(labels)
    table.columns[stage.getOutputCol()] = Column(
        graph.column(picked), kind=kind, classes=classes if kind else ()
    )


@feature("OneHotEncoderModel")
def one_hot(table: Table, stage: Any) -> None:
    """A vector with a 1 at the index, cut to a whole number; the last category may have none."""
    keep, drop = stage.getHandleInvalid() == KEEP, stage.getDropLast()
    if not keep:
        noted(table, stage, "categories that it has not learned")
    for (source, target), size in zip(columns_of(stage), stage.categorySizes, strict=True):
        place = table.formula(source)
        inside = (place >= 0.0) & (place < float(size))
        if not keep:
            table.refuse_where((~inside).value)
        place = inside.where(place.call("Floor"), float(size))
        width = int(size) + int(keep) - int(drop)
        if not width:
            raise Refused(
                "no_features",
                f"OneHotEncoder gives no column for {source!r}, which has one category only; leave "
                "it out of the pipeline.",
            )
        ones = place.equals(np.arange(width, dtype=np.float64)).cast("float64")
        table.columns[target] = vector(ones.value)


@feature("ImputerModel")
def imputer(table: Table, stage: Any) -> None:
    """The surrogate where a value is the missing one; the column keeps its type."""
    graph = table.graph
    surrogates = stage.surrogateDF.collect()[0].asDict()
    missing = float(stage.getMissingValue())
    for source, target in columns_of(stage):
        column = table.column(source)
        x = table.formula(source)
        gone = x.is_nan() if np.isnan(missing) else x.equals(missing)
        fill = float(surrogates[source])
        table.hints.add(column.traced(), [[fill, missing]] * column.width)
        made = gone.where(fill, x).value
        if column.value.dtype == "float32":
            made = graph.cast(graph.cast(made, "float32"), "float64")
        elif column.value.dtype in ("int32", "int64"):
            made = graph.cast(graph.cast(made, column.value.dtype), "float64")
        table.columns[target] = Column(made, traces=column.traces)


@feature("Bucketizer")
def bucketizer(table: Table, stage: Any) -> None:
    """The bucket that holds a number, its lower border included and of the last one both."""
    keep = stage.getHandleInvalid() == KEEP
    several = stage.isSet("inputCols")
    all_splits = stage.getSplitsArray() if several else [stage.getSplits()]
    for (source, target), splits in zip(columns_of(stage), all_splits, strict=True):
        column, x = table.column(source), table.formula(source)
        borders = np.asarray(splits, np.float64)
        table.hints.add(column.traced(), [borders])
        if 0.0 in borders:
            note_zero(table, "Bucketizer")
        inner = (x >= borders[1:-1]).cast("float64") if len(borders) > 2 else None
        bucket = x.is_nan().cast("float64") * 0.0 if inner is None else inner.reduce("ReduceSum")
        outside = (x < float(borders[0])) | (x > float(borders[-1]))
        table.refuse_where(outside.value)
        if keep:
            bucket = x.is_nan().where(float(len(borders) - 1), bucket)
        else:
            table.refuse_where(x.is_nan().value)
        table.columns[target] = Column(bucket.value)
    noted(table, stage, "numbers outside of its splits" + ("" if keep else ", and missing ones"))


@feature("Binarizer")
def binarizer(table: Table, stage: Any) -> None:
    """1 above the threshold, else 0; NaN is not above."""
    pairs = columns_of(stage)
    several = stage.isSet("inputCols") and stage.isSet("thresholds")
    limits = stage.getThresholds() if several else [stage.getThreshold()] * len(pairs)
    for (source, target), limit in zip(pairs, limits, strict=True):
        column = table.number(source)
        table.hints.add(column.traced(), [[limit]] * column.width)
        above = (Formula(table.graph, column.value) > float(limit)).cast("float64")
        table.columns[target] = Column(above.value, column.is_vector)


@feature("Normalizer")
def normalizer(table: Table, stage: Any) -> None:
    """A vector by its norm; one without length stays."""
    x = table.formula(stage.getInputCol())
    p = float(stage.getP())
    size = x.call("Abs")
    if p == 1.0:
        norm = size.reduce("ReduceSum")
    elif p == 2.0:
        norm = (x * x).reduce("ReduceSum").call("Sqrt")
    elif np.isinf(p):
        norm = size.reduce("ReduceMax")
    else:
        norm = (size**p).reduce("ReduceSum") ** (1.0 / p)
    divisor = norm.equals(0.0).where(1.0, norm)
    table.columns[stage.getOutputCol()] = vector((x / divisor).value)


@feature("VectorSizeHint")
def size_hint(table: Table, stage: Any) -> None:
    """Nothing but a size to check, which is known here."""
    column = table.number(stage.getInputCol())
    if column.width != int(stage.getSize()):
        raise Refused(
            "spark_width",
            f"The pipeline expects {int(stage.getSize())} slots in {stage.getInputCol()!r} and the "
            f"signature makes {column.width}; log it with the signature of its training data.",
        )


@feature("VectorIndexerModel")
def vector_indexer(table: Table, stage: Any) -> None:
    """Slots of few values as their places among these; other slots as they are."""
    column = table.number(stage.getInputCol())
    traces = list(column.traced())
    keep = stage.getHandleInvalid() == KEEP
    slots = [table.graph.take(column.value, [place]) for place in range(column.width)]
    told = {int(place): dict(values) for place, values in dict(stage.categoryMaps).items()}
    for place, values in sorted(told.items()):
        known = np.array([float(one) for one in values])
        table.hints.add((traces[place],), [np.concatenate([known, known + 0.5])])
        x = Formula(table.graph, slots[place])
        hit = x.equals(known).cast("float64")
        found = (hit * np.array([float(one) for one in values.values()])).reduce("ReduceSum")
        unknown = hit.reduce("ReduceMax").equals(0.0)
        if not keep:
            table.refuse_where(unknown.value)
        slots[place] = unknown.where(float(len(known)), found).value
        traces[place] = None
    if told and not keep:
        noted(table, stage, "values that it has not learned")
    whole = table.graph.concat(slots)
    table.columns[stage.getOutputCol()] = vector(whole, tuple(traces))


@feature("DCT")
def cosines(table: Table, stage: Any) -> None:
    """The discrete cosine transform of unit length, or its inverse, as a matrix."""
    column = table.number(stage.getInputCol())
    size = column.width
    place = np.arange(size)
    matrix = np.cos(np.pi * (2 * place[:, None] + 1) * place[None, :] / (2 * size))
    matrix *= np.where(place == 0, np.sqrt(1 / size), np.sqrt(2 / size))
    made = table.graph.matmul(column.value, matrix.T if stage.getInverse() else matrix)
    table.columns[stage.getOutputCol()] = vector(made)


@feature("PCAModel")
def pca(table: Table, stage: Any) -> None:
    """The product with the components; nothing is subtracted."""
    column = table.number(stage.getInputCol())
    made = table.graph.matmul(column.value, stage.pc.toArray())
    table.columns[stage.getOutputCol()] = vector(made)


def _sliced(table: Table, stage: Any, source: str, places: list[int]) -> None:
    column = table.number(source)
    if not places:
        raise Refused(
            "no_features",
            f"The stage {type(stage).__name__} selects no slot at all; nothing is left to predict "
            "from. Train it with other settings.",
        )
    traces: Traces = tuple(column.traced()[place] for place in places)
    taken = table.graph.take(column.value, places)
    table.columns[stage.getOutputCol()] = vector(taken, traces)


@feature("VectorSlicer")
def slicer(table: Table, stage: Any) -> None:
    """Some slots, in the order told."""
    if stage.isDefined("names") and stage.getNames():
        raise Refused(
            "spark_stage",
            "VectorSlicer selects slots by names, which the saved pipeline does not keep; select "
            "them by indices.",
        )
    _sliced(table, stage, stage.getInputCol(), [int(one) for one in stage.getIndices()])


@feature("ChiSqSelectorModel", "UnivariateFeatureSelectorModel", "VarianceThresholdSelectorModel")
def selector(table: Table, stage: Any) -> None:
    """The selected slots in their own order."""
    _sliced(table, stage, stage.getFeaturesCol(), sorted(int(i) for i in stage.selectedFeatures))


@feature("PolynomialExpansion")
def polynomial(table: Table, stage: Any) -> None:
    """All products up to a degree, in Spark's own order: the first slot's powers come first.

    A product that became 0 is multiplied no further, so that 0 times infinity is 0.
    """
    x = table.formula(stage.getInputCol())
    slots = [x.take([place]) for place in range(x.value.width)]
    made: list[Formula] = []

    def expand(last: int, degree: int, product: Formula | None) -> None:
        if degree == 0 or last < 0:
            if product is not None:
                made.append(product)
            return
        power = product
        for i in range(degree + 1):
            expand(last - 1, degree - i, power)
            if i < degree:
                slot = slots[last]
                power = slot if power is None else power.equals(0.0).where(power, power * slot)

    expand(len(slots) - 1, int(stage.getDegree()), None)
    whole = table.graph.concat([one.value for one in made])
    table.columns[stage.getOutputCol()] = vector(whole)
