"""CatBoost's own file, scored by CatBoost itself; the file holds trees and tables, and no code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import catboost
import numpy as np
import pandas as pd

from converters.contract import Input, Output
from converters.golden import Answers, Array
from converters.quoting import quoted
from converters.targets.scorer import FormatError, feed_of, shaped, typed


class CatBoostScorer:
    """One model, fed by position; answers raw formula values, as its library on the JVM does."""

    def __init__(self, path: Path) -> None:
        self.runtime = f"catboost {catboost.__version__}"
        self._model = catboost.CatBoost()
        try:
            self._model.load_model(str(path), "cbm")
        except (catboost.CatBoostError, ValueError) as error:
            raise FormatError(f"CatBoost does not load the file: {quoted(error, 300)}") from error
        self.facts = {"trees": str(self._model.tree_count_)}

    def score(
        self, rows: Mapping[str, Array], inputs: Sequence[Input], outputs: Sequence[Output]
    ) -> Answers:
        """Answers for all rows; see `Scorer.score`."""
        (output,) = outputs
        parts = [pd.DataFrame(feed_of(item, rows)) for item in inputs]
        fed = pd.concat(parts, axis=1)
        fed.columns = pd.RangeIndex(fed.shape[1])
        try:
            pool = catboost.Pool(
                fed.to_numpy(dtype=object) if len(parts) > 1 else fed.to_numpy(),
                cat_features=self._model.get_cat_feature_indices(),
            )
            values = np.asarray(self._model.predict(pool, prediction_type="RawFormulaVal"))
        except (catboost.CatBoostError, ValueError, TypeError) as error:
            raise FormatError(f"CatBoost does not score the rows: {quoted(error, 300)}") from error
        return {output.name: typed(output, shaped(output, values, len(fed)))}


def open(path: Path) -> CatBoostScorer:
    """A scorer for a CatBoost file.

    Raises:
        FormatError: CatBoost does not read it.
    """
    return CatBoostScorer(path)
