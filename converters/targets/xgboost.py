"""XGBoost's own file, scored by XGBoost itself; a file of numbers runs no code when it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import xgboost

from converters.contract import Input, Output
from converters.golden import Answers, Array
from converters.quoting import quoted
from converters.targets.scorer import FormatError, feed_of, shaped, typed

LARGEST = np.finfo(np.float32).max


class XGBoostScorer:
    """One Booster, fed by position."""

    def __init__(self, path: Path) -> None:
        self.runtime = f"xgboost {xgboost.__version__}"
        self._booster = xgboost.Booster()
        try:
            self._booster.load_model(path)
        except (xgboost.core.XGBoostError, ValueError, TypeError) as error:
            raise FormatError(f"XGBoost does not load the file: {quoted(error, 300)}") from error
        self.facts = {"rounds": str(self._booster.num_boosted_rounds())}

    def score(
        self, rows: Mapping[str, Array], inputs: Sequence[Input], outputs: Sequence[Output]
    ) -> Answers:
        """Answers for all rows; see `Scorer.score`."""
        (given,), (output,) = inputs, outputs
        fed = feed_of(given, rows)
        if fed.shape[1] != self._booster.num_features():
            raise FormatError(f"it takes {self._booster.num_features()} features")
        # XGBoost's matrix takes doubles beyond float32, and no infinities, which they are in
        # float32; they go as the largest number does.
        fed = np.clip(fed, -LARGEST, LARGEST)
        values = np.asarray(self._booster.predict(xgboost.DMatrix(fed)))
        return {output.name: typed(output, shaped(output, values, len(fed)))}


def open(path: Path) -> XGBoostScorer:
    """A scorer for an XGBoost file.

    Raises:
        FormatError: XGBoost does not read it.
    """
    return XGBoostScorer(path)
