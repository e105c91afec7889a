"""Every type that a signature can name: what carries it in rows, file and Java, or why not.

The one table of its kind: sources, emitters, pre-flight, generated Java and pages read it. Standard
library only, so that any process may import it. Column types are MLflow's own words
(mlflow.types.DataType and its nested types), tensor types numpy's names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from converters.errors import Refused

NUMBERS_BEFORE = "turn it into numbers before the model and log the model again"


@dataclass(frozen=True)
class Type:
    """One type and its counterparts; without `rows` it is carried by nothing, and `why` says why.

    rows: numpy dtype of its values in sampled and golden rows.
    file: dtype of an input that carries it (contract.Input), `string` for text.
    onnx: the file's element type in ONNX's own words.
    java: what a caller passes for one value.
    missing: what stands for a missing value; empty where the type has none.
    """

    name: str
    rows: str = ""
    file: str = ""
    onnx: str = ""
    java: str = ""
    missing: str = ""
    why: str = ""


def _table(*rows: Type) -> Mapping[str, Type]:
    return {row.name: row for row in rows}


COLUMNS = _table(
    Type("boolean", "bool", "bool", "tensor(bool)", "boolean"),
    Type("integer", "int32", "int32", "tensor(int32)", "int"),
    Type("long", "int64", "int64", "tensor(int64)", "long"),
    Type("float", "float32", "float32", "tensor(float)", "float", "NaN"),
    Type("double", "float64", "float64", "tensor(double)", "double", "NaN"),
    Type("string", "object", "string", "tensor(string)", "String", "null"),
    Type("datetime", why=f"dates have no counterpart in a converted file; {NUMBERS_BEFORE}"),
    Type("binary", why=f"bytes have no counterpart in a converted file; {NUMBERS_BEFORE}"),
    Type("decimal", why="decimals would be rounded in a converted file; log the column as double"),
    Type(
        "array",
        why="lists in a column have no counterpart; log the model with a tensor, or a column each",
    ),
    Type("object", why="a record in a column has no counterpart; log its fields as columns"),
    Type("map", why="a map in a column has no counterpart; log its values as columns"),
    Type("any", why="a column of any type has no type in Java; give it one in the signature"),
    Type("sparse_vector", why="sparse vectors have no counterpart; log the model with a tensor"),
)
TENSORS = _table(
    Type("bool", "bool", "bool", "tensor(bool)", "boolean"),
    # Narrow and unsigned numbers are widened without loss: Java has no types for them.
    Type("int8", "int32", "int32", "tensor(int32)", "int"),
    Type("int16", "int32", "int32", "tensor(int32)", "int"),
    Type("int32", "int32", "int32", "tensor(int32)", "int"),
    Type("int64", "int64", "int64", "tensor(int64)", "long"),
    Type("uint8", "int32", "int32", "tensor(int32)", "int"),
    Type("uint16", "int32", "int32", "tensor(int32)", "int"),
    Type("uint32", "int64", "int64", "tensor(int64)", "long"),
    Type("float16", "float32", "float32", "tensor(float)", "float", "NaN"),
    Type("float32", "float32", "float32", "tensor(float)", "float", "NaN"),
    Type("float64", "float64", "float64", "tensor(double)", "double", "NaN"),
    Type("object", "object", "string", "tensor(string)", "String", "null"),
    Type("str", "object", "string", "tensor(string)", "String", "null"),
    Type("uint64", why="uint64 holds numbers that Java's long does not; use int64"),
    Type("complex64", why="complex numbers have no counterpart; pass two real tensors"),
    Type("complex128", why="complex numbers have no counterpart; pass two real tensors"),
    Type("datetime64[ns]", why=f"dates have no counterpart in a converted file; {NUMBERS_BEFORE}"),
    Type("bytes", why="bytes have no counterpart in a converted file; pass numbers"),
)
# Of the types above, those that something carries: name → numpy dtype in rows.
ROWS = {row.name: row.rows for row in COLUMNS.values() if row.rows}
# numpy dtype in rows → dtype in the file, and → Java.
FILES = {row.rows: row.file for row in COLUMNS.values() if row.rows}
JAVA = {row.file: row.java for row in COLUMNS.values() if row.rows}
# ONNX's words for element types → ours.
ELEMENTS = {row.onnx: row.file for row in COLUMNS.values() if row.rows}


def column(name: str, kind: str) -> Type:
    """The carried type of a column.

    Raises:
        Refused: `column_type`, with what to do instead.
    """
    row = COLUMNS.get(kind.lower().replace("anytype", "any"))
    if row is None or not row.rows:
        why = row.why if row else f"it is none of {', '.join(ROWS)}"
        raise Refused("column_type", f"Column {name!r} is of type {kind}: {why}.")
    return row


def tensor(name: str, dtype: str) -> Type:
    """The carried type of a tensor.

    Raises:
        Refused: `column_type`, with what to do instead.
    """
    known = "str" if dtype.startswith(("str", "<U")) else dtype
    row = TENSORS.get(known) or TENSORS.get(f"{known}[ns]")
    if row is None or not row.rows:
        why = row.why if row else f"it is none of {', '.join(TENSORS)}"
        raise Refused("column_type", f"The tensor {name!r} is of type {dtype}: {why}.")
    return row
