"""Our exact tree ensembles: one form, a reader for each library, an emitter for each target."""

from converters.trees.form import Ensemble, Mode, Tree, thresholds

__all__ = ["Ensemble", "Mode", "Tree", "thresholds"]
