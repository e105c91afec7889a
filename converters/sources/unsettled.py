"""Rows on which the original itself hangs on rounding, deep inside a composed model.

Where a member's label is counted, handed on or looked up, the smallest rounding turns into another
answer: votes, chains, thresholds, neighbours that lie equally far. No score of the whole model
tells such a row, so the members are watched while the original answers; rows that one of them
cannot settle are left out by name, and counted.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from converters import sources
from converters.contract import Output
from converters.sources import imputed, margins, pairwise
from converters.sources.loaded import Loaded, Rows
from converters.sources.parts import module, parts

Bools = npt.NDArray[np.bool_]

# Scores this near each other, beside the largest of the row, are equal but for rounding.
NEAR = 1e-12
# Distances this near each other, relative to themselves.
NEAR_DISTANCE = 1e-13
# Distances found through products are off by this share of the two vectors' squares.
PRODUCTS = 1e-14
# Beyond isotonic steps, which may be steep, probabilities this near each other are equal.
NEAR_STEPS = 1e-9

# Scores and distances that were computed in float32.
NARROW = 1e-4

NEIGHBOURS = ("KNeighborsClassifier", "KNeighborsRegressor", "LocalOutlierFactor")
PROPAGATED = ("LabelPropagation", "LabelSpreading")
VOTERS = ("SVC", "NuSVC")
RADIUS = ("RadiusNeighborsClassifier", "RadiusNeighborsRegressor")
THRESHOLDS = ("FixedThresholdClassifier", "TunedThresholdClassifierCV")
CENTRES = ("KMeans", "MiniBatchKMeans", "Birch", "MeanShift", "AffinityPropagation")
# Models that turn a member's label into something else.
COUNTING = (
    *("OneVsOneClassifier", "OutputCodeClassifier", "ClassifierChain", "MultiOutputClassifier"),
    *("BisectingKMeans", "NearestCentroid", "CalibratedClassifierCV"),
    "_BinaryGaussianProcessClassifierLaplace",
)
FILLERS = ("KNNImputer",)
WATCHED = frozenset(NEIGHBOURS + RADIUS + THRESHOLDS + CENTRES + COUNTING + FILLERS)
# Their answers are sums of leaves in the very same order: nothing to settle.
EXACT = ("Tree", "Forest", "Boost", "XGB", "LGBM", "Dummy", "Isolation")


def rows(model: Loaded, asked: Rows, outputs: list[Output]) -> Bools:
    """[N] where a member of the model cannot settle its own answer; asks the original once.

    Of a model that takes float32, every classifier is watched: its own rounding is coarse.
    """
    if own := getattr(sources.module(model.flavor), "unsettled", None):
        marked: Bools = own(model, asked, outputs)
        return marked
    found = _border(model, asked)
    inside = list(_parts(model.estimator))
    narrow = all(values.dtype == np.float32 for values in asked.values())
    last = pairwise.voter(model.estimator)
    if not narrow and not any(
        _counts(part) or (_votes(part) and part is not last) for part in inside
    ):
        return found
    kinds = {type(part) for part in inside}
    with watching(kinds, found), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.answer(asked, outputs)
    return found


def _border(model: Loaded, asked: Rows) -> Bools:
    """[N] where a support vector machine's own score is its rounding; none that cannot be asked."""
    try:
        return margins.rounded(model, asked)
    except Exception:
        # Foreign code on hostile rows, asked all at once: they are asked again, and counted.
        return np.zeros(len(next(iter(asked.values()))), dtype=np.bool_)


def _votes(part: Any) -> bool:
    """Whether this part is an SVC of several classes, whose scores jump where a pair is tied."""
    name, classes = type(part).__name__, getattr(part, "classes_", ())
    return name in VOTERS and len(classes) > 2 and part.decision_function_shape == "ovr"


def _counts(part: Any) -> bool:
    """Whether this part turns labels or distances into something else, or answers many labels."""
    return (
        type(part).__name__ in WATCHED
        or getattr(part, "voting", "soft") == "hard"
        or "predict" in getattr(part, "stack_method_", [])
        or _several_labels(part)
        or getattr(part, "nn_fit", None) is not None
    )


def _parts(estimator: Any) -> Iterator[Any]:
    """Every fitted estimator inside, wherever it is kept."""
    for item in parts(estimator, _entered):
        if _of_sklearn(item) and (hasattr(item, "predict") or type(item).__name__ in FILLERS):
            yield item


def _entered(item: Any) -> bool:
    return isinstance(item, list | tuple | dict | np.ndarray) or _of_sklearn(item)


def _of_sklearn(item: Any) -> bool:
    return module(type(item)).partition(".")[0] == "sklearn" and hasattr(item, "__dict__")


@contextmanager
def watching(kinds: set[type], found: Bools) -> Iterator[None]:
    """Mark in `found` the rows that these classes cannot settle, while the block runs."""
    kept: list[tuple[type, str, Any]] = []
    try:
        for kind in kinds:
            if any(word in kind.__name__ for word in EXACT):
                continue
            names = ["transform"] if kind.__name__ in FILLERS else ["predict"]
            if kind.__name__ in NEIGHBOURS + RADIUS + PROPAGATED:
                names.append("predict_proba")
            if kind.__name__ in VOTERS:
                names.append("decision_function")
            for name in names:
                if not callable(getattr(kind, name, None)):
                    continue
                kept.append((kind, name, vars(kind).get(name)))
                setattr(kind, name, _watched(getattr(kind, name), found))
        yield
    finally:
        for kind, name, own in reversed(kept):
            if own is None:
                delattr(kind, name)
            else:
                setattr(kind, name, own)


def _watched(method: Callable[..., Any], found: Bools) -> Callable[..., Any]:
    def watched(self: Any, X: Any, *rest: Any, **named: Any) -> Any:
        if (X.shape[0] if hasattr(X, "shape") else len(X)) == len(found):
            try:
                found[:] |= _unsettled(self, X)
            except Exception:
                # Foreign code: a member that cannot tell its scores settles nothing, and the
                # judge compares its rows like all others.
                return method(self, X, *rest, **named)
        return method(self, X, *rest, **named)

    return watched


def _unsettled(member: Any, X: Any) -> Bools:
    """[N] where this member's own answer hangs on rounding."""
    X = _whole(X)
    name = type(member).__name__
    if getattr(member, "nn_fit", None) is not None:
        return tied_neighbours(member, X)
    if hasattr(member, "cluster_centers_") or hasattr(member, "subcluster_centers_"):
        return _tied_centres(member, X)
    return TELLERS.get(name, _tied_scores)(member, X)


def _is_narrow(X: Any) -> bool:
    """Whether the rows are float32, in which many estimators then compute."""
    return bool(np.asarray(X).dtype == np.float32)


def _tied_scores(member: Any, X: Any) -> Bools:
    near = NEAR_STEPS if type(member).__name__ == "CalibratedClassifierCV" else NEAR
    near = NARROW if _is_narrow(X) else near
    for source in ("decision_function", "predict_proba"):
        if hasattr(member, source):
            scores = getattr(member, source)(X)
            parts = scores if isinstance(scores, list) else [scores]
            several = _several_labels(member)
            tied = [_tied(np.asarray(one), source, near, several) for one in parts]
            return np.asarray(np.any(tied, axis=0), dtype=np.bool_)
    return np.zeros(len(X), dtype=np.bool_)


def _tied_pairs(member: Any, X: Any) -> Bools:
    """An SVC's pairs; those of one that shows the pairs themselves do not jump."""
    if len(member.classes_) < 3:
        return _tied_scores(member, X)
    if not _votes(member):
        return np.zeros(len(X), dtype=np.bool_)
    values = pairwise.pairs(member, X)
    size = np.maximum(1.0, np.abs(values).max(axis=1, keepdims=True))
    return np.asarray((np.abs(values) <= NEAR * size).any(axis=1), dtype=np.bool_)


def _tied_mode(member: Any, X: Any) -> Bools:
    """A Gaussian process whose posterior's mode is nothing."""
    mean = np.asarray(member.latent_mean_and_variance(X)[0], np.float64)
    return np.asarray(np.abs(mean) <= NEAR_STEPS)


def _tied_centroids(member: Any, X: Any) -> Bools:
    from sklearn.metrics import pairwise_distances

    away = pairwise_distances(X, member.centroids_, metric=member.metric)
    found = _tied(-away, "", NEAR_STEPS, several=False)
    if not hasattr(member, "decision_function"):
        return found
    return found | _tied(np.asarray(member.decision_function(X)), "", NEAR, several=False)


def _several_labels(member: Any) -> bool:
    binarizer = getattr(member, "_label_binarizer", getattr(member, "label_binarizer_", None))
    return str(getattr(binarizer, "y_type_", "")).startswith("multilabel")


def _tied(scores: Any, source: str, near: float, several: bool) -> Bools:
    """Where the best two of several scores are equal, or one score lies on its border."""
    scores = scores.astype(np.float64)
    border = 0.5 if source == "predict_proba" else 0.0
    if scores.ndim == 1 or several or scores.shape[1] == 1:
        scores = scores.reshape(len(scores), -1)
        scale = np.maximum(1.0, np.abs(scores).max(axis=1, keepdims=True))
        return np.asarray((np.abs(scores - border) <= near * scale).any(axis=1))
    two = np.sort(scores, axis=1)[:, -2:]
    scale = np.maximum(1.0, np.abs(scores).max(axis=1))
    with np.errstate(invalid="ignore"):
        return np.asarray(two[:, 1] - two[:, 0] <= near * scale, dtype=np.bool_)


def _on_the_threshold(member: Any, X: Any) -> Bools:
    inner = getattr(member, "estimator_", member.estimator)
    limit = getattr(member, "best_threshold_", getattr(member, "threshold", "auto"))
    found = np.zeros(len(X), dtype=np.bool_)
    for source, usual in (("predict_proba", 0.5), ("decision_function", 0.0)):
        if hasattr(inner, source):
            scores = np.asarray(getattr(inner, source)(X), np.float64).reshape(len(X), -1)
            border = usual if isinstance(limit, str) else float(limit)
            scale = np.maximum(1.0, np.abs(scores).max(axis=1, keepdims=True))
            for side in (border, -border):
                near = NARROW if _is_narrow(X) else NEAR
                found |= (np.abs(scores - side) <= near * scale).any(axis=1)
    return found


def _tied_codes(member: Any, X: Any) -> Bools:
    from sklearn.multiclass import _predict_binary

    codes = np.array([_predict_binary(one, X) for one in member.estimators_]).T
    away = np.square(codes[:, None, :] - member.code_book_[None, :, :]).sum(axis=2)
    two = np.sort(away, axis=1)[:, :2]
    return np.asarray(two[:, 1] - two[:, 0] <= NEAR_STEPS * np.maximum(1.0, two[:, 1]))


def _tied_centres(member: Any, X: Any) -> Bools:
    """Where two centres lie equally far, as far as distances through products tell."""
    values = np.asarray(X, np.float64)
    if getattr(member, "_bisecting_tree", None) is not None:
        found = np.zeros(len(values), dtype=np.bool_)
        nodes = [member._bisecting_tree]
        while nodes:
            node = nodes.pop()
            if node.left is not None:
                nodes += [node.left, node.right]
                pair = np.vstack((node.left.center, node.right.center))
                centres = pair + getattr(member, "_X_mean", 0.0)
                found |= _equally_far(values, centres, _is_narrow(X))
        return found
    centres = getattr(member, "subcluster_centers_", getattr(member, "cluster_centers_", None))
    return _equally_far(values, centres, _is_narrow(X))


def _equally_far(values: npt.NDArray[np.float64], centres: Any, narrow: bool) -> Bools:
    if centres is None or len(centres) < 2:
        return np.zeros(len(values), dtype=np.bool_)
    centres = np.asarray(centres, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        away = np.array([np.square(values - centre).sum(axis=1) for centre in centres]).T
        two = np.sort(away, axis=1)[:, :2]
        size = np.square(values).sum(axis=1) + np.square(centres).sum(axis=1).max()
        return np.asarray(
            ~(two[:, 1] - two[:, 0] > 10 * (1e-7 if narrow else PRODUCTS) * size), dtype=np.bool_
        )


def _through_products(member: Any) -> bool:
    metric = member.effective_metric_
    return member._fit_method == "brute" and metric in ("euclidean", "sqeuclidean", "cosine")


def _rounding(member: Any, X: Any, far: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """[N] how far off a distance of this size may be."""
    if not _through_products(member):
        return NEAR_DISTANCE * far
    if member.effective_metric_ == "cosine":
        narrow = np.asarray(X).dtype == np.float32 and member._fit_X.dtype == np.float32
        return np.full(len(far), 1e-6 if narrow else PRODUCTS)
    own = np.square(np.asarray(X, np.float64)).sum(axis=1)
    known = np.asarray(_whole(member._fit_X), np.float64)
    size = PRODUCTS * (own + np.square(known).sum(axis=1).max())
    if member.effective_metric_ == "sqeuclidean":
        return np.asarray(size)
    return np.asarray(size / np.maximum(far, np.sqrt(size)))


MOST_WHOLE = 1 << 27  # a gigabyte of doubles


def _whole(rows: Any) -> Any:
    """Sparse rows, as of texts, written out; hashed ones, too wide for it, as they are."""
    sparse = hasattr(rows, "toarray") and rows.shape[0] * rows.shape[1] <= MOST_WHOLE
    return rows.toarray() if sparse else rows


def tied_neighbours(member: Any, X: Any) -> Bools:
    """Where another choice among neighbours equally far, as the last ones, answers otherwise."""
    X = _whole(X)
    own = member
    member = getattr(member, "nn_fit", member)
    known = int(member.n_samples_fit_)
    wanted = int(getattr(member, "n_neighbors_", member.n_neighbors))
    if wanted >= known:
        return np.zeros(len(X), dtype=np.bool_)
    far, which = member.kneighbors(X, min(known, 2 * wanted + 10))
    # A LocalOutlierFactor looks up the density around each neighbour.
    looked_up = ("label_distributions_", "_lrd", "_y")
    targets = np.asarray(next(getattr(own, name) for name in looked_up if hasattr(own, name)))
    targets = targets.reshape(known, -1)[which]
    with np.errstate(invalid="ignore", over="ignore"):
        last = far[:, wanted - 1]
        slack = _rounding(member, X, last)
        tied = np.abs(far - last[:, None]) <= slack[:, None]
        other = tied & (targets != targets[:, [wanted - 1]]).any(axis=2)
        beyond = tied[:, wanted:].any(axis=1)
        endless = tied[:, -1] & (far.shape[1] < known)
        near = far <= np.sqrt(slack * np.maximum(last, slack))[:, None]
        mixed = near & (targets != targets[:, [0]]).any(axis=2)
    found = (beyond & (other.any(axis=1) | endless)) | ~np.isfinite(last)
    if getattr(member, "weights", "") == "distance" and _through_products(member):
        found |= mixed[:, :wanted].any(axis=1)
    return np.asarray(found)


def _on_the_radius(member: Any, X: Any) -> Bools:
    """Where a training row lies on the radius itself."""
    limit = float(member.radius)
    slack = _rounding(member, X, np.full(len(X), limit))
    widest = min(float(np.median(slack)) * 10 + NEAR_DISTANCE * limit, limit / 2)
    inner = member.radius_neighbors(X, limit - widest, return_distance=False)
    outer = member.radius_neighbors(X, limit + widest, return_distance=False)
    counts = np.array([len(a) != len(b) for a, b in zip(inner, outer, strict=True)])
    return np.asarray(counts | (slack > widest))


# How each kind tells; all others by their scores.
TELLERS: dict[str, Callable[[Any, Any], Bools]] = {
    **dict.fromkeys(NEIGHBOURS, tied_neighbours),
    **dict.fromkeys(RADIUS, _on_the_radius),
    **dict.fromkeys(THRESHOLDS, _on_the_threshold),
    **dict.fromkeys(VOTERS, _tied_pairs),
    **dict.fromkeys(FILLERS, imputed.rounded),
    "_BinaryGaussianProcessClassifierLaplace": _tied_mode,
    "OutputCodeClassifier": _tied_codes,
    "NearestCentroid": _tied_centroids,
}
