"""Names for Java: identifiers, packages, classes and Maven coordinates out of any name at all."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

KEYWORDS = frozenset(
    [
        "abstract",
        "assert",
        "boolean",
        "break",
        "byte",
        "case",
        "catch",
        "char",
        "class",
        "const",
        "continue",
        "default",
        "do",
        "double",
        "else",
        "enum",
        "exports",
        "extends",
        "false",
        "final",
        "finally",
        "float",
        "for",
        "goto",
        "if",
        "implements",
        "import",
        "instanceof",
        "int",
        "interface",
        "long",
        "module",
        "native",
        "new",
        "null",
        "opens",
        "open",
        "package",
        "permits",
        "private",
        "protected",
        "provides",
        "public",
        "record",
        "requires",
        "return",
        "sealed",
        "short",
        "static",
        "strictfp",
        "super",
        "switch",
        "synchronized",
        "this",
        "throw",
        "throws",
        "to",
        "transient",
        "transitive",
        "true",
        "try",
        "uses",
        "var",
        "void",
        "volatile",
        "when",
        "while",
        "with",
        "yield",
    ]
)
# Methods that a record, its builder or every object has already (JLS 8.10.1 and ours).
RESERVED = frozenset(
    [
        "build",
        "builder",
        "clone",
        "columns",
        "equals",
        "finalize",
        "getClass",
        "given",
        "hashCode",
        "notify",
        "notifyAll",
        "of",
        "put",
        "set",
        "toString",
        "wait",
    ]
)
# Class names that the generated sources use themselves, or that every source has (java.lang).
CLASSES = frozenset(
    [
        "ArrayList",
        "Arrays",
        "BitSet",
        "Boolean",
        "Builder",
        "Byte",
        "ByteBuffer",
        "Character",
        "Collectors",
        "Double",
        "Enum",
        "EnumMap",
        "Float",
        "HashMap",
        "IllegalArgumentException",
        "IllegalStateException",
        "Integer",
        "LinkedHashMap",
        "List",
        "Locale",
        "Long",
        "Map",
        "Number",
        "Object",
        "Override",
        "Record",
        "Short",
        "String",
        "StringBuilder",
        "System",
        "Tensors",
        "Values",
        "Void",
    ]
)
# Letters that every Java from 17 on knows: those of an old Unicode, so that a character newer
# than the reader's Java never reaches an identifier.
_OLD_UNICODE = unicodedata.ucd_3_2_0
_LETTERS = {"Lu", "Ll", "Lt", "Lm", "Lo"}
_SPELLED = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"})


def words(name: str) -> list[str]:
    """The words of a name, split at whatever no identifier may hold and at camelCase humps."""
    text = unicodedata.normalize("NFC", name)
    text = "".join(c if _is_letter(c) or c in "0123456789" else " " for c in text)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    return text.split()


def field(name: str) -> str:
    """An idiomatic field name: `mean radius` → meanRadius, `class` → classValue, `3d` → value3d."""
    parts = words(name)
    if not parts:
        return "value"
    joined = lower(parts[0]) + "".join(capital(lower(part)) for part in parts[1:])
    if joined[0].isdigit():
        joined = f"value{joined}"
    return f"{joined}Value" if joined in KEYWORDS or joined in RESERVED else joined


def fields(columns: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Column → field name, all different. A column that is a good field name already keeps it."""
    columns = list(columns)
    used = set(taken)
    chosen = {c: c for c in columns if field(c) == c and c not in used}
    used |= set(chosen.values())
    for column in columns:
        if column in chosen:
            continue
        wanted = name = field(column)
        number = 2
        while name in used:
            name = f"{wanted}{number}" if not wanted[-1].isdigit() else f"{wanted}_{number}"
            number += 1
        chosen[column] = name
        used.add(name)
    return {column: chosen[column] for column in columns}


def lower(text: str) -> str:
    """In lower case, but for what has none that an identifier may hold: `İ` is no single letter."""
    return "".join(_cased(c, c.lower()) for c in text)


def upper(text: str) -> str:
    """In upper case, but for what has none that an identifier may hold."""
    return "".join(_cased(c, c.upper()) for c in text)


def capital(text: str) -> str:
    """With its first letter in upper case."""
    return upper(text[:1]) + text[1:]


def _cased(character: str, changed: str) -> str:
    return changed if all(map(_is_letter, changed)) else character


def constants(values: Iterable[str]) -> dict[str, str]:
    """Value → name of an enum constant, all different: `New York` → NEW_YORK, `3` → VALUE_3."""
    chosen: dict[str, str] = {}
    used: set[str] = set()
    for value in values:
        wanted = upper("_".join(words(value))) or ("EMPTY" if not value else "VALUE")
        if wanted[0].isdigit():
            wanted = f"VALUE_{wanted}"
        name, number = wanted, 2
        while name in used:
            name = f"{wanted}_{number}"
            number += 1
        chosen[value] = name
        used.add(name)
    return chosen


def nested(field_name: str) -> str:
    """The name of a class inside a record, out of a field's: city → City; JDK names stay free.

    Letters without a case get no other name from it, and a variable would hide the class.
    """
    name = capital(field_name)
    return f"{name}Value" if name in CLASSES or name == field_name else name


def prefix(model: str) -> str:
    """What the classes of a model begin with: `fraud-scoring` → FraudScoring.

    A final word `model` is left out, since the main class adds it.
    """
    parts = words(ascii_form(model))
    if len(parts) > 1 and parts[-1].lower() == "model":
        parts.pop()
    joined = "".join(capital(part[:1] + part[1:].lower()) for part in parts)
    return f"M{joined}" if joined[:1].isdigit() else joined


def package(group: str, model: str) -> str:
    """The Java package: every segment of the group, then the model; ASCII, lower case."""
    segments = [*group.split("."), ascii_form(model)]
    return ".".join(_segment(segment) for segment in segments if segment)


def artifact(model: str) -> str:
    """A valid Maven artifact id: letters, digits, `.`, `_` and `-`."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", ascii_form(model)).strip("-.")


def group(name: str) -> str:
    """A valid Maven group id out of the source's own."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", ascii_form(name)).strip("-.")


def maven_version(version: str, build: int) -> str:
    """`<model version>.<build>`, in the characters that Maven takes."""
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', version).strip('-.') or '0'}.{build}"


def ascii_form(name: str) -> str:
    """A name in ASCII: accents fall away; where letters are lost, a hash keeps names apart."""
    spelled = unicodedata.normalize("NFKD", name.translate(_SPELLED))
    kept = "".join(c for c in spelled if not unicodedata.combining(c))
    plain = kept.encode("ascii", "ignore").decode()
    if plain == kept and re.search(r"[A-Za-z0-9]", plain):
        return plain
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain.strip(' -_.') or 'model'}-{digest}"


def _segment(name: str) -> str:
    joined = re.sub(r"[^a-z0-9]+", "", ascii_form(name).lower()) or "model"
    if joined[0].isdigit():
        joined = f"m{joined}"
    return f"{joined}model" if joined in KEYWORDS else joined


def _is_letter(character: str) -> bool:
    return ord(character) < 0x10000 and _OLD_UNICODE.category(character) in _LETTERS
