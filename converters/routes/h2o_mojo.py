"""H2O to MOJO: the file that H2O's own server writes for its scoring library."""

from __future__ import annotations

import shutil
from pathlib import Path

from converters.catalog import TARGETS
from converters.contract import Request
from converters.errors import Refused
from converters.routes import genmodel_file
from converters.routes.converted import Converted
from converters.sources import h2o_columns
from converters.sources.h2o import H2OModel
from converters.sources.loaded import Loaded

FILE = next(target.file for target in TARGETS if target.name == "mojo")


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `model.zip` into `folder`.

    Raises:
        Refused: `no_mojo` for algorithms without one, `column_missing`, `category_types`,
            `tensor_shape`.
    """
    estimator: H2OModel = model.estimator
    if not estimator.model.have_mojo:
        raise Refused(
            "no_mojo",
            f"H2O exports no MOJO of this {estimator.algorithm} model. Train a GLM, GBM, random "
            "forest, XGBoost or deep learning model.",
        )
    genmodel_file.refuse_levels(estimator, "no_mojo")
    h2o_columns.check(model.signature, estimator.columns)
    if estimator.file is not None:
        shutil.copyfile(estimator.file, folder / FILE)
    else:
        estimator.model.download_mojo(path=str(folder / FILE))
    return genmodel_file.described(model, FILE)
