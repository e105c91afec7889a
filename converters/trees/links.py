"""Sees that a tree's nodes name each other as a tree's do; a damaged file's may name anything."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from converters.errors import Refused

LEAF = -1


def check(
    feature: npt.NDArray[np.integer],
    true: npt.NDArray[np.integer],
    false: npt.NDArray[np.integer],
    features: int | None = None,
) -> None:
    """See that each child is there and is one node's only, and that no node is above the root.

    Whoever follows such links comes to a leaf. Libraries do not look: they read beyond their
    memory, or go round for ever.

    Args:
        feature: [nodes] index of the feature; LEAF (-1) in a leaf, whose links are not looked at.
        true, false: [nodes] the children.
        features: how many there are; None where that is not for the links to tell.

    Raises:
        Refused: `model_unreadable`.
    """
    inner = feature != LEAF
    asked = feature[inner]
    if not len(asked):
        if not len(feature):
            raise damaged("a tree without nodes")
        return
    children = np.concatenate([true[inner], false[inner]])
    if children.min() < 1 or children.max() >= len(feature):
        raise damaged("a tree names nodes that it does not have")
    if np.bincount(children).max() > 1:
        raise damaged("two branches of a tree lead to one node")
    if asked.min() < 0 or (features is not None and asked.max() >= features):
        raise damaged("a tree asks for features that the model does not have")


def damaged(what: str) -> Refused:
    """The refusal of trees of which `what` is wrong."""
    return Refused(
        "model_unreadable",
        f"The model's trees do not hold together: {what}, so its file is damaged. Log the model "
        "again.",
    )
