"""Reads CatBoost's models from their JSON: oblivious and other trees, borders, one-hot, counters.

CatBoost keeps hashes of categories, never their words: words come from outside, and a model is
only read where every hash that it asks for is some known word's.
"""

from __future__ import annotations

import ast
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from converters.errors import Refused
from converters.quoting import quoted
from converters.trees import counters, links
from converters.trees.form import LEAF, Category, Ensemble, Floats, Ints, Key, Mode, Tree, keys


@dataclass(frozen=True)
class Boosted:
    """A model as data: sums times `scale` plus `bias`, [targets]."""

    ensemble: Ensemble
    scale: float
    bias: Floats


@dataclass(frozen=True)
class Split:
    """A question: `x <= number`, or a set; `true` says which branch, 0 or 1, follows a yes."""

    feature: int
    border: float = 0.0
    members: Ints | None = None
    true: int = 0
    missing_true: bool = True


@dataclass
class _Model:
    """The parts of the JSON that splits refer to.

    Attributes:
        hashes: categorical feature → the hash of each of its words, in the order of their keys.
        splits: by `split_index`, filled when first asked.
    """

    told: Mapping[str, Any]
    hashes: Mapping[int, Sequence[int]]
    splits: dict[int, Split] = field(default_factory=dict)


def read(model: Any, words: Mapping[int, Sequence[str]], texts: Sequence[int]) -> Boosted:
    """Read a fitted CatBoost model.

    Args:
        words: by feature, the words that its categories may be.
        texts: the features whose categories are fed as text; others are fed as whole numbers.

    Raises:
        Refused: `category_words`, `counters`, `text_features`.
    """
    for kind, places in (
        ("text", model.get_text_feature_indices()),
        ("embedding", model.get_embedding_feature_indices()),
    ):
        if len(places):
            raise Refused(
                "text_features",
                f"This model learned from {kind} features, which no target carries; the native "
                ".cbm works.",
            )
    told = _json(model)
    info = told["features_info"]
    own = {int(one["flat_feature_index"]) for one in info.get("categorical_features", [])}
    hashed = _hashed({feature: words.get(feature, ()) for feature in sorted(own)})
    known = {feature: list(found) for feature, found in hashed.items()}
    parts = _Model(told, {feature: list(found.values()) for feature, found in hashed.items()})
    scale, bias = told["scale_and_bias"]
    targets = len(bias)
    if "oblivious_trees" in told:
        trees = [_oblivious(parts, tree, targets) for tree in told["oblivious_trees"]]
    else:
        trees = [_branching(parts, tree, targets) for tree in told["trees"]]
    features = len(info.get("float_features", [])) + len(own)
    ensemble = Ensemble(tuple(trees), features, targets, compares="float32")
    return Boosted(_named(ensemble, known, texts), float(scale), np.asarray(bias, np.float64))


def check(told: Any) -> None:
    """See that a model in JSON asks for features and borders that it has; CatBoost does not look.

    Raises:
        Refused: `model_unreadable`.
        KeyError, TypeError, ValueError, AttributeError: it is no such document.
    """
    info = told["features_info"]
    floats, words = info.get("float_features") or [], info.get("categorical_features") or []
    flat = [int(one["flat_feature_index"]) for one in [*floats, *words]]
    others = len(info.get("text_features") or []) + len(info.get("embedding_features") or [])
    if len(set(flat)) < len(flat) or not set(flat) <= set(range(len(flat) + others)):
        raise links.damaged("two features are one, or are none of a row's")
    targets = len(told["scale_and_bias"][1])
    for tree in told.get("oblivious_trees") or []:
        splits = tree.get("splits") or []
        if len(tree["leaf_values"]) != targets << len(splits):
            raise links.damaged("a tree has other leaves than its questions lead to")
        for split in splits:
            kind = split["split_type"]
            own = floats if kind == "FloatFeature" else words
            place = {"FloatFeature": "float_feature_index", "OneHotFeature": "cat_feature_index"}
            if kind in place and not 0 <= int(split[place[kind]]) < len(own):
                raise links.damaged("a tree asks for features that the model does not have")
            if kind == "FloatFeature" and not _is_border(split, floats):
                raise links.damaged("a tree asks for borders that the model does not have")


def _is_border(split: Mapping[str, Any], floats: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a split's number in all borders, feature after feature, is one of its feature's."""
    counts = [len(one.get("borders") or []) for one in floats]
    place = int(split["float_feature_index"])
    before = sum(counts[:place])
    return before <= int(split["split_index"]) < before + counts[place]


def borders(model: Any) -> dict[int, Floats]:
    """Each number's split points, by feature."""
    if len(model.get_text_feature_indices()) or len(model.get_embedding_feature_indices()):
        return {}
    return {
        int(one["flat_feature_index"]): np.asarray(one["borders"], np.float64)
        for one in _json(model)["features_info"].get("float_features", [])
        if one.get("borders")
    }


def loss(estimator: Any) -> str:
    """The name of the loss; empty where the model does not tell, as the sum of others does not."""
    import catboost

    told = estimator._get_canonized_params().get("loss_function")
    if told is None:
        try:
            told = estimator.get_all_params().get("loss_function", "")
        except catboost.CatBoostError:
            told = ""
    return str(told).partition(":")[0]


def _named(
    ensemble: Ensemble, known: Mapping[int, Sequence[str]], texts: Sequence[int]
) -> Ensemble:
    """The ensemble with the words that its sets name, and no others, numbered anew."""
    asked = keys(ensemble)
    used = {feature: asked.get(feature, np.zeros(0, np.int64)) for feature in known}
    trees = [
        replace(
            tree,
            members={
                node: np.searchsorted(used[int(tree.feature[node])], own)
                for node, own in tree.members.items()
            },
        )
        for tree in ensemble.trees
    ]
    words = {feature: [known[feature][key] for key in found] for feature, found in used.items()}
    categories = {feature: _category(own, feature in texts) for feature, own in words.items()}
    return replace(ensemble, trees=tuple(trees), categories=categories)


def _category(words: Sequence[str], text: bool) -> Category:
    if text:
        return Category(Key.WORD, words=tuple(words))
    return Category(Key.NUMBER, numbers=tuple(float(word) for word in words))


def _json(model: Any) -> Any:
    import catboost

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "model.json"
        try:
            model.save_model(str(path), format="json")
            return json.loads(path.read_bytes())
        except (catboost.CatBoostError, ValueError) as error:
            raise Refused(
                "model_unreadable",
                f"CatBoost cannot write the model's trees ({quoted(error)}): its file is damaged, "
                "or its training ended in numbers that are none. Train it again.",
            ) from error


def _hashed(words: Mapping[int, Sequence[str]]) -> dict[int, dict[str, int]]:
    """CatBoost's own hash of each word, as it writes them beside a model of one feature."""
    every = list(dict.fromkeys(word for own in words.values() for word in own))
    if not every:
        return {feature: {} for feature in words}
    import catboost

    pool = catboost.Pool([[word] for word in every], cat_features=[0])
    tiny = catboost.CatBoostRegressor(
        iterations=1, depth=1, verbose=False, allow_writing_files=False
    )
    tiny.fit([["a"], ["b"]] * 2, [0.0, 1.0] * 2, cat_features=[0])
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "model.py"
        tiny.save_model(str(path), format="python", pool=pool)
        text = path.read_text(encoding="utf-8")
    start = text.index("cat_features_hashes = {") + len("cat_features_hashes = ")
    raw = ast.literal_eval(text[start : text.index("\n}\n", start) + 2])
    found = {_unescaped(word): int(number) for word, number in raw.items()}
    # A word that CatBoost writes in some way of its own stays unknown.
    return {
        feature: {word: found[word] for word in dict.fromkeys(own) if word in found}
        for feature, own in words.items()
    }


def _unescaped(word: str) -> str:
    """CatBoost writes the bytes of UTF-8 one by one."""
    try:
        return word.encode("latin-1").decode()
    except UnicodeError:
        return word


def _split(parts: _Model, told: Mapping[str, Any]) -> Split:
    index = int(told["split_index"])
    if index not in parts.splits:
        parts.splits[index] = _SPLITS[told["split_type"]](parts, told)
    return parts.splits[index]


def _float_split(parts: _Model, told: Mapping[str, Any]) -> Split:
    feature = parts.told["features_info"]["float_features"][told["float_feature_index"]]
    # `x > border` is the branch 1; NaN is not above a border, unless told to be.
    above = feature.get("nan_value_treatment") == "AsTrue"
    border = float(np.float32(told["border"]))
    return Split(int(feature["flat_feature_index"]), border, missing_true=not above)


def _one_hot_split(parts: _Model, told: Mapping[str, Any]) -> Split:
    feature = parts.told["features_info"]["categorical_features"][told["cat_feature_index"]]
    flat, wanted = int(feature["flat_feature_index"]), int(told["value"])
    keys = [key for key, number in enumerate(parts.hashes[flat]) if number == wanted]
    if not keys:
        raise _unknown_word(feature, flat)
    return Split(flat, members=np.array(keys, np.int64), true=1, missing_true=False)


def _unknown_word(feature: Mapping[str, Any], flat: int) -> Refused:
    name = feature.get("feature_id") or flat
    return Refused(
        "category_words",
        f"CatBoost keeps hashes of categories, not their words, and not every category of {name!r} "
        "is in the model's input example; log the model with an input_example that has each "
        "category once. The native .cbm works.",
    )


def _counter_split(parts: _Model, told: Mapping[str, Any]) -> Split:
    """Branch 1 where the counter of a word is above the border: a set of words, or all others."""
    counter = counters.counter(parts.told, int(told["split_index"]))
    info = parts.told["features_info"]["categorical_features"][counter.feature]
    flat = int(info["flat_feature_index"])
    values, missing = counter.values(parts.hashes[flat], int(told["ctr_target_border_idx"]))
    if missing:
        raise _unknown_word(info, flat)
    border = np.float32(told["border"])
    above = values[:-1] > border
    if values[-1] > border:  # so is a word that it has not learned
        return Split(flat, members=np.flatnonzero(~above), true=0, missing_true=False)
    return Split(flat, members=np.flatnonzero(above), true=1, missing_true=False)


_SPLITS = {
    "FloatFeature": _float_split,
    "OneHotFeature": _one_hot_split,
    "OnlineCtr": _counter_split,
}


def _oblivious(parts: _Model, told: Mapping[str, Any], targets: int) -> Tree:
    """One question a level; the leaf's number has the first split as its lowest bit."""
    splits = [_split(parts, one) for one in told.get("splits") or ()][::-1]
    leaves = np.asarray(told["leaf_values"], np.float64).reshape(-1, targets)
    inner = len(leaves) - 1
    nodes = np.arange(inner)
    questions = [splits[level] for level in np.log2(nodes + 1).astype(int).tolist()]
    children = np.full((inner + len(leaves), 2), LEAF, np.int64)
    children[:inner, 0], children[:inner, 1] = 2 * nodes + 1, 2 * nodes + 2
    values = np.concatenate([np.zeros((inner, targets)), leaves])
    return _tree(questions, nodes, children, values)


def _branching(parts: _Model, told: Mapping[str, Any], targets: int) -> Tree:
    """Nodes that hold their own questions; numbered as they are met, a parent before its sons."""
    children: list[list[int]] = []
    questions: list[Split] = []
    inner: list[int] = []
    values: list[Any] = []
    waiting: list[tuple[Mapping[str, Any], int, int]] = [(told, -1, 0)]
    while waiting:
        node, parent, side = waiting.pop()
        place = len(children)
        children.append([LEAF, LEAF])
        if parent >= 0:
            children[parent][side] = place
        if "split" not in node:
            values.append(np.broadcast_to(np.asarray(node["value"], np.float64), (targets,)))
            continue
        values.append(np.zeros(targets))
        inner.append(place)
        questions.append(_split(parts, node["split"]))
        waiting += [(node["left"], place, 0), (node["right"], place, 1)]
    return _tree(questions, np.array(inner, np.int64), np.array(children), np.array(values))


def _tree(questions: Sequence[Split], inner: Ints, children: Ints, values: Floats) -> Tree:
    """Questions of the inner nodes, and each node's branches 0 and 1, as a tree of the form."""
    count = len(values)
    feature = np.full(count, LEAF, np.int64)
    threshold = np.zeros(count)
    true, false = np.full(count, LEAF, np.int64), np.full(count, LEAF, np.int64)
    missing = np.zeros(count, bool)
    members: dict[int, Ints] = {}
    if len(questions):
        yes = np.array([split.true for split in questions])
        feature[inner] = [split.feature for split in questions]
        threshold[inner] = [split.border for split in questions]
        true[inner], false[inner] = children[inner, yes], children[inner, 1 - yes]
        missing[inner] = [split.missing_true for split in questions]
        members = {
            int(node): split.members
            for node, split in zip(inner, questions, strict=True)
            if split.members is not None
        }
    return Tree(feature, threshold, Mode.LEQ, true, false, missing, values, members)
