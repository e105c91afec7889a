"""Breaks generated Java into lines as google-java-format would.

Templates write what hangs on names in one line, however long; here it becomes several where it
must. Only the shapes that generated code has are known: assignments, signatures, calls, Javadoc.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

WIDTH = 100
CONTINUED = 4
# google-java-format fills lines with items shorter than this and gives others a line each.
SHORT = 10
_OPEN, _CLOSE = "([{", ")]}"
_BLOCK = re.compile(r"^(?P<pad> *)/\*\*(?P<body>.*?)\*/", re.S | re.M)
_TAG = re.compile(r"^@(\w+)")


def laid_out(source: str) -> str:
    """The same source in lines of at most WIDTH characters where that can be."""
    source = _BLOCK.sub(lambda found: _javadoc(found["pad"], found["body"]), source)
    lines: list[str] = []
    for line in source.splitlines():
        lines += [line] if _untouched(line) else fit(line)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"\n\n( *\})", r"\n\1", "\n".join(lines))) + "\n"


def _untouched(line: str) -> bool:
    text = line.lstrip()
    return len(line) <= WIDTH or text.startswith(("*", "/", "import ", '"', "+"))


def fit(line: str) -> list[str]:
    """One statement or declaration as one line, or as several."""
    if len(line) <= WIDTH:
        return [line]
    pad = len(line) - len(line.lstrip())
    inner = " " * (pad + CONTINUED)
    if at := _at(line, " = "):
        return [line[: at + 2], *fit(inner + line[at + 3 :])]
    if at := _at(line, " -> "):
        return [line[: at + 3], *fit(inner + line[at + 4 :])]
    if at := _at(line, " throws "):
        return _signature(line[:at], line[at + 1 :], inner)
    for operator in (" || ", " && ", " + "):
        if _at(line, operator):
            first, *others = _split(line, operator)
            lines = [inner + operator.lstrip() + other for other in others]
            return [part for one in (first, *lines) for part in fit(one)]
    found = _call(line)
    if found is None:
        return [line]
    head, items, tail = found
    return [head, *_items(items, tail, inner)]


def _signature(head: str, throws: str, pad: str) -> list[str]:
    """A method's head and what it throws."""
    found = _call(head)
    if len(head) > WIDTH and found is not None:
        begin, items, end = found
        one = f"{pad}{', '.join(items)}{end} {throws}"
        if len(one) <= WIDTH:
            return [begin, one]
    return [*fit(head), pad + throws]


def _items(items: list[str], tail: str, pad: str) -> list[str]:
    one = f"{pad}{', '.join(items)}{tail}"
    if len(one) <= WIDTH:
        return [one]
    ended = [f"{item}," for item in items[:-1]] + [items[-1] + tail]
    if all(len(item) < SHORT for item in items):
        return list(_filled(ended, pad))
    return [line for item in ended for line in fit(pad + item)]


def _filled(words: list[str], pad: str) -> Iterator[str]:
    line = pad + words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) > WIDTH:
            yield line
            line = pad + word
        else:
            line += f" {word}"
    yield line


def _depths(line: str) -> Iterator[tuple[int, str, int]]:
    """Each character outside of literals, with its place and how many brackets are open there."""
    depth = 0
    quote = ""
    skip = False
    for at, char in enumerate(line):
        if skip:
            skip = False
        elif quote:
            skip = char == "\\"
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in _OPEN:
            yield at, char, depth
            depth += 1
        elif char in _CLOSE:
            depth -= 1
            yield at, char, depth
        else:
            yield at, char, depth


def _at(line: str, operator: str) -> int:
    """Where an operator stands outside of all brackets and literals; 0 for nowhere."""
    for at, char, depth in _depths(line):
        if depth == 0 and char == " " and line.startswith(operator, at):
            return at
    return 0


def _split(line: str, operator: str) -> list[str]:
    """A line at each place where an operator stands outside of all brackets and literals."""
    parts = []
    while at := _at(line, operator):
        parts.append(line[:at])
        line = line[at + len(operator) :]
    return [*parts, line]


def _call(line: str) -> tuple[str, list[str], str] | None:
    """The outermost last brackets: what is before them, their items, and what is after."""
    open_at = close_at = 0
    for at, char, depth in _depths(line):
        if depth == 0 and char == "(":
            open_at = at
        elif depth == 0 and char == ")":
            close_at = at
    if not open_at or close_at <= open_at + 1:
        return None
    inside = line[open_at + 1 : close_at]
    items, start, angle = [], 0, 0
    for at, char, depth in _depths(inside):
        angle += {"<": 1, ">": -1}.get(char, 0) if depth == 0 else 0
        if char == "," and depth == 0 and angle <= 0:
            items.append(inside[start:at].strip())
            start = at + 1
    items.append(inside[start:].strip())
    return line[: open_at + 1], items, line[close_at:]


def _javadoc(pad: str, body: str) -> str:
    """A comment's paragraphs and tags, each filled into lines."""
    lines = [re.sub(r"^ *\*? ?", "", line).rstrip() for line in body.strip().splitlines()]
    blocks = list(_blocks(lines))
    if len(blocks) == 1 and len(one := f"{pad}/** {blocks[0]} */") <= WIDTH:
        return one
    out = [f"{pad}/**"]
    for number, block in enumerate(blocks):
        tag = _TAG.match(block)
        if number and not (tag and _TAG.match(blocks[number - 1])):
            out.append(f"{pad} *")
        out += _words(block, f"{pad} * ", f"{pad} *     " if tag else f"{pad} * ")
    return "\n".join([*out, f"{pad} */"])


def _blocks(lines: list[str]) -> Iterator[str]:
    block: list[str] = []
    for line in lines:
        if block and (not line or _TAG.match(line)):
            yield " ".join(block)
            block = []
        if line:
            block.append(line.strip())
    if block:
        yield " ".join(block)


def _words(text: str, first: str, rest: str) -> list[str]:
    lines = [first.rstrip(" ") + " "]
    for word in text.split():
        fresh = lines[-1] in (first, rest)
        if not fresh and len(lines[-1]) + 1 + len(word) > WIDTH:
            lines.append(rest)
            fresh = True
        lines[-1] += word if fresh else f" {word}"
    return lines
