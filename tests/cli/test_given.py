"""convert --golden and --profile: a user's own rows through the real command and its children."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from converters import golden
from tests.cli.conftest import Run
from tests.real_models.sklearn_models import MAKERS

HEADER = ["a", "b", "c"]


def convert(
    crossport: Run, model: Path, out: Path, *more: object
) -> subprocess.CompletedProcess[str]:
    return crossport(
        *("convert", "--model-uri", model, "--target", "onnx", "--output-dir", out), *more
    )


@pytest.mark.parametrize("name", ["mine.csv", "mine.parquet", "mine.dat"])
def test_a_users_own_rows_are_the_first_golden_rows_of_the_bundle(
    crossport: Run, model: Path, tmp_path: Path, name: str
):
    table = pd.DataFrame(np.random.default_rng(9).normal(size=(7, 3)), columns=HEADER)
    mine = tmp_path / name
    shuffled = table[["c", "a", "b"]]
    if name == "mine.csv":
        shuffled.to_csv(mine, index=False)
    else:
        shuffled.to_parquet(mine, index=False)
    done = convert(crossport, model, tmp_path / "out", "--golden", mine, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["given"] == {"rows": 7, "golden": 7}
    rows, answers = golden.read(tmp_path / "out" / "golden")
    for column in HEADER:
        assert rows[column][:7].tobytes() == table[column].to_numpy().tobytes()
    assert len(answers["label"]) == 200
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["convert"]["given"], report["judge"]["given"]) == (7, 7)
    checked = crossport("verify", tmp_path / "out")
    assert checked.returncode == 0, checked.stderr


def test_people_are_told_how_many_of_their_rows_are_golden(
    crossport: Run, model: Path, tmp_path: Path
):
    mine = tmp_path / "mine.csv"
    mine.write_text("a,b,c\n1,2,3\n4,5,6\n")
    done = convert(crossport, model, tmp_path / "out", "--golden", mine)
    assert done.returncode == 0, done.stderr
    assert "2 of 2, the first golden rows" in done.stdout
    assert "the others" not in done.stdout


def test_people_are_told_that_some_of_their_rows_are_not_golden_and_where_to_look(
    crossport: Run, model: Path, tmp_path: Path
):
    mine = tmp_path / "mine.csv"
    mine.write_text("a,b,c\n1,2,3\n4,,6\n")
    done = convert(crossport, model, tmp_path / "out", "--golden", mine)
    assert done.returncode == 0, done.stderr
    assert "1 of 2, the first golden rows; the others tie, or report.json says" in done.stdout
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    (note,) = [note for note in report["convert"]["notes"] if "given rows" in note]
    assert note.startswith("Of the 2 given rows 1 could not be compared")


def test_rows_for_a_model_of_one_tensor_are_named_x0_x1(crossport: Run, tmp_path: Path):
    (make,) = [make for make in MAKERS if make.__name__ == "make_logistic_array"]
    folder = make(tmp_path / "model")
    mine = tmp_path / "mine.csv"
    mine.write_text("x3,x2,x1,x0\n0.2,1.4,3.5,5.1\n")
    done = convert(crossport, folder, tmp_path / "out", "--golden", mine)
    assert done.returncode == 0, done.stderr
    rows, _ = golden.read(tmp_path / "out" / "golden")
    (tensor,) = rows.values()
    assert tensor[0].tolist() == [5.1, 3.5, 1.4, 0.2]


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "rows_empty", "empty"),
        (b"a,b,c\n", "rows_empty", "holds none"),
        (b"a,b\n1,2\n", "rows_columns", "lack the column 'c'"),
        (b"a,b,c,d\n1,2,3,4\n", "rows_columns", "have the column 'd'"),
        (b"a,b,c\n1,2,x\n", "rows_value", "Row 1 of the given rows has 'x' in column 'c'"),
        (b"\x89PNG\r\n", "rows_unreadable", "neither CSV in UTF-8 nor Parquet"),
        (b"PAR1 and no more", "rows_unreadable", "neither CSV in UTF-8 nor Parquet"),
        (b"a,b,c\n" + b"1,2,3\n" * 10_001, "rows_too_many", "10,000"),
    ],
)
def test_rows_that_cannot_be_used_are_refused_with_a_sentence_and_leave_the_report_alone(
    crossport: Run, model: Path, tmp_path: Path, content: bytes, code: str, words: str
):
    mine = tmp_path / "mine.csv"
    mine.write_bytes(content)
    out = tmp_path / "out"
    done = convert(crossport, model, out, "--golden", mine)
    assert done.returncode == 1, done.stderr
    assert f"[{code}]" in done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in out.iterdir()] == ["report.json"]
    assert json.loads((out / "report.json").read_text())["code"] == code


@pytest.mark.parametrize("name", ["absent.csv", "."])
def test_rows_that_are_no_file_are_wrong_usage(
    crossport: Run, model: Path, tmp_path: Path, name: str
):
    out = tmp_path / "out"
    done = convert(crossport, model, out, "--golden", tmp_path / name)
    assert done.returncode == 2
    assert "there is no file" in done.stderr
    assert not out.exists()


def test_a_file_far_too_large_is_refused_before_it_is_copied(
    crossport: Run, model: Path, tmp_path: Path
):
    mine = tmp_path / "mine.csv"
    with mine.open("wb") as stream:
        stream.truncate(300 * 2**20)
    done = convert(crossport, model, tmp_path / "out", "--golden", mine)
    assert (done.returncode, "[rows_too_many]" in done.stderr) == (1, True), done.stderr


def test_an_unknown_profile_is_wrong_usage_and_the_known_one_is_named(
    crossport: Run, model: Path, tmp_path: Path
):
    done = convert(crossport, model, tmp_path / "out", "--profile", "java-cuda")
    assert done.returncode == 2
    assert "there is no --profile 'java-cuda'; there is java-cpu" in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_profile_asked_for_is_in_the_manifest(crossport: Run, model: Path, tmp_path: Path):
    done = convert(crossport, model, tmp_path / "out", "--profile", "java-cpu")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["profile"] == "java-cpu"


def test_the_command_reads_no_rows_itself():
    code = (
        "import sys, cli.local; "
        "print([n for n in ('numpy', 'pandas', 'pyarrow') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
