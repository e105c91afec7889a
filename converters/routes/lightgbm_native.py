"""LightGBM to its own text file, as every binding of LightGBM reads it, lightgbm4j among them."""

from __future__ import annotations

from pathlib import Path

from converters.contract import Request
from converters.errors import Refused
from converters.native import matrix
from converters.routes.converted import Converted
from converters.sources.loaded import Loaded

FILE = "model.txt"


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `model.txt` into `folder`: the trees that the model answers with, and no others.

    Raises:
        Refused: `native_text`, `native_categories`, `objective_unknown`.
    """
    import lightgbm
    import numpy as np

    estimator = model.estimator
    booster = getattr(estimator, "booster_", estimator)
    if booster.pandas_categorical:
        raise Refused(
            "native_categories",
            "This model learned pandas categories, whose words LightGBM's library does not read "
            "from the file; export to ONNX, where they stand in the file.",
        )
    inputs = matrix.inputs(model.signature, "float64")
    # A Booster's own best round counts for it and for its wrapper alike; -1 where there is none.
    booster.save_model(folder / FILE, num_iteration=booster.best_iteration)
    saved = lightgbm.Booster(model_file=folder / FILE)
    probe = np.asarray(saved.predict(np.zeros((2, saved.num_feature()))))
    width = probe.shape[1] if probe.ndim == 2 else 0
    return Converted(
        file=FILE,
        signature=model.signature,
        inputs=inputs,
        outputs=[matrix.output(estimator, width)],
        exact=True,
        facts={"converter": f"lightgbm {lightgbm.__version__}", "precision": "float64"},
        notes=[*model.notes, "Features go by their order: LightGBM's file is asked by position."],
    )
