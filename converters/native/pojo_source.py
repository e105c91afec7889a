"""Java source as H2O writes it for a model: read word by word, and held to plain arithmetic.

A POJO is a program, and whoever opens it runs it. So every word is looked at as javac sees it, and
what H2O's own generator never writes is refused: another class, another method, a reflection.
"""

from __future__ import annotations

import re
from itertools import pairwise

NAME = "Model"
HEADER = (
    "// Licensed under the Apache License, Version 2.0.\n"
    "// Written by H2O {version}; compile it with h2o-genmodel of that version on the class path.\n"
)
MOST_BYTES = 64 << 20
_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\u+([0-9a-fA-F]{4})")
_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n\r]*|/\*.*?\*/)"
    r'|(?P<text>"(?:[^"\\\n\r]|\\.)*"|\'(?:[^\'\\\n\r]|\\.)+\')'
    r"|(?P<number>\.?[0-9](?:[eEpP][+-]|[0-9A-Za-z_.])*)"
    r"|(?P<word>[^\W\d][\w$]*|\$[\w$]*)"
    r"|(?P<sign>.)",
    re.DOTALL,
)
SIGNS = frozenset("{}()[];,.=<>!~?:+-*/&|^%@")
_KEYWORDS = (
    "import package public protected private static final abstract class interface extends "
    "implements new return if else for while do break continue void boolean byte char short int "
    "long float double true false null this super throw throws switch case default instanceof "
    "strictfp"
)
# What may stand after a dot, besides the file's own classes: of H2O's library and of java.lang.
_MEMBERS = (
    "length isNaN isInfinite exp log log1p sqrt abs min max pow tanh floor ceil round toString "
    "score0 fill distances util io Map Serializable Arrays genmodel GenModel annotations "
    "ModelPojo ModelCategory "
    "Binomial Multinomial Ordinal Regression Clustering AutoEncoder DimReduction AnomalyDetection "
    "NaN clone getPrediction correctProbabilities GBM_rescale log_rescale "
    "bitSetContains bitSetIsInRange "
    "KMeans_closest KMeans_distances Kmeans_preprocessData GLM_identityInv GLM_logitInv GLM_logInv "
    "GLM_inverseInv GLM_ologitInv GLM_tweedieInv"
)
# Classes that may be named, beside the file's own and constants in capitals.
_CLASSES = (
    "String Math Double Float Integer Long Override GenModel ModelPojo Map Serializable "
    "IllegalArgumentException RuntimeException IClusteringModel"
)
KEYWORDS, MEMBERS, CLASSES = (frozenset(words.split()) for words in (_KEYWORDS, _MEMBERS, _CLASSES))
UPPER = re.compile(r"[A-Z][A-Z0-9_]*")


class SourceError(ValueError):
    """No source that H2O's generator writes; the message says which word stands out."""


def prepared(source: str, version: str) -> str:
    """H2O's source with a plain header and its class renamed `Model`, which names the file.

    Raises:
        SourceError: as `check`.
    """
    words = _words(source)
    own = _public_class(words)
    body = "".join(NAME if kind == "word" and text == own else text for kind, text in words)
    body = body[body.index("import ") :] if "import " in body else body
    made = HEADER.format(version=version) + body
    check(made)
    return made


def check(source: str) -> None:
    """See that a source only declares classes of its own and computes.

    Raises:
        SourceError: it is too large, no Java, or names what H2O's generator never names.
    """
    if len(source) > MOST_BYTES:
        raise SourceError(f"it is larger than {MOST_BYTES >> 20} MB")
    words = [(kind, text) for kind, text in _words(source) if kind != "space"]
    _public_class(words)
    classes = _classes(words)
    for place, (kind, text) in enumerate(words):
        before = words[place - 1][1] if place else ""
        if kind == "sign" and (text not in SIGNS or (text == ":" and before == ":")):
            raise SourceError(f"it has the sign {text!r}")
        if kind == "sign" and text == ">" and before == "-":
            raise SourceError("it has a lambda")
        if kind == "word" and text not in KEYWORDS:
            _check_word(text, before, classes)


def _check_word(text: str, before: str, classes: frozenset[str]) -> None:
    """See that a word after a dot, or one that may name a class, is known.

    What a small first letter begins and no dot precedes is a variable, a method of this file or a
    package: whatever it is, only what stands after a dot can lead out of the file.
    """
    if text in classes or text in CLASSES or text in MEMBERS or UPPER.fullmatch(text):
        return
    if before == ".":
        raise SourceError(f"it uses .{text}")
    if text[0].isupper():
        raise SourceError(f"it names {text}")


def _classes(words: list[tuple[str, str]]) -> frozenset[str]:
    """The classes that the file declares."""
    return frozenset(
        text
        for (_, before), (kind, text) in pairwise(words)
        if before == "class" and kind == "word"
    )


def _public_class(words: list[tuple[str, str]]) -> str:
    plain = [text for kind, text in words if kind != "space"]
    for first, second, name in zip(plain, plain[1:], plain[2:], strict=False):
        if (first, second) == ("public", "class"):
            return name
    raise SourceError("it has no public class")


def _words(source: str) -> list[tuple[str, str]]:
    """The source in pieces, as javac cuts it: escapes of characters are read first."""
    plain = _ESCAPE.sub(lambda found: found[1] + chr(int(found[2], 16)), source)
    return [(str(found.lastgroup), found[0]) for found in _TOKEN.finditer(plain)]
