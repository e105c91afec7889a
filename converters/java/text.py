"""Text inside generated files: Java literals, Javadoc, XML, lists too long for one method."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence

# A static initialiser may hold 64 KB of bytecode (JVMS 4.7.3); longer lists are built in parts.
PART = 250
WIDTH = 100


def string(value: str) -> str:
    """A Java string literal; whatever is not plainly printable is a Unicode escape."""
    text = json.dumps(value, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f")
    units = (c if c.isprintable() else _escape(c) for c in text)
    return f'"{"".join(units)}"'


def javadoc(value: str) -> str:
    """Any text as words of a Javadoc comment: no tag, no end of comment, no Unicode escape."""
    text = html.escape(" ".join(value.split()), quote=False)
    replaced = {"\\": "&#92;", "@": "&#64;", "*/": "*&#47;", "{": "&#123;", "}": "&#125;"}
    for raw, entity in replaced.items():
        text = text.replace(raw, entity)
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def xml(value: str) -> str:
    """Any text as XML character data; characters that XML 1.0 lacks become U+FFFD."""
    return "".join(
        c
        if c in "\t\n" or (c >= " " and not 0xD7FF < ord(c) < 0xE000 and c not in "\ufffe\uffff")
        else "\ufffd"
        for c in html.escape(value)
    )


def wrapped(value: str, first: str, rest: str, width: int = WIDTH) -> str:
    """Words filled into lines of at most `width` characters, each with its own indentation."""
    lines = [first]
    for word in value.split(" "):
        if len(lines[-1]) + len(word) + 1 > width and lines[-1] not in (first, rest):
            lines.append(rest)
        lines[-1] += word if lines[-1] in (first, rest) else f" {word}"
    return "\n".join(lines)


def doc(indent: int, words: str) -> str:
    """A Javadoc comment: on one line, or its words filled into several."""
    pad = " " * indent
    if len(one := f"{pad}/** {words} */") <= WIDTH:
        return one + "\n"
    return f"{pad}/**\n{wrapped(words, f'{pad} * ', f'{pad} * ')}\n{pad} */\n"


def call(indent: int, head: str, items: Sequence[str], tail: str) -> str:
    """A call or a declaration: on one line, or its items on the next, or one a line."""
    pad = " " * indent
    one = f"{pad}{head}{', '.join(items)}{tail}"
    if len(one) <= WIDTH:
        return one + "\n"
    inner = " " * (indent + 4)
    two = f"{inner}{', '.join(items)}{tail}"
    body = two if len(two) <= WIDTH else inner + f",\n{inner}".join(items) + tail
    return f"{pad}{head}\n{body}\n"


def constant_list(
    modifiers: str, kind: str, name: str, items: Sequence[str], apart: bool = False
) -> str:
    """A `List` constant of Java expressions, indented by two; a long one is built in parts.

    apart: in methods of its own even where it is short, since the class has many such lists.
    """
    if not items:
        return f"  {modifiers} List<{kind}> {name} = List.of();\n"
    if apart:
        return _long_list(modifiers, kind, name, items)
    one_line = f"  {modifiers} List<{kind}> {name} = List.of({', '.join(items)});\n"
    if len(one_line) <= 101:
        return one_line
    if len(items) <= PART:
        body = ",\n          ".join(items)
        return f"  {modifiers} List<{kind}> {name} =\n      List.of(\n          {body});\n"
    return _long_list(modifiers, kind, name, items)


def _long_list(modifiers: str, kind: str, name: str, items: Sequence[str]) -> str:
    method = name.lower()
    starts = range(0, len(items), PART)
    calls = "".join(f"    {method}{at // PART}(all);\n" for at in starts)
    parts = []
    for at in starts:
        lines = "".join(f"    to.add({item});\n" for item in items[at : at + PART])
        head = f"  private static void {method}{at // PART}(List<{kind}> to) {{\n"
        parts.append(f"{head}{lines}  }}\n")
    return (
        f"  {modifiers} List<{kind}> {name} = {method}();\n\n"
        f"  private static List<{kind}> {method}() {{\n"
        f"    List<{kind}> all = new ArrayList<>({len(items)});\n"
        f"{calls}    return List.copyOf(all);\n  }}\n\n" + "\n".join(parts)
    )


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    pairs = (units[i : i + 2] for i in range(0, len(units), 2))
    return "".join(f"\\u{unit.hex()}" for unit in pairs)
