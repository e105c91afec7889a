"""Every code that a program can meet is explained in docs/errors.md, and nothing else is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from portal.api.codes import CODES

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("converters", "registry", "workers", "portal", "cli")
# Calls whose first argument is a code, wherever they are written.
SPEAKERS = {
    *("Refused", "SourceProblem", "FetchFailed", "NotNow", "Problem", "_crash", "_refused"),
    *("Refusal", "Crash", "Unreachable", "__init__", "EnvironmentProblem", "Finding"),
}
# … and those whose second or later argument is one.
LATER = {"_Ended": 1, "ConvertReport": 1, "JudgeReport": 1}
CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def codes_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else None
            name = node.func.id if isinstance(node.func, ast.Name) else name
            place = 0 if name in SPEAKERS else LATER.get(str(name))
            if place is not None and len(node.args) > place:
                yield from literals(node.args[place])
            for keyword in node.keywords:
                if keyword.arg == "code":
                    yield from literals(keyword.value)
        # `return "code", f"sentence"`: the pair that a speaker is called with.
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            first, *rest = node.value.elts
            if len(rest) == 1 and isinstance(rest[0], ast.JoinedStr | ast.Constant):
                yield from literals(first)


def literals(node: ast.expr) -> Iterator[str]:
    """The codes that an expression can be: a constant, or one of several behind `or` and `if`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if CODE.fullmatch(node.value):
            yield node.value
    elif isinstance(node, ast.BoolOp | ast.IfExp):
        parts = node.values if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
        for part in parts:
            yield from literals(part)


def spoken() -> dict[str, set[str]]:
    """code → the files that say it."""
    found: dict[str, set[str]] = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for code in codes_in(ast.parse(path.read_text(encoding="utf-8"))):
                found.setdefault(code, set()).add(path.relative_to(ROOT).as_posix())
    return found


def documented() -> set[str]:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    return set(re.findall(r"(?m)^\| `([a-z0-9_]+)` \|", text))


def test_every_code_is_explained_in_the_docs():
    missing = {code: sorted(files) for code, files in spoken().items() if code not in documented()}
    missing |= {code: ["portal/api/codes.py"] for code in CODES if code not in documented()}
    assert missing == {}


def test_the_docs_explain_no_code_that_nothing_says():
    assert documented() - set(spoken()) - set(CODES) == set()


def test_the_walk_over_the_code_finds_what_it_should():
    tree = ast.parse('raise Refused("a_b", "x")\nf(1, code="c")\nmodule.NotNow("d" if x else "e")')
    assert set(codes_in(tree)) == {"a_b", "c", "d", "e"}
