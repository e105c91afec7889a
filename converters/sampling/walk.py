"""Walks through a fitted model and notes what every step reveals about the model's inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from converters.sampling import choices, grown, texts
from converters.sampling.features import Feature, Floats
from converters.sampling.links import Link, Links, scaled
from converters.sampling.paths import Grove
from converters.sampling.splits import learned_words, split_points
from converters.trees.form import thresholds

CHILDREN = (
    *("best_estimator_", "regressor_", "estimator_", "estimators_", "final_estimator_"),
    *("calibrated_classifiers_", "estimator", "classifiers_"),
)


# Linear models of more scores than this tell no scale, and no weight tells larger numbers.
MOST_SCORES = 20
LARGEST_POINT = 1e9


def learn(estimator: Any, features: Sequence[Feature]) -> list[Grove]:
    """Fill in the features' points, ranges, categories and words from a fitted estimator.

    What is not known is passed over: fewer hints make easier rows, never wrong ones.

    Returns:
        The trees inside, with where their columns come from.
    """
    if callable(tell := getattr(estimator, "reveal", None)):
        tell(features)
        return []
    groves: list[Grove] = []
    _visit(estimator, [Link(feature) for feature in features], groves)
    return groves


def _visit(estimator: Any, links: Links, groves: list[Grove]) -> None:
    """Learn from a last step, whose outputs nobody follows."""
    if hasattr(estimator, "steps"):
        for _, step in estimator.steps[:-1]:
            links = _through(step, links)
        _visit(estimator.steps[-1][1], links, groves)
        return
    if hasattr(estimator, "transform") and not hasattr(estimator, "predict"):
        _through(estimator, links)
        return
    if (found := grown.read(estimator)) is not None:
        groves.append(Grove(found, links))
    _learn_points(estimator, links, found)
    _learn_words(estimator, links)
    _learn_scale(estimator, links)
    _learn_rows(estimator, links)
    for child, columns in _children(estimator):
        _visit(child, links if columns is None else [links[i] for i in columns], groves)


def _children(estimator: Any) -> list[tuple[Any, Any]]:
    """Fitted models inside a model, each with the columns it sees (None: all)."""
    found: list[tuple[Any, Any]] = []
    for name in CHILDREN:
        if name == "final_estimator_" and not getattr(estimator, "passthrough", False):
            continue  # it sees the members' answers, not the columns
        value = getattr(estimator, name, None)
        if value is None or isinstance(value, str) or name in _template(estimator, found):
            continue
        many = _flat(value) if _is_many(value) else [value]
        chosen = getattr(estimator, "estimators_features_", None)
        for i, child in enumerate(many):
            if hasattr(child, "get_params") or hasattr(child, "predict_proba"):
                columns = chosen[i] if name == "estimators_" and chosen is not None else None
                found.append((child, columns))
    return found


# What fitted models were cloned from.
TEMPLATES = ("estimator", "estimator_")


def _template(estimator: Any, found: list[Any]) -> tuple[str, ...]:
    """The attributes that hold what fitted models were cloned from, and is not fitted itself."""
    if hasattr(estimator, "estimators_"):
        return TEMPLATES
    return TEMPLATES[:1] if found else ()


def _flat(value: Any) -> list[Any]:
    """Models in a list or an array; numpy would take a list of pipelines for one of their steps."""
    return value.ravel().tolist() if isinstance(value, np.ndarray) else list(value)


def _is_many(value: Any) -> bool:
    return isinstance(value, list | tuple | np.ndarray)


def _learn_points(estimator: Any, links: Links, found: grown.Grown | None) -> None:
    points_of = split_points(estimator) if found is None else thresholds(found.ensemble)
    for column, points in points_of.items():
        if column < len(links) and isinstance(link := links[column], Link):
            link.feature.points.append(link.back(_float32_steps(points)))
    if isinstance(flag := getattr(estimator, "binarize", None), int | float):
        for link in links:
            if isinstance(link, Link):
                link.feature.points.append(link.back([flag]))


def _learn_scale(estimator: Any, links: Links) -> None:
    """Numbers that put a linear model's score at one and at five on either side of nothing."""
    weights = getattr(estimator, "coef_", None)
    if not isinstance(weights, np.ndarray) or weights.dtype.kind != "f":
        return
    weights = np.atleast_2d(weights)
    if weights.shape[1] != len(links) or weights.shape[0] > MOST_SCORES:
        return
    told = np.ravel(np.asarray(getattr(estimator, "intercept_", 0.0), dtype=np.float64))
    shift = np.resize(told if len(told) else np.zeros(1), weights.shape[0])[:, None]
    for column, link in enumerate(links):
        if isinstance(link, Link) and link.feature.dtype.kind in "iuf":
            slope = weights[:, column][:, None]
            with np.errstate(all="ignore"):
                crossing = (np.array([-5.0, -1.0, 1.0, 5.0]) - shift) / slope
            # Alone, with its share of the others, and away from them.
            reach = np.concatenate([crossing, crossing / len(links), -crossing])
            points = link.back(reach)
            points = points[np.isfinite(points) & (np.abs(points) < LARGEST_POINT)]
            if len(points):
                link.feature.points.append(points)


def _learn_words(estimator: Any, links: Links) -> None:
    """Categories that a booster or HistGradientBoosting learned itself."""
    if getattr(estimator, "_preprocessor", None) is not None:
        _through(estimator._preprocessor, links)
    for column, words in learned_words(estimator, len(links)).items():
        link = links[column] if column < len(links) else None
        if not isinstance(link, Link) or link.feature.dtype.kind == "b":
            continue
        if link.feature.dtype != object:
            words = [float(word) for word in words]
        link.feature.learns(words)
        link.feature.unseen = True


def _float32_steps(points: Floats) -> Floats:
    """Each threshold and the float32 numbers beside it, on the scale on which it is compared.

    Trees that compare in float32 change their mind between two of these, which behind a scaler lie
    at other places than the float32 numbers of the feature itself.
    """
    points = points[np.isfinite(points)]
    with np.errstate(over="ignore"):
        narrow = points.astype(np.float32)
        below = np.nextafter(narrow, np.float32(-np.inf))
        above = np.nextafter(narrow, np.float32(np.inf))
    return np.concatenate([points, *(part.astype(np.float64) for part in (narrow, below, above))])


def _learn_rows(estimator: Any, links: Links) -> None:
    """Training rows, support vectors, centres and means: where the data was."""
    for name in ("_fit_X", "support_vectors_", "X_train_", "cluster_centers_", "means_", "theta_"):
        values = getattr(estimator, name, None)
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf":
            continue
        if values.ndim != 2 or values.shape[1] != len(links):
            continue
        for link, column in zip(links, values.T, strict=True):
            if isinstance(link, Link):
                link.feature.spans(link.back(column))
                if len(column) <= 20_000:
                    link.feature.points.append(link.back(np.unique(column)[:200]))


def _through(step: Any, links: Links) -> Links:
    """Learn from a transformer and trace its output columns back."""
    if _passes(step):
        return links
    if isinstance(step, str):
        return []
    trained = getattr(step, "n_features_in_", None)
    if trained is not None and trained != len(links) and not hasattr(step, "transformers_"):
        # A step before it did not tell how its columns came about.
        links = [None] * int(trained)
    if hasattr(step, "steps"):
        for _, inner in step.steps:
            links = _through(inner, links)
        return links
    if hasattr(step, "transformers_"):
        return _through_columns(step, links)
    if hasattr(step, "transformer_list"):
        return [link for _, part in step.transformer_list for link in _through(part, links)]
    for name, handler in HANDLERS.items():
        if hasattr(step, name):
            return handler(step, links)
    return _unknown(step)


def _passes(step: Any) -> bool:
    """Whether a step leaves everything as it is; "passthrough" may have become a transformer."""
    if isinstance(step, str):
        return step == "passthrough"
    return step is None or (type(step).__name__ == "FunctionTransformer" and step.func is None)


def _through_columns(step: Any, links: Links) -> Links:
    names = [str(name) for name in getattr(step, "feature_names_in_", [])]
    links = _by_name(names, links)
    slices = getattr(step, "output_indices_", {})
    width = max((part.stop or 0 for part in slices.values()), default=0)
    out: Links = [None] * width
    for label, part, columns in step.transformers_:
        indices = _indices(columns, names, len(links))
        if not indices:
            continue
        traced = _through(part, [links[i] for i in indices])
        where = slices.get(label)
        if where is not None and where.stop - where.start == len(traced):
            out[where] = traced
    return out


def _by_name(names: list[str], links: Links) -> Links:
    """The columns in the order of training, where the signature has them in another, or others."""
    known = {link.feature.name: link for link in links if link is not None}
    if not names or len(known) != len(links) or not known.keys() & set(names):
        return links
    return [known.get(name) for name in names]


def _indices(columns: Any, names: list[str], width: int) -> list[int]:
    if isinstance(columns, slice):
        return _sliced(columns, names, width)
    many = [columns] if np.isscalar(columns) or isinstance(columns, str) else list(columns)
    if many and all(isinstance(item, bool | np.bool_) for item in many):
        return [i for i, item in enumerate(many) if item]
    found = []
    for item in many:
        if isinstance(item, str):
            found += [names.index(item)] if item in names else []
        elif isinstance(item, int | np.integer) and -width <= item < width:
            found.append(int(item) % width)
    return found


def _sliced(part: slice, names: list[str], width: int) -> list[int]:
    """Places in a slice of places or, as pandas has it with both ends inside, of names."""
    edges = (part.start, part.stop)
    if all(edge is None or isinstance(edge, int) for edge in edges):
        return list(range(width))[part]
    if any(edge is not None and edge not in names for edge in edges):
        return []
    first = 0 if part.start is None else names.index(part.start)
    last = width - 1 if part.stop is None else names.index(part.stop)
    return list(range(first, min(last + 1, width)))


def _unknown(step: Any) -> Links:
    try:
        return [None] * len(step.get_feature_names_out())
    except (AttributeError, ValueError, TypeError):
        return []


def _standard(step: Any, links: Links) -> Links:
    mean = _vector(getattr(step, "mean_", None), len(links), 0.0)
    scale = _vector(getattr(step, "scale_", None), len(links), 1.0)
    if getattr(step, "var_", None) is not None and getattr(step, "mean_", None) is not None:
        spread = 3 * np.sqrt(_vector(step.var_, len(links), 1.0))
        for link, low, high in zip(links, mean - spread, mean + spread, strict=True):
            if isinstance(link, Link):
                link.feature.spans(link.back([low, high]))
    return _affine(links, scale, mean, ("subtract", mean), ("divide", scale))


def _minmax(step: Any, links: Links) -> Links:
    for link, low, high in zip(links, step.data_min_, step.data_max_, strict=True):
        if isinstance(link, Link):
            link.feature.spans(link.back([low, high]))
            link.feature.points.append(link.back([low, high]))
    # The scaler computes x * scale_ + min_.
    return _affine(
        links,
        1.0 / step.scale_,
        -step.min_ / step.scale_,
        ("multiply", step.scale_),
        ("add", step.min_),
    )


def _maxabs(step: Any, links: Links) -> Links:
    for link, most in zip(links, step.max_abs_, strict=True):
        if isinstance(link, Link):
            link.feature.spans(link.back([-most, most]))
    scale = np.asarray(step.scale_)
    return _affine(links, scale, np.zeros(len(links)), ("divide", scale))


def _robust(step: Any, links: Links) -> Links:
    center = _vector(step.center_, len(links), 0.0)
    scale = _vector(step.scale_, len(links), 1.0)
    for link, middle, width in zip(links, center, scale, strict=True):
        if isinstance(link, Link):
            link.feature.spans(link.back([middle - 2 * width, middle + 2 * width]))
    return _affine(links, scale, center, ("subtract", center), ("divide", scale))


def _affine(links: Links, scale: Any, shift: Any, *steps: tuple[str, Any]) -> Links:
    """inner = (outer - shift) / scale by these steps, one number a column in each."""
    return [
        scaled(
            link,
            float(scale[i]),
            float(shift[i]),
            tuple((name, float(numbers[i])) for name, numbers in steps),
        )
        for i, link in enumerate(links)
    ]


def _imputer(step: Any, links: Links) -> Links:
    kept: Links = []
    for link, fill in zip(links, step.statistics_, strict=True):
        number = isinstance(fill, int | float | np.number) and bool(np.isfinite(fill))
        if isinstance(link, Link) and isinstance(step.missing_values, str):
            # A value that stands for none: the encoder behind never meets it.
            link.feature.learns([step.missing_values])
        if isinstance(link, Link) and number and link.feature.dtype.kind in "iuf":
            link.feature.points.append(link.back([fill]))
            link.feature.spans(link.back([fill]))
        # A column without any value in training is dropped.
        empty = isinstance(fill, float) and np.isnan(fill)
        if not empty or getattr(step, "keep_empty_features", False):
            kept.append(replace(link, missing=False) if isinstance(link, Link) else link)
    return [*kept, *[None] * len(_unknown(step)[len(kept) :])]


def _encoder(step: Any, links: Links) -> Links:
    unseen = getattr(step, "handle_unknown", "ignore") != "error"
    for link, categories in zip(links, step.categories_, strict=False):
        if not isinstance(link, Link):
            continue
        feature = link.feature
        known = [
            value for value in np.asarray(categories, dtype=object).tolist() if _is_value(value)
        ]
        if feature.dtype.kind in "iuf":
            known = [float(v) for v in link.back([v for v in known if not isinstance(v, str)])]
        else:
            known = [str(value) for value in known]
        feature.learns(known)
        feature.unseen = feature.unseen or unseen
    try:
        return choices.encoded(step, links, len(_unknown(step)))
    except (ValueError, TypeError, AttributeError, KeyError):
        # An encoder that does not take its own categories one by one: its columns stay untraced.
        return _unknown(step)


def _is_value(value: Any) -> bool:
    return value is not None and value == value


def _bins(step: Any, links: Links) -> Links:
    for link, edges in zip(links, step.bin_edges_, strict=True):
        if isinstance(link, Link):
            link.feature.points.append(link.back(edges))
            link.feature.spans(link.back(edges))
    return _unknown(step)


def _quantiles(step: Any, links: Links) -> Links:
    for link, values in zip(links, np.asarray(step.quantiles_).T, strict=True):
        if isinstance(link, Link):
            link.feature.points.append(link.back(values))
            link.feature.spans(link.back(values))
    return [None] * len(links)


def _knots(step: Any, links: Links) -> Links:
    for link, basis in zip(links, step.bsplines_, strict=True):
        if isinstance(link, Link):
            inner = np.asarray(basis.t)[basis.k : len(basis.t) - basis.k]
            link.feature.points.append(link.back(inner))
            link.feature.spans(link.back(inner))
    return _unknown(step)


def _donors(step: Any, links: Links) -> Links:
    for link, column in zip(links, np.asarray(step._fit_X, np.float64).T, strict=True):
        if isinstance(link, Link):
            known = column[np.isfinite(column)]
            link.feature.spans(link.back(known))
            link.feature.points.append(link.back(np.unique(known)[:200]))
    return _unknown(step)


def _words(step: Any, links: Links) -> Links:
    return _read_words([str(word) for word in step.vocabulary_], links, _fillers(step))


def _fixed_words(step: Any, links: Links) -> Links:
    """A vectoriser that was told its vocabulary, which it need not be fitted for."""
    return _read_words([str(word) for word in step.vocabulary or ()], links, _fillers(step))


def _hashed_words(step: Any, links: Links) -> Links:
    _read_words(list(texts.COMMON), links, _fillers(step))
    return []


def _fillers(step: Any) -> list[str]:
    told = getattr(step, "get_stop_words", lambda: None)()
    return sorted(str(word) for word in told or ())[:500]


def _read_words(words: list[str], links: Links, fillers: list[str]) -> Links:
    for link in links[:1]:
        if isinstance(link, Link):
            link.feature.texts += sorted(words)[:2000]
            link.feature.fillers += fillers
    return [None] * len(words)


def _selector(step: Any, links: Links) -> Links:
    chosen = np.flatnonzero(step.get_support())
    return [links[i] for i in chosen if i < len(links)]


def _binarizer(step: Any, links: Links) -> Links:
    for link in links:
        if isinstance(link, Link) and isinstance(step.threshold, int | float):
            link.feature.points.append(link.back([step.threshold]))
    return [None] * len(links)


def _vector(values: Any, width: int, default: float) -> Floats:
    if values is None:
        return np.full(width, default)
    return np.asarray(values, dtype=np.float64).ravel()


# Fitted attribute that tells a transformer apart → how to go through it; the first match counts.
HANDLERS: dict[str, Callable[[Any, Links], Links]] = {
    "categories_": _encoder,
    "statistics_": _imputer,
    "bin_edges_": _bins,
    "quantiles_": _quantiles,
    "bsplines_": _knots,
    "_valid_mask": _donors,
    "vocabulary_": _words,
    "vocabulary": _fixed_words,
    "alternate_sign": _hashed_words,
    "data_min_": _minmax,
    "max_abs_": _maxabs,
    "center_": _robust,
    "var_": _standard,
    "get_support": _selector,
    "threshold": _binarizer,
}
