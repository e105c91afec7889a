"""docs/settings.md and the sources name the same environment variables."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ["portal", "workers", "registry", "converters", "cli", "scripts", "bench"]


def _of_environ(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "environ"


def _call_reads(node: ast.Call) -> bool:
    what = node.func
    if isinstance(what, ast.Name):
        return what.id in {"_flag", "_words", "getenv"}
    if not isinstance(what, ast.Attribute):
        return False
    return what.attr == "getenv" or (what.attr == "get" and _of_environ(what.value))


def reads(source: str) -> Iterator[str]:
    """The names that a Python source reads from its environment by a literal."""
    for node in ast.walk(ast.parse(source)):
        key: ast.AST | None = None
        if isinstance(node, ast.Call) and node.args and _call_reads(node):
            key = node.args[0]
        elif isinstance(node, ast.Subscript) and _of_environ(node.value):
            key = node.slice
        elif isinstance(node, ast.Compare) and any(map(_of_environ, node.comparators)):
            key = node.left
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value


def all_read() -> dict[str, str]:
    """Every variable that is read, and one file that reads it."""
    found: dict[str, str] = {}
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    for path in [*sources, ROOT / "tests" / "conftest.py"]:
        for name in reads(path.read_text(encoding="utf-8")):
            found.setdefault(name, str(path.relative_to(ROOT)))
    for path in [*(ROOT / "deploy").glob("*.sh"), ROOT / "docker-compose.yml"]:
        for name in re.findall(r"\$\{([A-Z_]+)[:}]", path.read_text(encoding="utf-8")):
            found.setdefault(name, str(path.relative_to(ROOT)))
    return found


def documented() -> list[str]:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    return re.findall(r"(?m)^\| `([A-Z_]+)` \|", text)


def test_every_variable_that_is_read_is_documented():
    missing = {name: where for name, where in all_read().items() if name not in documented()}
    assert not missing


def test_every_documented_variable_is_read_somewhere():
    assert not set(documented()) - set(all_read())


def test_no_variable_is_documented_twice():
    assert len(documented()) == len(set(documented()))


@pytest.mark.parametrize(
    "source",
    [
        "import os; os.environ.get('NEW')",
        "import os; os.environ['NEW']",
        "import os; os.getenv('NEW', 'x')",
        "import os; 'NEW' in os.environ",
        "x = _flag('NEW', True)",
        "x = _words('NEW', '')",
    ],
)
def test_every_way_of_reading_a_variable_is_noticed(source):
    assert list(reads(source)) == ["NEW"]
