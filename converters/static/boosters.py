"""Headers of gradient boosters' own files: XGBoost JSON and UBJSON, LightGBM text, CatBoost."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from converters.quoting import quoted
from converters.static.errors import Unreadable

MOST_BYTES = 512 << 20
BOOSTERS = ("gbtree", "gblinear", "dart")
CBM = b"CBM1"
# UBJSON strings have a length before them: S, a type letter, the length.
UBJ_NAME = re.compile(rb"\x04nameS[iUIlL]\x00*([\x01-\x20])")
UBJ_OBJECTIVE = re.compile(rb"((?:reg|binary|multi|rank|count|survival):[a-z_]+)")

# XGBoost's type of each feature, `c` for categories, as UBJSON and as JSON.
UBJ_TYPES = re.compile(rb"feature_types\[(?:#L.{8})?((?:SL\x00{7}.[a-z]{1,8})*)", re.S)
JSON_TYPES = re.compile(rb'"feature_types"\s*:\s*\[([^\]]{0,1000000})\]')
TARGETS = re.compile(rb'num_target(?:SL\x00{7}.|"\s*:\s*")(\d{1,9})', re.S)
# The version of XGBoost that wrote a file, its last entry; as UBJSON its first number's type, too.
UBJ_VERSION = re.compile(rb"\x07version\[#L.{8}([iUIlL])(.{1,8})", re.S)
JSON_VERSION = re.compile(rb'"version"\s*:\s*\[\s*(\d{1,9})')
UBJ_BYTES = {b"i": 1, b"U": 1, b"I": 2, b"l": 4, b"L": 8}
LIGHTGBM_VERSION = re.compile(rb"\Atree\r?\nversion=v(\d{1,9})")
# Distributions that install a library.
INSTALLED = {"xgboost": ("xgboost-cpu", "xgboost"), "lightgbm": ("lightgbm",)}
TITLES = {"xgboost": "XGBoost", "lightgbm": "LightGBM"}
# LightGBM's list of words a column, which Python appends to the file.
WORDS = re.compile(rb"pandas_categorical:\s*\[\s*\[")


@dataclass(frozen=True)
class Booster:
    """kind: gbtree, dart, gblinear; gbdt for LightGBM. categories: splits by category occur."""

    library: str
    kind: str
    objective: str = ""
    categories: bool = False
    linear_leaves: bool = False


def xgboost_json(content: bytes) -> Booster:
    """An XGBoost model in JSON.

    Raises:
        Unreadable: no XGBoost model.
    """
    try:
        told = json.loads(content)
        learner = told["learner"]
        booster = learner["gradient_booster"]
        kind = str(booster["name"])
        objective = str(learner.get("objective", {}).get("name", ""))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"it is no XGBoost model in JSON: {quoted(error, 120)}") from error
    if kind not in BOOSTERS:
        raise Unreadable(f"it is an XGBoost model of the kind {kind[:40]!r}")
    types = learner.get("feature_types") if isinstance(learner, dict) else None
    return Booster("xgboost", kind, objective, isinstance(types, list) and "c" in types)


def xgboost_ubj(content: bytes) -> Booster:
    """An XGBoost model in UBJSON, by the names that it holds.

    Raises:
        Unreadable: no XGBoost model.
    """
    if content[:1] != b"{" or b"gradient_booster" not in content or b"learner" not in content:
        raise Unreadable("it is no XGBoost model in UBJSON")
    kinds = [kind for kind in BOOSTERS if re.search(rb"S[a-zA-Z]\x00*.%b" % kind.encode(), content)]
    if not content.rstrip(b"\n").endswith(b"}"):
        raise Unreadable("it ends before its last bracket")
    objective = UBJ_OBJECTIVE.search(content)
    kind = next((one for one in ("dart", "gblinear") if one in kinds), "gbtree")
    return Booster("xgboost", kind, objective[1].decode() if objective else "")


def lightgbm_text(content: bytes) -> Booster:
    """A LightGBM model in text.

    Raises:
        Unreadable: no LightGBM model, or one that is cut short.
    """
    if not content.startswith((b"tree\n", b"tree\r\n")):
        raise Unreadable("it is no LightGBM model in text")
    if b"end of trees" not in content:
        raise Unreadable("it is a LightGBM model whose text ends before its last tree")
    head = content[: content.find(b"\nTree=")].decode("utf-8", "replace")
    told = dict(line.split("=", 1) for line in head.splitlines() if "=" in line)
    return Booster(
        "lightgbm",
        "gbdt",
        told.get("objective", "").split(" ")[0],
        categories=bool(re.search(rb"\nnum_cat=[1-9]", content)),
        linear_leaves=b"\nis_linear=1" in content,
    )


def newer(content: bytes, library: str) -> str:
    """Why a booster's own file is not read here: a later major version wrote it; else empty.

    Libraries read such files without a word, and miss what the later version means by them.
    """
    wrote, own = _wrote(content, library), _own(library)
    if wrote is None or own is None or wrote <= own:
        return ""
    title = TITLES[library]
    return (
        f"The model was saved by {title} {wrote}, or says so; {own} is installed here, and does "
        f"not know what a later one means by its file. Train and save it with {title} {own}."
    )


def _wrote(content: bytes, library: str) -> int | None:
    """The major version that wrote a file; None where it does not say."""
    if library == "lightgbm":
        told = LIGHTGBM_VERSION.match(content)
        return int(told[1]) if told else None
    if (last := list(UBJ_VERSION.finditer(content))[-1:]) and content[1:2] in b"LliIU":
        kind, octets = last[0].groups()
        return int.from_bytes(octets[: UBJ_BYTES[kind]], "big")
    numbers = JSON_VERSION.findall(content)
    return int(numbers[-1]) if numbers else None


def _own(library: str) -> int | None:
    for name in INSTALLED[library]:
        try:
            return int(version(name).partition(".")[0])
        except (PackageNotFoundError, ValueError):
            continue
    return None


def json_kind(content: bytes) -> str:
    """Which library wrote a model in JSON: "xgboost", "catboost", or empty where none did.

    Raises:
        Unreadable: no JSON, or what libraries write for people to read and do not load.
    """
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is no JSON: {quoted(error, 120)}") from error
    keys = told.keys() if isinstance(told, dict) else ()
    if "learner" in keys:
        return "xgboost"
    if "model_info" in keys and ("oblivious_trees" in keys or "trees" in keys):
        return "catboost"
    if "tree_info" in keys:
        raise Unreadable(
            "it is what LightGBM's dump_model writes, which no library loads; use save_model"
        )
    return ""


def catboost(content: bytes) -> Booster:
    """A CatBoost model in its own format, or in JSON.

    Raises:
        Unreadable: no CatBoost model.
    """
    if content.startswith(CBM):
        size = int.from_bytes(content[4:8], "little")
        if size + 8 > len(content) or size == 0:
            raise Unreadable("it is a CatBoost model that is cut short")
        return Booster("catboost", "oblivious")
    raise Unreadable("it is no CatBoost model")


def learned_categories(content: bytes, library: str) -> bool:
    """Whether a booster learned categories, by its own file or a pickle that holds it."""
    if library == "lightgbm":
        return WORDS.search(content) is not None
    return any(b"\x01c" in types for types in UBJ_TYPES.findall(content)) or any(
        b'"c"' in types for types in JSON_TYPES.findall(content)
    )


def several_targets(content: bytes) -> bool:
    """Whether an XGBoost model was trained on more than one target."""
    return any(int(number) > 1 for number in TARGETS.findall(content))
