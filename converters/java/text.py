"""Text inside generated files: Java literals, Javadoc, XML, lists too long for one method.

Lines may be of any length here: converters.java.layout breaks them.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence

# A static initialiser may hold 64 KB of bytecode (JVMS 4.7.3); longer lists are built in parts.
PART = 250


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
    if len(items) <= PART:
        return f"  {modifiers} List<{kind}> {name} = List.of({', '.join(items)});\n"
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
