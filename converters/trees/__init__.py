"""Our exact tree ensembles: one form, a reader for each library, an emitter for each target."""

from converters.trees.form import Category, Ensemble, Formula, Key, Mode, Tree, keys, thresholds

__all__ = ["Category", "Ensemble", "Formula", "Key", "Mode", "Tree", "keys", "thresholds"]
