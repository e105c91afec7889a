"""The user's own rows in a job: judged, first in the bundle, counted where they are left out."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from converters import contract, golden
from converters.steps import choosing
from tests.converters import jobs


def with_rows(folder, model, table, name=contract.GIVEN_CSV):
    """A job that was asked for with these rows."""
    path = folder.parent / name
    if name == contract.GIVEN_CSV:
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path, index=False)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    job = jobs.make_job(folder, model, given=name, given_sha256=digest)
    path.rename(job / name)
    return job


@pytest.fixture(scope="module")
def towns(tmp_path_factory):
    """A model that raises on a town that it has not learned."""
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    rows, labels = jobs.people()
    rows = rows[["age", "home town", "income"]].fillna(3e4)
    words = ColumnTransformer([("words", OneHotEncoder(), ["home town"])], remainder="passthrough")
    model = make_pipeline(words, LogisticRegression()).fit(rows, labels)
    return jobs.save(tmp_path_factory.mktemp("m") / "model", model, rows)


@pytest.mark.parametrize("name", contract.GIVEN_FILES)
def test_given_rows_are_judged_and_are_the_first_golden_rows_to_the_bit(tmp_path, mixed, name):
    random = np.random.default_rng(5)
    own = pd.DataFrame(
        {
            "vip": [True, False, True],
            "income": [*random.normal(3e4, 1e4, 2), np.nan],
            "home town": ["Rome", None, "Never Seen"],
            "age": [30, -7, 2**40],
        }
    )
    own = pd.concat([own, own[:1]])
    job = with_rows(tmp_path / "job", mixed, own, name)
    report = jobs.convert(job)
    assert (report.state, report.given) == ("converted", 4), report.sentence
    assert not [note for note in report.notes if "given" in note]
    verdict = jobs.judge(job)
    assert (verdict.state, verdict.given) == ("proven", 4), verdict.sentence
    for folder in (job / "convert" / "rows", job / "judge" / "golden"):
        rows, _ = golden.read(folder)
        assert rows["age"][:4].tolist() == own["age"].tolist()
        assert rows["vip"][:4].tolist() == own["vip"].tolist()
        assert rows["income"][:4].tobytes() == own["income"].to_numpy().tobytes()
        assert rows["home town"][:4].tolist() == ["Rome", None, "Never Seen", "Rome"]
    assert verdict.rows > 1000


def test_given_rows_that_the_original_does_not_answer_are_left_out_and_said(tmp_path, towns):
    homes = ["Atlantis", "Rome", "Oslo", "Atlantis"]
    own = pd.DataFrame({"age": [1, 2, 3, 4], "home town": homes, "income": [1e4, 2e4, 3e4, 4e4]})
    job = with_rows(tmp_path / "job", towns, own)
    report = jobs.convert(job)
    assert (report.state, report.given) == ("converted", 4), report.sentence
    assert report.excluded["the original raises an error"] >= 2
    (note,) = [note for note in report.notes if "given" in note]
    assert note.startswith("Of the 4 given rows 2 could not be compared")
    assert "the original raises an error" in note
    verdict = jobs.judge(job)
    assert (verdict.state, verdict.given) == ("proven", 2), verdict.sentence
    rows, _ = golden.read(job / "judge" / "golden")
    assert rows["age"][:2].tolist() == [2, 3]


@pytest.mark.parametrize("change", ["changed", "removed", "linked", "elsewhere"])
def test_given_rows_that_are_not_those_asked_with_are_refused(tmp_path, mixed, change):
    rows, _ = jobs.people(5)
    job = with_rows(tmp_path / "job", mixed, rows)
    path = job / contract.GIVEN_CSV
    if change == "changed":
        path.write_text(path.read_text() + "30,Rome,1,True\n")
    elif change == "elsewhere":
        request = (job / "request.json").read_text()
        path.rename(tmp_path / contract.GIVEN_CSV)
        (job / "request.json").write_text(request.replace('"rows.csv"', '"../rows.csv"'))
    else:
        path.rename(tmp_path / "kept.csv")
        if change == "linked":
            path.symlink_to(tmp_path / "kept.csv")
    report = jobs.convert(job)
    assert (report.state, report.code) == ("refused", "rows_changed")


def test_rows_that_do_not_fit_are_refused_before_anything_is_converted(tmp_path, mixed):
    rows, _ = jobs.people(5)
    job = with_rows(tmp_path / "job", mixed, rows.assign(age="old"))
    report = jobs.convert(job)
    assert (report.state, report.code) == ("refused", "rows_value")
    assert "Row 1 of the given rows has 'old' in column 'age'" in report.sentence
    assert [path.name for path in (job / "convert").iterdir()] == ["report.json"]


def test_all_given_rows_are_golden_also_where_they_are_more_than_the_usual_number():
    kinds = ["given"] * 300 + ["example"] * 20 + ["random"] * 500
    steady = np.ones(len(kinds), dtype=bool)
    assert choosing.choose(kinds, steady, {}) == list(range(300))
    kinds = ["given"] * 30 + kinds[300:]
    chosen = choosing.choose(kinds, steady[: len(kinds)], {})
    assert len(chosen) == choosing.MOST
    assert chosen[:50] == list(range(50))


def test_a_given_row_whose_label_is_a_tie_stays_behind():
    steady = np.array([True, False, True, True])
    assert choosing.choose(["given", "given", "given", "random"], steady, {}) == [0, 2, 3]
