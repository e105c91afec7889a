"""What SkLearn2PMML writes of texts, mended: case counts, and no text is divided by nothing.

Lower case is Python's, in every country: Java's hangs on the locale of the machine, and asks its
own rules where a sigma ends a word.
"""

from __future__ import annotations

import re
from html import unescape
from xml.sax.saxutils import escape, quoteattr

# A vectoriser knows words as they are written; documents fold case unless they are told not to.
INDEX = re.compile(r"<TextIndex (?![^>]*isCaseSensitive)")
# Python's letters and digits are Unicode's, Java's are ASCII's unless a pattern names them.
PATTERN = re.compile(r'x-wordRE="([^"]*)"')
# Java looks back by halves of a letter beyond U+FFFF, unless the pattern itself holds such a one.
BEYOND = "\U0001d400"  # a capital letter
LETTERS = rf"\p{{L}}\p{{N}}_{BEYOND}"
BOUNDARY = f"(?:(?<=[{LETTERS}])(?![{LETTERS}])|(?<![{LETTERS}])(?=[{LETTERS}]))"
IN_JAVA = {r"\w": f"[{LETTERS}]", r"\W": f"[^{LETTERS}]", r"\b": BOUNDARY, r"\d": r"\p{Nd}"}
# Words that are left out are cut out of the text, where a word begins and ends.
STOPS = re.compile(r"(<string>\(\?u\))\\b(\(.*?\))\\b(?=</string>\s*<stem> </stem>)", re.S)
# scikit-learn divides a row by its norm, and one that is all zeros by 1; JPMML has no 0 / 0.
NORM = re.compile(
    r'<DerivedField name="(norm\((?:l1|l2|max)\)[^"]*)"([^>]*)>(.*?)</DerivedField>', re.S
)
# A capital sigma that ends a word (Unicode 3.13, as CPython's unicodeobject.c has it): after a
# letter that has case and before none, whatever marks and apostrophes lie between.
IGNORED = r"\p{Mn}\p{Me}\p{Cf}\p{Lm}\p{Sk}'.:\u00AD\u00B7\u0387\u055F\u05F4\u2018\u2019\u2024\u2027"
IGNORED += r"\uFE13\uFE52\uFE55\uFF07\uFF0E\uFF1A"
CASED = rf"[\p{{IsLowercase}}\p{{IsUppercase}}\p{{Lt}}{BEYOND}&&[^{IGNORED}]]"
MOST_IGNORED = 200  # Java looks back no further than it is told
FINAL = rf"(?<={CASED}[{IGNORED}]{{0,{MOST_IGNORED}}})\u03A3(?![{IGNORED}]*{CASED})"
LOWER = re.compile(r'(<Apply function="lowercase">)\s*(<FieldRef [^>]*/>)\s*</Apply>')
# Letters whose lower case differs by locale (Unicode's SpecialCasing: lt, tr, az), and the sigmas.
LOWERED = {
    FINAL: "\u03c2",
    "\u03a3": "\u03c3",
    "I": "i",
    "\u0130": "i\u0307",
    "J": "j",
    "\u012e": "\u012f",
    "\u00cc": "\u00ec",
    "\u00cd": "\u00ed",
    "\u0128": "\u0129",
}


def mended(document: str) -> str:
    """The same document, which answers texts as scikit-learn does.

    Words are of any language's letters and are told apart by case; a text of no known word has
    zeros instead of no answer.
    """
    document = PATTERN.sub(
        lambda found: f"x-wordRE={quoteattr(_java(unescape(found[1])))}", document
    )
    edge = escape(BOUNDARY)
    document = STOPS.sub(lambda found: f"{found[1]}{edge}{found[2]}{edge}", document)
    document = LOWER.sub(_lowered, document)
    return NORM.sub(_never_zero, INDEX.sub('<TextIndex isCaseSensitive="true" ', document))


def _lowered(found: re.Match[str]) -> str:
    head, text = found.groups()
    for letters, lower in LOWERED.items():
        pattern = f'<Constant dataType="string">{escape(letters)}</Constant>'
        to = f'<Constant dataType="string">{lower}</Constant>'
        text = f'<Apply function="replace">{text}{pattern}{to}</Apply>'
    return f"{head}{text}</Apply>"


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
