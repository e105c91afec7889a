"""Rows and answers on disk, exact to the bit: golden.json plus one raw little-endian file a column.

The convert child writes such a folder for the judge, the judge writes one for the bundle, and
whoever downloads a bundle reads it; so a reader treats every byte as hostile.
"""

from __future__ import annotations

import json
import os
import re
import stat
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SCHEMA = 1
INDEX_FILE = "golden.json"
MAX_INDEX_BYTES = 64 << 20
MAX_FILE_BYTES = 2 << 30
MAX_WIDTH = 1 << 20

Array = npt.NDArray[Any]
Rows = dict[str, Array]
Answers = dict[str, Array]

# Name in golden.json → numpy dtype on disk. Strings have their own layout.
DTYPES = {
    "bool": np.dtype("?"),
    "int32": np.dtype("<i4"),
    "int64": np.dtype("<i8"),
    "float32": np.dtype("<f4"),
    "float64": np.dtype("<f8"),
    "datetime64[ns]": np.dtype("<M8[ns]"),
}
STRING = "string"

_FILE_NAME = re.compile(r"(in|out)-[0-9]{3,6}\.bin")
_INDEX_KEYS = {"schema", "rows", "inputs", "outputs"}
_COLUMN_KEYS = {"name", "dtype", "width", "file"}


class GoldenError(ValueError):
    """A golden folder that cannot be written or that does not hold what it says."""


def dtype_name(values: Array) -> str:
    """The name under which an array's dtype is stored, e.g. `float64`; object arrays are `string`.

    Raises:
        GoldenError: a dtype that golden rows do not carry.
    """
    if values.dtype == object:
        return STRING
    for name, dtype in DTYPES.items():
        if values.dtype == dtype:
            return name
    raise GoldenError(f"golden rows carry no {values.dtype} values")


def write(folder: Path, rows: Mapping[str, Array], answers: Mapping[str, Array]) -> None:
    """Write rows and answers, each array [N] or [N, k], into `folder`, which is made if missing.

    Equal content gives equal bytes. The index is written last: a folder without one is unfinished.

    Raises:
        GoldenError: arrays of different lengths, more than two dimensions, a dtype or a value
            that golden rows do not carry.
    """
    lengths = {len(values) for values in [*rows.values(), *answers.values()]}
    if len(lengths) > 1:
        raise GoldenError(f"columns of different lengths: {sorted(lengths)}")
    folder.mkdir(parents=True, exist_ok=True)
    index = {
        "schema": SCHEMA,
        "rows": lengths.pop() if lengths else 0,
        "inputs": [_write_column(folder, "in", i, *item) for i, item in enumerate(rows.items())],
        "outputs": [
            _write_column(folder, "out", i, *item) for i, item in enumerate(answers.items())
        ],
    }
    text = json.dumps(index, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / INDEX_FILE).write_text(text, encoding="utf-8")


def read(folder: Path) -> tuple[Rows, Answers]:
    """Read a golden folder: rows and answers, keys in the order in which they were written.

    Strings come back as object arrays of str or None. Only files that the index names are opened,
    each a regular file directly inside `folder` and exactly as long as its shape says.

    Raises:
        GoldenError: anything that is not as `write` leaves it.
    """
    index = _read_index(folder)
    columns = [*index["inputs"], *index["outputs"]]
    files = [column["file"] for column in columns]
    if len(set(files)) != len(files):
        raise GoldenError("two columns share a file")
    rows = {c["name"]: _read_column(folder, c, index["rows"]) for c in index["inputs"]}
    answers = {c["name"]: _read_column(folder, c, index["rows"]) for c in index["outputs"]}
    if len(rows) + len(answers) != len(columns):
        raise GoldenError("two columns share a name")
    return rows, answers


def read_columns(folder: Path, columns: Sequence[Mapping[str, Any]], rows: int) -> Answers:
    """Columns of `rows` rows from their files in `folder`; each column as golden.json has it.

    Raises:
        GoldenError: anything that is not as `write` leaves it.
    """
    for column in columns:
        _check_column(column, "out-")
    return {column["name"]: _read_column(folder, column, rows) for column in columns}


def read_numbers(folder: Path, name: str, rows: int) -> list[int]:
    """Numbers of rows out of `rows`, ascending, from a file of int32.

    Raises:
        GoldenError: the file holds anything else.
    """
    content = _read_file(folder, name, 4 * rows)
    if len(content) % 4:
        raise GoldenError(f"{name} is no list of int32")
    numbers: list[int] = np.frombuffer(content, dtype="<i4").tolist()
    if numbers != sorted(set(numbers)) or not all(0 <= one < rows for one in numbers):
        raise GoldenError(f"{name} does not list rows in their order, each once")
    return numbers


def _write_column(
    folder: Path, side: str, number: int, name: str, values: Array
) -> dict[str, str | int]:
    if values.ndim not in (1, 2) or (values.ndim == 2 and values.shape[1] == 0):
        raise GoldenError(f"{name}: shape {values.shape} is neither [N] nor [N, k]")
    dtype = dtype_name(values)
    file = f"{side}-{number:03d}.bin"
    if dtype == STRING:
        content = b"".join(_encode_string(name, value) for value in values.ravel())
    else:
        content = np.ascontiguousarray(values, dtype=DTYPES[dtype]).tobytes()
    (folder / file).write_bytes(content)
    width = 0 if values.ndim == 1 else values.shape[1]
    return {"name": name, "dtype": dtype, "width": width, "file": file}


def _encode_string(name: str, value: object) -> bytes:
    if value is None:
        return struct.pack("<i", -1)
    if not isinstance(value, str):
        raise GoldenError(f"{name}: {type(value).__name__} among the strings")
    try:
        content = value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise GoldenError(f"{name}: a string that is not Unicode text") from error
    return struct.pack("<i", len(content)) + content


def _read_index(folder: Path) -> dict[str, Any]:
    content = _read_file(folder, INDEX_FILE, MAX_INDEX_BYTES)
    try:
        index = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise GoldenError(f"{INDEX_FILE} is not JSON: {error}") from error
    if not isinstance(index, dict) or set(index) != _INDEX_KEYS:
        raise GoldenError(f"{INDEX_FILE} must hold exactly {', '.join(sorted(_INDEX_KEYS))}")
    if index["schema"] != SCHEMA or type(index["schema"]) is not int:
        raise GoldenError(f"golden schema {index['schema']!r}, this version reads {SCHEMA}")
    if type(index["rows"]) is not int or index["rows"] < 0:
        raise GoldenError("rows must be a count")
    for side, prefix in (("inputs", "in-"), ("outputs", "out-")):
        if not isinstance(index[side], list):
            raise GoldenError(f"{side} must be a list")
        for column in index[side]:
            _check_column(column, prefix)
    return index


def _check_column(column: Any, prefix: str) -> None:
    if not isinstance(column, dict) or set(column) != _COLUMN_KEYS:
        raise GoldenError(f"a column must hold exactly {', '.join(sorted(_COLUMN_KEYS))}")
    if not isinstance(column["name"], str):
        raise GoldenError("a column's name must be text")
    if column["dtype"] != STRING and column["dtype"] not in DTYPES:
        raise GoldenError(f"{column['name']}: unknown dtype {column['dtype']!r}")
    if type(column["width"]) is not int or not 0 <= column["width"] <= MAX_WIDTH:
        raise GoldenError(f"{column['name']}: width must be a count")
    file = column["file"]
    if not isinstance(file, str) or not _FILE_NAME.fullmatch(file) or not file.startswith(prefix):
        raise GoldenError(f"{column['name']}: {file!r} is no golden file's name")


def _read_file(folder: Path, name: str, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes; links and devices are not opened."""
    try:
        # O_NONBLOCK: a named pipe put there must not make the reader wait.
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise GoldenError(f"{name} cannot be opened: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise GoldenError(f"{name} is not a regular file")
        if status.st_size > limit:
            raise GoldenError(f"{name} holds {status.st_size} bytes, at most {limit} are expected")
        return stream.read(limit + 1)


def _read_column(folder: Path, column: Mapping[str, Any], rows: int) -> Array:
    shape = (rows,) if column["width"] == 0 else (rows, column["width"])
    count = rows * max(column["width"], 1)
    if column["dtype"] == STRING:
        content = _read_file(folder, column["file"], MAX_FILE_BYTES)
        return _decode_strings(column["name"], content, count).reshape(shape)
    dtype = DTYPES[column["dtype"]]
    expected = count * dtype.itemsize
    if expected > MAX_FILE_BYTES:
        raise GoldenError(f"{column['name']}: {expected} bytes are more than a golden file holds")
    content = _read_file(folder, column["file"], expected)
    if len(content) != expected:
        raise GoldenError(f"{column['file']} holds {len(content)} bytes instead of {expected}")
    if column["dtype"] == "bool" and set(content) - {0, 1}:
        raise GoldenError(f"{column['file']}: a boolean must be 0 or 1")
    return np.frombuffer(content, dtype=dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _decode_strings(name: str, content: bytes, count: int) -> Array:
    # Each value takes 4 bytes at least: checked before memory for `count` values is asked for.
    if count * 4 > len(content):
        raise GoldenError(f"{name}: the strings end too early")
    values = np.empty(count, dtype=object)
    at = 0
    for i in range(count):
        if at + 4 > len(content):
            raise GoldenError(f"{name}: the strings end too early")
        (length,) = struct.unpack_from("<i", content, at)
        at += 4
        if length == -1:
            continue
        if length < 0 or at + length > len(content):
            raise GoldenError(f"{name}: a string of {length} bytes does not fit")
        try:
            values[i] = content[at : at + length].decode("utf-8")
        except UnicodeDecodeError as error:
            raise GoldenError(f"{name}: a string is not UTF-8") from error
        at += length
    if at != len(content):
        raise GoldenError(f"{name}: bytes after the last string")
    return values
