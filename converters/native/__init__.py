"""A booster's own file for its vendor's own library: what its inputs and outputs mean."""

# A fact of XGBoost's files that keep a list of base scores, since their numbers differ.
BASE_SCORES = "base_scores"
