"""What SkLearn2PMML writes of texts, mended: case counts, and no text is divided by nothing."""

from __future__ import annotations

import re

# A vectoriser knows words as they are written; documents fold case unless they are told not to.
INDEX = re.compile(r"<TextIndex (?![^>]*isCaseSensitive)")
# scikit-learn divides a row by its norm, and one that is all zeros by 1; JPMML has no 0 / 0.
NORM = re.compile(
    r'<DerivedField name="(norm\((?:l1|l2|max)\)[^"]*)"([^>]*)>(.*?)</DerivedField>', re.S
)


def mended(document: str) -> str:
    """The same document, which answers texts as scikit-learn does.

    Words are told apart by case, and a text of no known word has zeros instead of no answer.
    """
    return NORM.sub(_never_zero, INDEX.sub('<TextIndex isCaseSensitive="true" ', document))


def _never_zero(found: re.Match[str]) -> str:
    name, attributes, formula = found.groups()
    whole = f'<FieldRef field="whole {name}"/>'
    return (
        f'<DerivedField name="whole {name}"{attributes}>{formula}</DerivedField>'
        f'<DerivedField name="{name}"{attributes}><Apply function="if"><Apply function="equal">'
        f'{whole}<Constant dataType="double">0</Constant></Apply>'
        f'<Constant dataType="double">1</Constant>{whole}</Apply></DerivedField>'
    )
