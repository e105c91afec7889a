"""What people read on a terminal: tables that fold, and targets of other flavors in one line."""

from __future__ import annotations

import os
import sys
from typing import Any

from cli import output
from cli.catalogue import verdict_table

WORDS = "There is no route from spacy to ONNX; a sentence that is longer than a narrow terminal."


def verdict(target: str, answer: str = "cannot", code: str = "no_route") -> dict[str, Any]:
    sentence = "" if answer == "can" else WORDS
    return {
        "target": target,
        "answer": answer,
        "code": code,
        "sentence": sentence,
        "flavor": "spacy",
    }


def test_a_long_sentence_goes_on_under_its_head_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((60, 24)))
    output.table(("TARGET", "WHY"), [("onnx", WORDS), ("pmml", "")])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[1].startswith("onnx    There is")
    assert lines[2].startswith(" " * 8)
    assert " ".join(" ".join(lines[1:-1]).split()) == f"onnx {WORDS}"
    assert lines[-1] == "pmml"


def test_a_pipe_gets_a_line_a_row(capsys):
    output.table(("TARGET", "WHY"), [("onnx", WORDS)])
    assert capsys.readouterr().out.splitlines()[1:] == [f"onnx    {WORDS}"]


def test_targets_of_other_flavors_are_one_line(capsys):
    rows = [verdict("onnx", "can", ""), verdict("pmml", code="own_python"), verdict("catboost")]
    verdict_table(rows)
    said = capsys.readouterr().out
    assert "pmml    ○ cannot" in said
    assert "\nNot made from spacy: catboost\n" in said


def test_where_nothing_is_left_the_first_says_why(capsys):
    verdict_table([verdict("onnx"), verdict("pmml")])
    said = capsys.readouterr().out
    assert said.count(WORDS) == 1
    assert "\nNot made from spacy: pmml\n" in said
