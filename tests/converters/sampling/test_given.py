"""The user's own rows: what a CSV or Parquet file means in the signature's terms, and what not."""

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from converters import contract
from converters.contract import Column, Signature, Tensor
from converters.errors import Refused
from converters.sampling import Sample, given

TYPES = {
    "flag": "boolean",
    "small": "integer",
    "count": "long",
    "ratio": "float",
    "income": "double",
    "home town": "string",
    "when": "datetime",
}
TABLE = Signature([Column(name, kind) for name, kind in TYPES.items() if kind != "datetime"])
TENSOR = Signature(tensor=Tensor("", "float32", [-1, 3]))


def of(*columns):
    return Signature([Column(name, TYPES[name]) for name in columns])


def read_csv(folder, text, signature):
    path = folder / contract.GIVEN_CSV
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return given.read(path, signature)


def read_parquet(folder, columns, signature):
    path = folder / contract.GIVEN_PARQUET
    parquet.write_table(pyarrow.table(columns), path)
    return given.read(path, signature)


def refusal(call, *arguments):
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.code, caught.value.sentence


def test_csv_columns_of_every_type_in_any_order_become_the_signatures_rows(tmp_path):
    text = (
        "\ufeffhome town,income,ratio,count,small,flag\r\n"
        '"Rome, Italy",0.1,0.1,9223372036854775807,-2147483648,true\r\n'
        ",,,3.0,7,0\r\n"
        "\r\n"
    )
    rows = read_csv(tmp_path, text, TABLE)
    assert list(rows) == list(TYPES)[:-1]
    assert [values.dtype.name for values in rows.values()] == [
        *("bool", "int32", "int64", "float32", "float64", "object")
    ]
    assert rows["flag"].tolist() == [True, False]
    assert rows["small"].tolist() == [-(2**31), 7]
    assert rows["count"].tolist() == [2**63 - 1, 3]
    assert rows["home town"].tolist() == ["Rome, Italy", None]
    assert rows["ratio"][0] == np.float32(0.1)
    assert np.isnan(rows["ratio"][1])
    assert np.isnan(rows["income"][1])


def test_a_double_written_in_full_comes_back_to_the_bit(tmp_path):
    random = np.random.default_rng(3)
    bits = random.integers(0, 2**63, 2000, dtype=np.int64).view(np.float64)
    wanted = np.concatenate([bits[np.isfinite(bits)], [-0.0, 5e-324, np.inf, -np.inf]])
    text = "income\n" + "\n".join(repr(float(value)) for value in wanted)
    got = read_csv(tmp_path, text, of("income"))["income"]
    assert got.tobytes() == wanted.tobytes()


def test_parquet_gives_the_same_rows_exact_to_the_bit(tmp_path):
    income = np.array([0.1 + 0.2, -0.0, 1e-320])
    ratio = np.array([0.1, 3e38, -0.0], dtype=np.float32)
    columns = {
        "income": pyarrow.array([*income, None]),
        "ratio": pyarrow.array([*ratio, np.float32(1)]),
        "home town": pyarrow.array(["", "Rome", None, "Rome"]).dictionary_encode(),
        "count": pyarrow.array([1.0, 2.0, 3.0, -4.0]),
        "small": pyarrow.array([1, 2, 3, 4], pyarrow.int8()),
        "flag": pyarrow.array([True, False, True, False]),
    }
    rows = read_parquet(tmp_path, columns, TABLE)
    assert rows["income"][:3].tobytes() == income.tobytes()
    assert np.isnan(rows["income"][3])
    assert rows["ratio"][:3].tobytes() == ratio.tobytes()
    assert rows["home town"].tolist() == ["", "Rome", None, "Rome"]
    assert rows["count"].tolist() == [1, 2, 3, -4]
    assert rows["small"].tolist() == [1, 2, 3, 4]
    assert rows["flag"].tolist() == [True, False, True, False]


@pytest.mark.parametrize(
    "text", ["x0,x1,x2\n1,2,3\n", "x2,x0,x1\n3,1,2\n", "length,width,height\n1,2,3\n"]
)
def test_a_tensors_columns_go_by_x0_x1_or_by_their_place(tmp_path, text):
    rows = read_csv(tmp_path, text, TENSOR)
    assert list(rows) == ["X"]
    assert rows["X"].dtype == np.float32
    assert rows["X"].tolist() == [[1, 2, 3]]


@pytest.mark.parametrize("text", ["1,2,3\n4,5,6\n", "x0,x1\n1,2\n", "x0,x1,x2,x3\n1,2,3,4\n"])
def test_a_tensors_file_without_header_or_of_another_width_is_refused(tmp_path, text):
    code, sentence = refusal(read_csv, tmp_path, text, TENSOR)
    assert code == "rows_columns"
    assert "name the columns x0 to x2" in sentence


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("count\n1\n", "lack the column 'income'"),
        ("count,income,target\n1,2,3\n", "have the column 'target', unknown"),
        ("count,incme\n1,2\n", "lack the column 'income' and have the column 'incme'"),
        (",count,income\n0,1,2\n", "index=False"),
        ("count,income,count\n1,2,3\n", "the column 'count' more than once"),
        ("count;income\n1;2,5\n", "lack the columns 'count', 'income'"),
    ],
)
def test_columns_that_are_not_the_signatures_are_named(tmp_path, text, words):
    code, sentence = refusal(read_csv, tmp_path, text, of("count", "income"))
    assert code == "rows_columns"
    assert words in sentence


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("income", "many", "is no number"),
        ("income", "1_000", "is no number"),
        ("income", '"1,5"', "is no number"),
        ("income", "1e400", "too large"),
        ("ratio", "1e39", "too large for float32"),
        ("count", '""', "an empty cell"),
        ("count", "2.5", "is no whole number"),
        ("count", "9223372036854775808", "out of the range of int64"),
        ("small", "2147483648", "out of the range of int32"),
        ("count", "nan", "is no whole number"),
        ("flag", "yes", "neither true nor false"),
        ("flag", '""', "cannot be missing"),
        ("when", "31.1.2026", "is no time"),
        ("when", "2026-02-31", "is no time"),
    ],
)
def test_a_cell_that_its_column_cannot_hold_is_named_by_row_and_column(
    tmp_path, column, cell, words
):
    good = {"when": "2026-01-31", "flag": "true"}.get(column, "1")
    code, sentence = refusal(read_csv, tmp_path, f"{column}\n{good}\n{cell}\n", of(column))
    assert code == "rows_value"
    assert sentence.startswith("Row 2 of the given rows has ")
    assert repr(column) in sentence
    assert words in sentence


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("count", pyarrow.array([1, None]), "an empty cell"),
        ("count", pyarrow.array([1.0, 0.5]), "no whole number"),
        ("income", pyarrow.array([True, False]), "no number"),
        ("home town", pyarrow.array([1, 2]), "no text"),
        ("ratio", pyarrow.array([1.0, 1e39]), "too large for float32"),
        ("when", pyarrow.array([0], pyarrow.timestamp("s", "UTC")), "time zone"),
        ("when", pyarrow.array(["x"]), "no time"),
    ],
)
def test_a_parquet_value_of_another_type_is_refused(tmp_path, column, values, words):
    code, sentence = refusal(read_parquet, tmp_path, {column: values}, of(column))
    assert code == "rows_value"
    assert words in sentence


@pytest.mark.parametrize("content", [b"PK\x03\x04\xff\xfe\x00", b"income\n\xe9\n", b'income\n"1\n'])
def test_what_is_neither_csv_nor_parquet_is_refused(tmp_path, content):
    code, sentence = refusal(read_csv, tmp_path, content, of("income"))
    assert code == "rows_unreadable"
    assert "neither CSV in UTF-8 nor Parquet" in sentence


def test_a_parquet_file_cut_short_is_refused(tmp_path):
    read_parquet(tmp_path, {"income": [1.0] * 1000}, of("income"))
    path = tmp_path / contract.GIVEN_PARQUET
    path.write_bytes(path.read_bytes()[:-20])
    assert refusal(given.read, path, of("income"))[0] == "rows_unreadable"


def test_a_row_of_another_length_than_the_header_is_named(tmp_path):
    text = "count,income\n1,2\n1,2,5\n"
    code, sentence = refusal(read_csv, tmp_path, text, of("count", "income"))
    assert code == "rows_unreadable"
    assert "Row 2 of the given rows has 3 cells, and the header 2" in sentence


@pytest.mark.parametrize("text", ["", "income\n", "income\n\n\n"])
def test_a_file_without_rows_is_refused(tmp_path, text):
    assert refusal(read_csv, tmp_path, text, of("income"))[0] == "rows_empty"


def test_a_parquet_file_without_rows_is_refused(tmp_path):
    columns = {"income": pyarrow.array([], pyarrow.float64())}
    assert refusal(read_parquet, tmp_path, columns, of("income"))[0] == "rows_empty"


def test_ten_thousand_rows_are_taken_and_not_one_more(tmp_path):
    full = "income\n" + "1\n" * contract.GIVEN_MOST
    assert len(read_csv(tmp_path, full, of("income"))["income"]) == contract.GIVEN_MOST == 10_000
    code, sentence = refusal(read_csv, tmp_path, full + "1\n", of("income"))
    assert (code, "10,000" in sentence) == ("rows_too_many", True)
    many = {"income": np.ones(contract.GIVEN_MOST + 1)}
    assert refusal(read_parquet, tmp_path, many, of("income"))[0] == "rows_too_many"


def test_given_rows_come_before_the_sampled_ones_and_keep_their_order_and_doubles():
    sampled = Sample({"a": np.array([9.0, 1.0])}, ["random", "missing"])
    both = given.first({"a": np.array([2.0, 1.0, 2.0])}, sampled)
    assert both.rows["a"].tolist() == [2, 1, 2, 9, 1]
    assert both.kinds == ["given"] * 3 + ["random", "missing"]
    assert given.first(None, sampled) is sampled
