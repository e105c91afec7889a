"""What the generated Java looks like, worked out of a manifest before a line of it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from converters import types
from converters.bundle.manifest import GoldenColumn, Manifest
from converters.contract import Domain, Input, Output, OutputKind
from converters.errors import Refused
from converters.java import names, runtimes
from converters.java.runtimes.runtime import Runtime

# MLflow column type → what a golden row or a caller holds, before the cast for the file.
JAVA_TYPES = {row.name: row.java for row in types.COLUMNS.values() if row.rows}
# dtype of an output or a tensor → Java type.
DTYPE_TYPES = types.JAVA
Scalar = str | int | float | bool
# A record takes 254 slots and a double fills two; from here on readers want names, not positions.
RECORD_COLUMNS = 120
# More values than this stay text: nobody switches over them.
MOST_CONSTANTS = 500
# What the generated top-level classes are called after the model.
CLASS_SUFFIXES = ("Batch", "Input", "Model", "Options", "Output", "Provenance", "Schema", "Scorer")
# A class file's constant pool ends at 65,535 entries (JVMS 4.1).
MOST_COLUMNS = 20_000


# Primitive → the class of which null is a value too.
BOXED = {
    "double": "Double",
    "float": "Float",
    "long": "Long",
    "int": "Integer",
    "boolean": "Boolean",
    "String": "String",
}


@dataclass(frozen=True)
class Closed:
    """A nested enum for text of which every value is known. constants: value → constant's name."""

    name: str
    constants: dict[str, str]


@dataclass(frozen=True)
class Field:
    """One column or tensor in Java. nullable: null stands for a missing value, and so does NaN.

    type: of one value as the golden rows hold it. size: how many values a row has of it; a
    tensor's are one array, row-major. closed: the enum of a column that takes known text alone.
    """

    column: str
    name: str
    type: str
    nullable: bool
    size: int = 1
    closed: Closed | None = None

    @property
    def real(self) -> bool:
        """Whether NaN is among its values."""
        return self.type in ("float", "double")

    @property
    def declared(self) -> str:
        """The type of the record component that holds one value."""
        if self.closed is not None:
            return self.closed.name
        return BOXED[self.type] if self.nullable else self.type


@dataclass(frozen=True)
class Feed:
    """One input of the file: the fields that it carries, in order.

    width: values a row. shape: of one row, as the file takes it.
    """

    name: str
    dtype: str
    fields: list[Field]
    width: int
    shape: list[int]


@dataclass(frozen=True)
class Answer:
    """One output in Java.

    of: the accessor that takes a class, where it has one number a class; by_class: the one of all.
    classes: the constant that lists its classes, empty where it has none.
    closed: the enum that its classes are where they are text.
    """

    output: Output
    name: str
    type: str
    of: str
    classes: str
    closed: Closed | None = None
    by_class: str = ""

    @property
    def array(self) -> bool:
        return self.output.width > 0

    @property
    def declared(self) -> str:
        """The type of the record component."""
        kind = self.closed.name if self.closed is not None and self.label else self.type
        return f"{kind}[]" if self.array else kind

    @property
    def label(self) -> bool:
        """Whether its values are the classes themselves."""
        return self.output.kind is OutputKind.LABEL


@dataclass(frozen=True)
class Plan:
    """Everything that the templates ask. shape: record, columns (many) or tensor."""

    manifest: Manifest
    package: str
    prefix: str
    shape: str
    fields: list[Field]
    feeds: list[Feed]
    answers: list[Answer]
    golden: list[GoldenColumn]

    @property
    def runtime(self) -> Runtime:
        """The library that its code calls."""
        return runtimes.of(self.manifest.target)

    @property
    def path(self) -> str:
        """The package as a folder."""
        return self.package.replace(".", "/")

    @property
    def texts(self) -> bool:
        """Whether any field is a string."""
        return any(field.type == "String" for field in self.fields)


def plan(manifest: Manifest) -> Plan:
    """Work out the Java of a bundle.

    Raises:
        Refused: a signature that Java code cannot carry, with what to change.
    """
    runtime = runtimes.of(manifest.target)
    group = names.package(manifest.maven.group, manifest.model)
    columns = manifest.signature.columns
    fields = _column_fields(manifest) if columns else _tensor_fields(manifest)
    by_column = {field.column: field for field in fields}
    return Plan(
        manifest=manifest,
        package=f"{group}{runtime.suffix}",
        prefix=names.prefix(manifest.model),
        shape=_shape(manifest),
        fields=fields,
        feeds=[_feed(item, by_column, runtime) for item in manifest.inputs],
        answers=_answers(manifest),
        golden=manifest.golden.outputs,
    )


def _shape(manifest: Manifest) -> str:
    if not manifest.signature.columns:
        return "tensor"
    columns = len(manifest.signature.columns)
    if columns > MOST_COLUMNS:
        raise Refused(
            "too_many_columns",
            f"The model has {columns} columns and a Java class holds at most {MOST_COLUMNS}: log "
            "it with a tensor signature, one array instead of named columns.",
        )
    return "record" if columns <= RECORD_COLUMNS else "columns"


def _column_fields(manifest: Manifest) -> list[Field]:
    nullable = {name for item in manifest.inputs if item.nullable for name in item.columns}
    columns = manifest.signature.columns
    chosen = names.fields(column.name for column in columns)
    for column in columns:
        if column.type not in JAVA_TYPES:
            raise Refused(
                "column_type",
                f"The column {column.name} is of type {column.type}, for which there is no typed "
                "Java yet: make it a number or a string before the model.",
            )
    # An input of several columns may be nullable for the sake of some: the others have no missing
    # value at all. What the file does not read may be anything, so missing too.
    nullable |= {column.name for column in columns} - {
        name for item in manifest.inputs for name in item.columns
    }
    nullable &= {column.name for column in columns if types.COLUMNS[column.type].missing}
    fields = [
        Field(c.name, chosen[c.name], JAVA_TYPES[c.type], c.name in nullable) for c in columns
    ]
    domains = {domain.column: domain for domain in manifest.domains if domain.closed}
    if len(columns) > RECORD_COLUMNS:
        return fields
    taken = {f"{names.prefix(manifest.model)}{suffix}" for suffix in CLASS_SUFFIXES}
    runtime = runtimes.of(manifest.target)
    return [
        replace(field, closed=_closed(field, domains.get(field.column), runtime, taken))
        for field in fields
    ]


def _closed(
    field: Field, domain: Domain | None, runtime: Runtime, taken: set[str]
) -> Closed | None:
    """The enum of a column; none where a value of it could not be passed to the file."""
    if domain is None or field.type != "String" or len(domain.categories) > MOST_CONSTANTS:
        return None
    if not all(map(runtime.takes, domain.categories)):
        return None
    return Closed(_nested(field.name, taken), names.constants(domain.categories))


def _nested(wanted: str, taken: set[str]) -> str:
    """A name for a nested class that is none of those taken, which it joins."""
    name = names.nested(wanted)
    while name in taken:
        name = f"{name}Value"
    taken.add(name)
    return name


def _tensor_fields(manifest: Manifest) -> list[Field]:
    """One array each; a single one needs no name of its own."""
    signature = manifest.signature
    tensors = signature.all_tensors
    nullable = {name for item in manifest.inputs if item.nullable for name in item.columns}
    chosen = names.fields((tensor.name for tensor in tensors), _TENSOR_WORDS)
    fields = []
    for tensor in tensors:
        if tensor.width < 1:
            raise Refused(
                "tensor_shape",
                f"The tensor {tensor.name!r} has the shape {tensor.shape}, which leaves the size "
                "of a row open; log the model with a signature that fixes it.",
            )
        kind = types.tensor(tensor.name, tensor.dtype).java
        column = tensor.name or "X"
        name = "values" if len(tensors) == 1 else chosen[tensor.name]
        fields.append(Field(column, name, kind, column in nullable, tensor.width))
    return fields


# What the generated class calls its own.
_TENSOR_WORDS = ("i", "input", "numbers", "other", "row", "texts", "value")


def _feed(item: Input, by_column: dict[str, Field], runtime: Runtime) -> Feed:
    runtime.check_input(item)
    fields = [by_column[name] for name in item.columns]
    width = sum(field.size for field in fields)
    return Feed(item.name, item.dtype, fields, width, item.shape or [width])


def _answers(manifest: Manifest) -> list[Answer]:
    outputs = manifest.outputs
    chosen = names.fields((output.name for output in outputs), _OUTPUT_WORDS)
    constants: dict[str, list[Scalar]] = {}
    enums: dict[str, Closed] = {}
    taken = {f"{names.prefix(manifest.model)}{suffix}" for suffix in CLASS_SUFFIXES}
    answers = []
    for output in outputs:
        runtimes.of(manifest.target).check_output(output)
        name = chosen[output.name]
        classes = ""
        if output.classes:
            classes = "CLASSES" if not constants else f"{names.upper(name)}_CLASSES"
            same = (key for key, known in constants.items() if known == output.classes)
            classes = next(same, classes)
            if classes not in constants:
                constants[classes] = output.classes
                if one := _enum_of(output, name, not enums, taken):
                    enums[classes] = one
        kind = DTYPE_TYPES[output.dtype]
        answer = Answer(output, name, kind, _accessor(output, name), classes)
        answers.append(replace(answer, closed=enums.get(classes)))
    answers = [replace(one, by_class=_by_class(one, chosen)) for one in answers]
    of = [answer.of for answer in answers]
    # Several targets' probabilities are told apart by the output's name.
    return [
        replace(one, of=f"{one.name}Of") if one.of and of.count(one.of) > 1 else one
        for one in answers
    ]


# What the methods of an output call their own.
_OUTPUT_WORDS = ("at", "batch", "classes", "from", "i", "label_", "read", "result", "rows", "to")


def _enum_of(output: Output, name: str, first: bool, taken: set[str]) -> Closed | None:
    """The enum for classes that are text."""
    classes = output.classes
    texts = [label for label in classes if isinstance(label, str)]
    if len(texts) < len(classes) or not 0 < len(set(texts)) == len(texts) <= MOST_CONSTANTS:
        return None
    wanted = "label" if first else f"{name}Label"
    return Closed(_nested(wanted, taken), names.constants(texts))


def _by_class(answer: Answer, chosen: Mapping[str, str]) -> str:
    name = f"{answer.name}ByClass"
    while name in chosen.values():
        name += "_"
    return name if answer.of else ""


def _accessor(output: Output, name: str) -> str:
    if output.width == 0 or len(output.classes) != output.width:
        return ""
    by_kind = {OutputKind.PROBABILITIES: "probability", OutputKind.SCORES: "score"}
    return by_kind.get(output.kind, f"{name}Of")
