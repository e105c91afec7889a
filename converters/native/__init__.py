"""A booster's own file for its vendor's own library: what its inputs and outputs mean."""
