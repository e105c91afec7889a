"""MLmodel files as others wrote them."""

import json

import pytest

from registry.mlmodel import MlmodelProblem, clean, parse


def test_every_value_becomes_one_that_json_and_postgresql_hold():
    document = parse(
        b"flavors: {sklearn: {}}\nwhen: 2026-01-02 03:04:05\nday: 2026-01-02\nnan: .nan\n"
        b'1: one\nbytes: !!binary aGk=\nnul: "a\\0b"\nset: !!set {a}\n'
    )
    json.dumps(document, allow_nan=False)
    assert document["when"] == "2026-01-02T03:04:05"
    assert (document["nan"], document["1"], document["set"]) == ("nan", "one", ["a"])
    assert document["nul"] == "a\ufffdb"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"flavors: [", "not YAML (line 2"),
        (b"- a\n", "no mapping"),
        (b"", "no mapping"),
        (b"flavors: []\n", "names no flavors"),
        (b"flavors: {}\n", "names no flavors"),
        (b"when: 2026-99-99\nflavors: {a: {}}", "not YAML"),
        (b"!!python/object/apply:os.system ['true']", "not YAML"),
        (b"x" * (8 * 1024**2 + 1), "larger than 8 MiB"),
        (b"[" * 100_000, "nested more than 50 deep"),
        (b"- " * 100_000, "nested more than 50 deep"),
    ],
)
def test_what_is_no_mlmodel_is_told_in_one_sentence(content, sentence):
    with pytest.raises(MlmodelProblem, match=None) as caught:
        parse(content)
    assert sentence in str(caught.value)


def test_aliases_that_blow_up_are_refused():
    lines = ["flavors: {sklearn: {}}", "a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    with pytest.raises(MlmodelProblem, match="aliases"):
        parse("\n".join(lines).encode())


def test_a_tree_that_holds_itself_is_refused():
    with pytest.raises(MlmodelProblem, match="aliases"):
        parse(b"flavors: {sklearn: {}}\nme: &me [*me]\n")


def test_text_that_postgresql_refuses_is_mended():
    assert clean("a\0b\ud800c") == "a\ufffdb?c"
