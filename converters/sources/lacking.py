"""Tells a model that lost a part of itself from one that does not take the rows it is asked.

A library's object that lacks an attribute of its own was unpickled from a damaged file, or from
one of another version; nothing that is fed to it mends that.
"""

from __future__ import annotations

import inspect
from importlib.metadata import version

import numpy as np

from converters.errors import Refused
from converters.sources.loaded import Loaded

# Packages whose objects come out of pickles, by module.
LIBRARIES = {
    "sklearn": "scikit-learn",
    "lightgbm": "lightgbm",
    "xgboost": "xgboost",
    "catboost": "catboost",
    "statsmodels": "statsmodels",
}
METHODS = ("predict", "transform")
ROWS = 4


def refusal(error: BaseException) -> Refused | None:
    """The refusal for an AttributeError that tells of a lost part; None for any other error."""
    if not isinstance(error, AttributeError) or error.obj is None or not error.name:
        return None
    kind = type(error.obj)
    library = LIBRARIES.get(kind.__module__.partition(".")[0])
    # What the class itself defines is there, and says by this error that it does not apply.
    if library is None or hasattr(kind, error.name):
        return None
    return Refused(
        "model_unreadable",
        f"The model's {kind.__name__} lacks {error.name!r}, an attribute of its own: its file is "
        f"damaged, or saved by another version of {library}. Log the model again with {library} "
        f"{version(library)}.",
    )


def proven(error: AttributeError, model: Loaded) -> Refused | None:
    """The same for an error of our own reading: only where the model itself misses something, too.

    What we look for and no such model has is our fault, and stays a crash.
    """
    no = refusal(error)
    if no is None or error.name in inspect.signature(type(error.obj)).parameters:
        return no  # a constructor sets all its parameters
    from converters.sampling import features
    from converters.sources import voices

    random = np.random.default_rng(0)
    told = features.features_of(model.signature)
    columns = [features.random_values(one, ROWS, random) for one in told]
    frame = model.frame(features.rows_of(model.signature, columns))
    for method in METHODS:
        if hasattr(model.estimator, method):
            try:
                voices.told(model, method, frame)
            except Refused as own:
                return no if own.code == no.code else None
    return None
