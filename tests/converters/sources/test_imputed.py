"""A KNNImputer's gaps that only rounding fills are left out of the comparison, and no others."""

import numpy as np
import pytest
from sklearn.impute import KNNImputer

from converters.sources import imputed

RANDOM = np.random.default_rng(5)
TRAINED = RANDOM.normal(size=(200, 4))
TRAINED[RANDOM.random(TRAINED.shape) < 0.15] = np.nan


def asked(count):
    rows = RANDOM.normal(size=(count, 4))
    rows[RANDOM.random(rows.shape) < 0.2] = np.nan
    return rows


@pytest.mark.parametrize("weights", ["distance", "uniform"])
def test_ordinary_rows_are_settled(weights):
    imputer = KNNImputer(n_neighbors=3, weights=weights).fit(TRAINED)
    rows = asked(3000)
    rows[0] = np.nan
    assert imputed.rounded(imputer, rows).mean() < 0.01
    assert not imputed.rounded(imputer, rows)[0]


def test_a_row_beside_a_training_row_is_not_where_distances_are_weights():
    imputer = KNNImputer(n_neighbors=3, weights="distance").fit(TRAINED)
    whole = TRAINED[~np.isnan(TRAINED).any(axis=1)][:20]
    # Some of them the very same: whether the products cancel whole is left to the batch.
    near = np.concatenate([whole[:10], whole[10:] * (1 + 1e-9)])
    near[:, 0] = np.nan
    # The same sums in another order: the products of a column more, of nothing.
    wider = KNNImputer(n_neighbors=3, weights="distance").fit(TRAINED[:, [3, 1, 2, 0]])
    one = imputer.transform(near)[:, 0]
    other = wider.transform(near[:, [3, 1, 2, 0]])[:, 3]
    found = imputed.rounded(imputer, near)
    assert found.all()
    assert not ((np.abs(one - other) > 1e-9) & ~found).any()


@pytest.mark.parametrize("weights", ["distance", "uniform"])
def test_a_gap_between_two_donors_equally_far_is_not(weights):
    imputer = KNNImputer(n_neighbors=1, weights=weights).fit([[0.0, 1.0], [2.0, 5.0], [9.0, 7.0]])
    rows = np.array([[1.0, np.nan], [0.5, np.nan]])
    assert imputed.rounded(imputer, rows).tolist() == [True, False]
