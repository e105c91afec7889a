"""What SkLearn2PMML writes of texts, mended: case counts, and no text is divided by nothing."""

from __future__ import annotations

import re
from html import unescape
from xml.sax.saxutils import quoteattr

# A vectoriser knows words as they are written; documents fold case unless they are told not to.
INDEX = re.compile(r"<TextIndex (?![^>]*isCaseSensitive)")
# Python's letters and digits are Unicode's, Java's are ASCII's unless a pattern names them.
PATTERN = re.compile(r'x-wordRE="([^"]*)"')
LETTERS = r"\p{L}\p{N}_"
BOUNDARY = f"(?:(?<=[{LETTERS}])(?![{LETTERS}])|(?<![{LETTERS}])(?=[{LETTERS}]))"
IN_JAVA = {r"\w": f"[{LETTERS}]", r"\W": f"[^{LETTERS}]", r"\b": BOUNDARY, r"\d": r"\p{Nd}"}
# scikit-learn divides a row by its norm, and one that is all zeros by 1; JPMML has no 0 / 0.
NORM = re.compile(
    r'<DerivedField name="(norm\((?:l1|l2|max)\)[^"]*)"([^>]*)>(.*?)</DerivedField>', re.S
)


def mended(document: str) -> str:
    """The same document, which answers texts as scikit-learn does.

    Words are of any language's letters and are told apart by case; a text of no known word has
    zeros instead of no answer.
    """
    document = PATTERN.sub(
        lambda found: f"x-wordRE={quoteattr(_java(unescape(found[1])))}", document
    )
    return NORM.sub(_never_zero, INDEX.sub('<TextIndex isCaseSensitive="true" ', document))


def _java(pattern: str) -> str:
    """A pattern of Python's in Java's terms; one with sets or ASCII's letters stays as it is."""
    if "[" in pattern or "(?a" in pattern:
        return pattern
    return re.sub(r"\\.", lambda found: IN_JAVA.get(found[0], found[0]), pattern, flags=re.S)


def _never_zero(found: re.Match[str]) -> str:
    name, attributes, formula = found.groups()
    whole = f'<FieldRef field="whole {name}"/>'
    return (
        f'<DerivedField name="whole {name}"{attributes}>{formula}</DerivedField>'
        f'<DerivedField name="{name}"{attributes}><Apply function="if"><Apply function="equal">'
        f'{whole}<Constant dataType="double">0</Constant></Apply>'
        f'<Constant dataType="double">1</Constant>{whole}</Apply></DerivedField>'
    )
