"""What passes between a worker and its children: requests, reports and their parts.

Standard library only, so that any process may import it. Everything is a frozen dataclass that
goes to JSON and back through `dump` and `load`; the two top-level documents carry a schema number.

A job directory looks like this; each child writes one folder and reads the others:

    request.json          Request, written by the worker
    rows.csv|parquet      the user's own rows, where there are any; Request.given names the file
    dataset.csv|parquet   data that the run logged, where there is any; Request.dataset names it
    model/                the model's artifacts as fetched, MLmodel at the top
    convert/              by `python -m converters convert JOBDIR`, which loads the model
        report.json       ConvertReport
        phase             which part it is at, "load" among them; gone once it has ended by itself
        model.onnx|pmml   the converted file
        rows/             the sampled rows and the original's answers (converters/golden.py)
        rows-1/ …         the same at other lengths of free axes, where the file takes them
    judge/                by `python -m converters judge JOBDIR`, which never loads the model's code
        report.json       JudgeReport
        golden/           the rows that travel in the bundle (converters/golden.py)
        golden-1/ …       the same at other lengths of free axes
    bundle/               by `python -m converters bundle JOBDIR`: the bundle's files, unpacked
        report.json       BundleReport, in their place, where no bundle can be made
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

SCHEMA = 1
REQUEST_FILE = "request.json"
RUN_FILE = "run.json"
ANSWERS_DIR = "answers"
CLASSES_DIR = "classes"
REPORT_FILE = "report.json"
PHASE_FILE = "phase"
LOADING = "load"
# No phase of its own: the original is asked in several.
ASKING = "ask"
MODEL_DIR = "model"
CONVERT_DIR = "convert"
JUDGE_DIR = "judge"
JVM_DIR = "jvm"
BUNDLE_DIR = "bundle"
GIVEN_CSV = "rows.csv"
GIVEN_PARQUET = "rows.parquet"
GIVEN_FILES = (GIVEN_CSV, GIVEN_PARQUET)
GIVEN_MOST = 10_000
DATASET_STEM = "dataset"
DATASET_NOTE = "dataset.note"
DATASET_FILES = (f"{DATASET_STEM}.csv", f"{DATASET_STEM}.parquet")
# The largest tolerance that may be asked for: a tenth is no answer any more.
TOLERANCE_MOST = 0.1
# Why a row is among those judged: the user gave it. The other kinds are converters.sampling's.
GIVEN = "given"

T = TypeVar("T")


class ContractError(ValueError):
    """A document that does not have the shape its type promises; the message names the place."""


class OutputKind(StrEnum):
    """What one output of a model is; decides how parity judges it."""

    LABEL = "label"
    PROBABILITIES = "probabilities"
    SCORES = "scores"
    VALUES = "values"


@dataclass(frozen=True)
class Column:
    """One column of a column-based MLflow signature.

    `type` is MLflow's own word: boolean, integer, long, float, double, string, binary, datetime.
    """

    name: str
    type: str
    required: bool = True


@dataclass(frozen=True)
class Tensor:
    """A tensor-based MLflow signature: numpy dtype name and shape, -1 where free."""

    name: str
    dtype: str
    shape: list[int]

    @property
    def width(self) -> int:
        """How many values one row has; meaningful where only the batch is free."""
        return math.prod(self.shape[1:])


@dataclass(frozen=True)
class Signature:
    """A model's inputs: columns, one tensor, or several tensors; never two of these.

    Sampled and golden rows hold every tensor flat, [N, values a row]; its own shape is given back
    where the original and the converted file are fed.
    """

    columns: list[Column] = field(default_factory=list)
    tensor: Tensor | None = None
    origin: str = "mlflow"  # mlflow | estimator | input_example
    tensors: list[Tensor] = field(default_factory=list)  # where there are two or more

    @property
    def width(self) -> int:
        """How many features one row has."""
        tensors = self.all_tensors
        return sum(one.width for one in tensors) if tensors else len(self.columns)

    @property
    def all_tensors(self) -> list[Tensor]:
        """The one tensor, or the several; empty where there are columns."""
        return [self.tensor] if self.tensor is not None else self.tensors


@dataclass(frozen=True)
class Input:
    """One input of the converted file.

    dtype: numpy name (float32, float64, int32, int64, bool) or `string`.
    columns: the signature's columns (or its tensor) that it carries, in order.
    nullable: a missing value is allowed and has been proven (NaN; null for strings).
    shape: of one row, without the batch; empty for [len(columns)], or a tensor's width.
    """

    name: str
    dtype: str
    columns: list[str]
    nullable: bool = False
    shape: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Output:
    """One output of the converted file.

    width: 0 for shape [N], k for shape [N, k].
    classes: for labels and probabilities, the classes in the order of the model, as JSON scalars.
    source: the original's method that it answers like: predict, predict_proba, decision_function …
    shape: of one row in the file, without the batch, where it has two axes or more; `width` is then
        their product, and answers are compared flat.
    """

    name: str
    kind: OutputKind
    dtype: str
    width: int = 0
    classes: list[str | int | float | bool] = field(default_factory=list)
    source: str = "predict"
    shape: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Domain:
    """Which values one column of the signature takes, as far as the model tells.

    low, high: about where its numbers lie; none where the model does not tell.
    categories: the values that its encoders learned, if there are not too many.
    closed: the original was seen to refuse a value that is none of them.
    """

    column: str
    low: float | None = None
    high: float | None = None
    categories: list[str] = field(default_factory=list)
    closed: bool = False


@dataclass(frozen=True)
class OtherLengths:
    """Rows of other lengths than the signature's, which the file takes too.

    folder: in convert/, the rows and the original's answers (converters/golden.py).
    inputs, outputs: the file's, with the shapes and widths that they have at these lengths.
    """

    folder: str
    inputs: list[Input]
    outputs: list[Output]


@dataclass(frozen=True)
class Identity:
    """Whose model this is; travels into the manifest, the pom and the Javadoc."""

    source: str
    model: str
    version: str
    run_id: str = ""
    maven_group: str = "models"
    description: str = ""


@dataclass(frozen=True)
class Options:
    """What the one who asks may choose; part of the export's identity.

    inputs: auto | columns | tensor. auto is one tensor where all columns share one numeric type,
        one input a column otherwise.
    opset: ONNX default-domain opset, 0 for the route's own choice.
    tolerance: how far numbers may be off, in place of the usual tolerance (converters.parity); 0
        for the usual one. Labels are never tolerated. Shown wherever the bundle is shown.
    """

    inputs: str = "auto"
    opset: int = 0
    tolerance: float = 0.0


@dataclass(frozen=True)
class Request:
    """What a job asks of its children.

    build: the bundle's number; 0 until the bundle step, which alone needs it.
    rows: how many rows parity samples at least.
    given: the file in the job directory that holds the user's own rows; empty where there is none.
    dataset: the file there that holds data which the run logged, of which parity draws some rows.
    dataset_note: why there is none although the run logged one.
    """

    flavor: str
    target: str
    identity: Identity
    options: Options = field(default_factory=Options)
    profile: str = "java-cpu"
    build: int = 0
    rows: int = 1000
    seed: int = 20260101
    model_sha256: dict[str, str] = field(default_factory=dict)  # path in model/ → sha256
    given: str = ""
    given_sha256: str = ""
    dataset: str = ""
    dataset_sha256: str = ""
    dataset_note: str = ""
    schema: int = SCHEMA


@dataclass(frozen=True)
class ConvertReport:
    """What the convert child leaves. `state` is converted, refused or crashed."""

    state: str
    code: str = ""
    sentence: str = ""
    file: str = ""
    file_sha256: str = ""
    signature: Signature | None = None
    inputs: list[Input] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    exact: bool = False  # the whole graph computes in double: the tight tolerance applies
    facts: dict[str, str] = field(default_factory=dict)  # opset, ir, precision, converter …
    versions: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    excluded: dict[str, int] = field(default_factory=dict)  # why rows were left out → how many
    given: int = 0  # how many rows the user gave, those left out included
    # Files that `file` itself reads, such as ONNX's external data: name → sha256.
    data_files: dict[str, str] = field(default_factory=dict)
    lengths: list[OtherLengths] = field(default_factory=list)
    domains: list[Domain] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    schema: int = SCHEMA


@dataclass(frozen=True)
class WorstRow:
    """One row on which original and converted differ most; values as text for people.

    kind: why the row was sampled. near: which of its values lie on a split point of the model.
    """

    row: int
    original: str
    converted: str
    error: float
    features: dict[str, str] = field(default_factory=dict)
    kind: str = ""
    near: str = ""


@dataclass(frozen=True)
class Flip:
    """How many rows the converted file gave another class than the original, by both classes."""

    original: str
    converted: str
    rows: int


@dataclass(frozen=True)
class OutputParity:
    """The verdict on one output: what was measured, what was allowed, what follows.

    verdict: passed | failed | not_checked. Zero rows is never `passed`.
    max_abs, max_rel: over all judged rows; 0 for labels, which are counted in `mismatches`.
    ties: label differences within the rounding of the original's own margin; shown, not failed.
    histogram: counts of log10 of the error in decades, from 1e-18 up to 1e6.
    causes: what the rows that differ have in common, one sentence each.
    flips: for labels, which class was named instead of which.
    scatter: for numbers, pairs of original and converted; the worst ones and a sample.
    """

    name: str
    kind: OutputKind
    rows: int
    verdict: str
    tolerance_abs: float = 0.0
    tolerance_rel: float = 0.0
    max_abs: float = 0.0
    max_rel: float = 0.0
    mismatches: int = 0
    ties: int = 0
    nan_mismatches: int = 0
    sentence: str = ""
    histogram: list[int] = field(default_factory=list)
    worst: list[WorstRow] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    flips: list[Flip] = field(default_factory=list)
    scatter: list[list[float]] = field(default_factory=list)


@dataclass(frozen=True)
class LengthParity:
    """The verdicts at other lengths than the signature's.

    shapes: input → shape of one row. parity: one an output, as in JudgeReport.
    golden: the folder in judge/ of those rows that travel in the bundle; empty where none do.
    """

    shapes: dict[str, list[int]]
    rows: int
    parity: list[OutputParity]
    golden: str = ""

    @property
    def title(self) -> str:
        """The lengths in words, such as `X [11, 4]`."""
        return ", ".join(f"{name} {shape}" for name, shape in self.shapes.items())


@dataclass(frozen=True)
class JudgeReport:
    """What the judge leaves. `state` is proven, refused or crashed."""

    state: str
    code: str = ""
    sentence: str = ""
    rows: int = 0
    excluded: dict[str, int] = field(default_factory=dict)
    parity: list[OutputParity] = field(default_factory=list)
    runtime: str = ""  # e.g. onnxruntime 1.29.0, jpmml-evaluator 1.7.3
    batches: list[int] = field(default_factory=list)
    given: int = 0  # how many of the golden rows are the user's own; they come first
    lengths: list[LengthParity] = field(default_factory=list)  # where axes are free
    versions: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    schema: int = SCHEMA


@dataclass(frozen=True)
class JvmRun:
    """What became of a project's Java. `state` is ran, compile (it does not compile) or run.

    message: why it did not compile, or what it threw. compiler: javac or ecj. java: its version.
    resident_mb: memory of the whole JVM afterwards, in MB of 2^20 bytes.
    """

    state: str
    message: str
    compiler: str
    java: str
    compile_ms: int
    run_ms: int
    resident_mb: int
    schema: int = SCHEMA


@dataclass(frozen=True)
class JvmReport:
    """What is judged of the generated Java on the golden rows. `state` is proven, refused or
    crashed.

    parity: the verdicts, of one call with all rows and of one call a row together.
    java: the version of the JVM that ran it.
    """

    state: str
    code: str = ""
    sentence: str = ""
    rows: int = 0
    parity: list[OutputParity] = field(default_factory=list)
    java: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    schema: int = SCHEMA


@dataclass(frozen=True)
class BundleReport:
    """What the bundle child leaves where it makes no bundle. `state` is refused."""

    state: str
    code: str = ""
    sentence: str = ""
    schema: int = SCHEMA


def dump(document: Any) -> str:
    """A contract document as JSON text, keys sorted, so that equal documents are equal bytes."""
    return json.dumps(
        dataclasses.asdict(document), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False
    )


def load(kind: type[T], text: str | bytes) -> T:
    """Read a contract document of type `kind`, checking every field's type.

    Raises:
        ContractError: not JSON, a missing or unknown field, a wrong type, another schema number.
    """
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ContractError(f"not JSON: {error}") from error
    if isinstance(raw, dict) and raw.get("schema", SCHEMA) != SCHEMA:
        raise ContractError(f"schema {raw['schema']!r}, this version reads {SCHEMA}")
    return typing.cast(T, _build(kind, raw, kind.__name__))


def read(kind: type[T], path: Path) -> T:
    """`load` from a file."""
    return load(kind, path.read_bytes())


def write(document: Any, path: Path) -> None:
    """`dump` to a file, whole or not at all."""
    aside = path.with_name(path.name + ".part")
    aside.write_text(dump(document), encoding="utf-8")
    aside.replace(path)


def _build(kind: Any, raw: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return _build_union(kind, raw, where)
    if origin is list:
        _expect(isinstance(raw, list), where, "a list")
        (item,) = get_args(kind)
        return [_build(item, value, f"{where}[{i}]") for i, value in enumerate(raw)]
    if origin is dict:
        _expect(isinstance(raw, dict), where, "an object")
        _, item = get_args(kind)
        return {str(key): _build(item, value, f"{where}.{key}") for key, value in raw.items()}
    if dataclasses.is_dataclass(kind):
        return _build_dataclass(kind, raw, where)
    if kind is float:
        _expect(isinstance(raw, int | float) and not isinstance(raw, bool), where, "a number")
        return float(raw)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        _expect(raw in list(kind), where, f"one of {', '.join(kind)}")
        return kind(raw)
    _expect(type(raw) is kind, where, getattr(kind, "__name__", str(kind)))
    return raw


def _build_union(kind: Any, raw: Any, where: str) -> Any:
    for option in get_args(kind):
        if option is type(None):
            if raw is None:
                return None
        elif dataclasses.is_dataclass(option):
            if isinstance(raw, dict):
                return _build(option, raw, where)
        elif type(raw) is option:
            return raw
    raise ContractError(f"{where}: unexpected {type(raw).__name__}")


def _build_dataclass(kind: Any, raw: Any, where: str) -> Any:
    _expect(isinstance(raw, dict), where, "an object")
    hints = get_type_hints(kind)
    unknown = set(raw) - set(hints)
    _expect(not unknown, where, f"no field {sorted(unknown)}")
    values = {name: _build(hints[name], raw[name], f"{where}.{name}") for name in raw}
    try:
        return kind(**values)
    except TypeError as error:
        raise ContractError(f"{where}: {error}") from error


def _expect(holds: bool, where: str, what: str) -> None:
    if not holds:
        raise ContractError(f"{where}: expected {what}")
