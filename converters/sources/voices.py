"""The original's own voice: runs the methods that a converted model's outputs answer like."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from converters import sources
from converters.contract import Output, OutputKind
from converters.errors import Refused
from converters.quoting import named
from converters.sources import categories, lacking, pairwise
from converters.sources.loaded import Answers, Loaded, Rows

# How near a row is to each centre of a clusterer, which gives no scores: distances, negated.
NEARNESS = "transform:negated"


# Of two classes' probabilities the second's alone.
POSITIVE = ":positive"


def answer(model: Loaded, rows: Rows, outputs: list[Output]) -> Answers:
    """Call each output's method once and shape its answer as the output promises.

    A source that ends in a number, such as `predict_proba[1]`, is one target's part of an answer
    that comes as a list.

    Raises:
        Refused: `original_fails` where the original raises on these rows, `model_unreadable` where
            it does for want of a part of its own.
    """
    frame = model.frame(rows)
    count = len(next(iter(rows.values())))
    heard: dict[str, Any] = {}
    answers: Answers = {}
    for output in outputs:
        if output.source not in heard:
            heard[output.source] = told(model, output.source, frame)
        answers[output.name] = _shaped(heard[output.source], output, count)
    return answers


def told(model: Loaded, source: str, frame: Any) -> Any:
    """What one method of the original answers for a frame, in its own form.

    Raises:
        Refused: `original_fails`, `model_unreadable`.
    """
    try:
        with warnings.catch_warnings(), model.asking():
            warnings.simplefilter("ignore")
            if source.endswith(POSITIVE):
                return np.asarray(told(model, source.removesuffix(POSITIVE), frame))[:, 1]
            if ask := getattr(sources.module(model.flavor), "ask", None):
                return ask(model, source, frame)
            if source == pairwise.PAIRS:
                return pairwise.pairs(model.estimator, frame)
            if source == pairwise.WINNERS:
                return pairwise.winners(model.estimator, frame)
            if source == NEARNESS:
                return -np.asarray(model.estimator.transform(frame))
            method, _, target = source.partition("[")
            answered = getattr(model.estimator, method)(categories.typed(model.estimator, frame))
            return answered[int(target.rstrip("]"))] if target else answered
    except MemoryError:
        raise
    except Exception as error:
        # Foreign code: any exception is the original's way of not answering.
        if lost := lacking.refusal(error):
            raise lost from error
        raise Refused(
            "original_fails",
            f"The model itself does not answer these rows: {source} raises {named(error, 300)}.",
        ) from error


def _shaped(raw: Any, output: Output, count: int) -> npt.NDArray[Any]:
    if hasattr(raw, "toarray"):
        raw = raw.toarray()
    values = np.asarray(raw)
    shape = (count,) if output.width == 0 else (count, output.width)
    if values.size != int(np.prod(shape)):
        raise Refused(
            "original_fails",
            f"The model's {output.source} answers {values.shape} for {count} rows, where its class "
            f"promises {shape}; no output can be declared for that.",
        )
    values = values.reshape(shape)
    if output.dtype == "string":
        return np.array([str(value) for value in values.ravel()], dtype=object).reshape(shape)
    if output.kind is OutputKind.LABEL and values.dtype == object:
        return np.array(values.tolist()).astype(output.dtype)
    return values.astype(output.dtype)
