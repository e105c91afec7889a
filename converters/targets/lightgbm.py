"""LightGBM's own file, scored by LightGBM itself; it is text, and runs no code when it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import lightgbm
import numpy as np

from converters.contract import Input, Output
from converters.golden import Answers, Array
from converters.quoting import quoted
from converters.targets.scorer import FormatError, feed_of, shaped, typed


class LightGBMScorer:
    """One Booster, fed by position."""

    def __init__(self, path: Path) -> None:
        self.runtime = f"lightgbm {lightgbm.__version__}"
        if b"end of trees" not in path.read_bytes():
            raise FormatError("the text ends before its last tree")
        try:
            self._booster = lightgbm.Booster(model_file=path)
        except lightgbm.basic.LightGBMError as error:
            raise FormatError(f"LightGBM does not load the file: {quoted(error, 300)}") from error
        self.facts = {"trees": str(self._booster.num_trees())}

    def score(
        self, rows: Mapping[str, Array], inputs: Sequence[Input], outputs: Sequence[Output]
    ) -> Answers:
        """Answers for all rows; see `Scorer.score`."""
        (given,), (output,) = inputs, outputs
        fed = feed_of(given, rows)
        if fed.shape[1] != self._booster.num_feature():
            raise FormatError(f"it takes {self._booster.num_feature()} features")
        values = np.asarray(self._booster.predict(fed))
        return {output.name: typed(output, shaped(output, values, len(fed)))}


def open(path: Path) -> LightGBMScorer:
    """A scorer for a LightGBM file.

    Raises:
        FormatError: LightGBM does not read it.
    """
    return LightGBMScorer(path)
