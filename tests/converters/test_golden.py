"""Golden folders: exact to the bit, and hostile ones are told from honest ones."""

import json
import os
import struct

import numpy as np
import pytest

from converters import golden


def make_rows():
    strings = np.array(["", "Zürich", None, "a\x00b", "\U0001d4b3"], dtype=object)
    rows = {
        "age": np.array([0, -1, 1, 2**31 - 1, -(2**31)], dtype=np.int32),
        "id": np.array([0, -1, 1, 2**63 - 1, -(2**63)], dtype=np.int64),
        "x": np.array([0.1, np.nan, np.inf, -0.0, 5e-324]),
        "y": np.array([0.1, np.nan, -np.inf, -0.0, 1e-45], dtype=np.float32),
        "on": np.array([True, False, True, True, False]),
        "when": np.array(["2020-01-01T00:00:00.000000001", "NaT", 0, 1, 2], "datetime64[ns]"),
        "city name": strings,
    }
    answers = {
        "label": np.array(["a", "b", "a", "b", "c"], dtype=object),
        "probabilities": np.arange(15, dtype=np.float64).reshape(5, 3) / 7,
    }
    return rows, answers


def same_bits(a, b):
    if a.dtype == object:
        return a.shape == b.shape and a.tolist() == b.tolist()
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def edit_index(folder, change):
    index = json.loads((folder / "golden.json").read_text())
    change(index)
    (folder / "golden.json").write_text(json.dumps(index))


@pytest.fixture
def folder(tmp_path):
    golden.write(tmp_path / "golden", *make_rows())
    return tmp_path / "golden"


def test_what_is_written_is_read_back_to_the_bit(folder):
    rows, answers = golden.read(folder)
    wanted_rows, wanted_answers = make_rows()
    assert list(rows) == list(wanted_rows)
    assert list(answers) == list(wanted_answers)
    for name, values in {**wanted_rows, **wanted_answers}.items():
        assert same_bits(values, {**rows, **answers}[name]), name


def test_equal_rows_are_equal_bytes(folder, tmp_path):
    golden.write(tmp_path / "again", *make_rows())
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "again").iterdir())
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_transposed_array_is_written_row_major(tmp_path):
    values = np.arange(6, dtype=np.float64).reshape(2, 3).T
    golden.write(tmp_path, {"x": values}, {})
    assert (golden.read(tmp_path)[0]["x"] == values).all()


def test_zero_rows_are_kept_with_their_shapes(tmp_path):
    golden.write(tmp_path, {"x": np.zeros((0, 4))}, {"y": np.zeros(0, dtype=object)})
    rows, answers = golden.read(tmp_path)
    assert rows["x"].shape == (0, 4)
    assert answers["y"].shape == (0,)


@pytest.mark.parametrize(
    "bad",
    [
        {"x": np.zeros(2), "y": np.zeros(3)},
        {"x": np.zeros((2, 2, 2))},
        {"x": np.zeros(2, dtype=np.complex128)},
        {"x": np.array([1, "a"], dtype=object)},
        {"x": np.array(["\ud800"], dtype=object)},
    ],
    ids=["lengths", "dimensions", "dtype", "mixed", "surrogate"],
)
def test_what_cannot_be_kept_exactly_is_not_written(tmp_path, bad):
    with pytest.raises(golden.GoldenError):
        golden.write(tmp_path, bad, {})


@pytest.mark.parametrize(
    "name",
    ["../in-000.bin", "/etc/hostname", "in-000.bin/../in-001.bin", "in-0.bin", "golden.json"],
)
def test_a_file_outside_the_folder_is_never_opened(folder, name):
    edit_index(folder, lambda index: index["inputs"][0].update(file=name))
    with pytest.raises(golden.GoldenError, match="no golden file's name"):
        golden.read(folder)


def test_a_link_is_never_followed(folder, tmp_path):
    target = tmp_path / "secret"
    target.write_bytes((folder / "in-000.bin").read_bytes())
    (folder / "in-000.bin").unlink()
    (folder / "in-000.bin").symlink_to(target)
    with pytest.raises(golden.GoldenError, match="cannot be opened"):
        golden.read(folder)


@pytest.mark.parametrize("name", ["in-000.bin", "golden.json"])
def test_a_named_pipe_does_not_make_the_reader_wait(folder, name):
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(golden.GoldenError, match="not a regular file"):
        golden.read(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda index: index.update(rows=10**15),
        lambda index: index.update(rows=4),
        lambda index: index.update(rows=-1),
        lambda index: index.update(rows=True),
        lambda index: index.update(schema=2),
        lambda index: index.pop("outputs"),
        lambda index: index["inputs"][0].update(width=10**12),
        lambda index: index["inputs"][6].update(width=10**12),
        lambda index: index["inputs"][0].update(dtype="object"),
        lambda index: index["inputs"][0].update(file="in-001.bin"),
        lambda index: index["inputs"][0].update(file="out-000.bin"),
        lambda index: index["inputs"][0].update(name="id"),
        lambda index: index["inputs"][0].update(extra=1),
        lambda index: index.update(inputs={}),
    ],
    ids=[f"lie{i}" for i in range(14)],
)
def test_an_index_that_lies_is_refused(folder, change):
    edit_index(folder, change)
    with pytest.raises(golden.GoldenError):
        golden.read(folder)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"[" * 100_000, b"\xff"])
def test_an_index_that_is_no_index_is_refused(folder, content):
    (folder / "golden.json").write_bytes(content)
    with pytest.raises(golden.GoldenError):
        golden.read(folder)


@pytest.mark.parametrize("length", [-2, 2**31 - 1, 1])
def test_a_string_length_that_lies_is_refused(folder, length):
    content = (folder / "in-006.bin").read_bytes()
    (folder / "in-006.bin").write_bytes(struct.pack("<i", length) + content[4:])
    with pytest.raises(golden.GoldenError):
        golden.read(folder)


@pytest.mark.parametrize("name", ["in-000.bin", "in-006.bin", "out-001.bin"])
def test_a_file_cut_short_or_too_long_is_refused(folder, name):
    content = (folder / name).read_bytes()
    for changed in (content[:-1], content + b"\0"):
        (folder / name).write_bytes(changed)
        with pytest.raises(golden.GoldenError):
            golden.read(folder)


def test_a_boolean_that_is_neither_true_nor_false_is_refused(folder):
    (folder / "in-004.bin").write_bytes(bytes([0, 1, 2, 0, 1]))
    with pytest.raises(golden.GoldenError, match="0 or 1"):
        golden.read(folder)
