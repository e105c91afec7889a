"""Loads a MOJO that stands alone: H2O's Generic model of it gives the original's answers."""

from __future__ import annotations

import zipfile
from pathlib import Path

from converters.errors import Refused
from converters.sources import h2o_archive, h2o_server, mlmodel
from converters.sources.h2o import CATEGORIES, CLASSIFIERS, H2OModel
from converters.static import h2o_binary

# What a damaged archive makes of our own reading.
DAMAGE = (zipfile.BadZipFile, LookupError, ValueError)


def load(path: Path) -> H2OModel:
    """The model, imported into a server.

    Raises:
        Refused: `model_unreadable`; what `converters.static.h2o_binary.not_answered` finds;
            `model_class` for a kind of model that answers no rows; what `h2o_server.connected`
            refuses.
    """
    try:
        archive = h2o_archive.read(path)
    except DAMAGE as error:
        raise mlmodel.unreadable(path, error) from error
    if why := h2o_binary.not_answered(archive.info):
        raise Refused(why.code, why.sentence)
    server = h2o_server.connected()
    from h2o.exceptions import H2OConnectionError, H2OError

    try:
        model = server.import_mojo(str(path))
    except H2OConnectionError as error:
        raise h2o_server.gone(error) from error
    except (H2OError, OSError, ValueError) as error:
        raise mlmodel.unreadable(path, error) from error
    told = model._model_json["output"]
    category = str(told["model_category"])
    if category not in CATEGORIES:
        raise Refused(
            "model_class",
            f"An H2O model of the kind {category} is not compared row by row here; "
            f"{', '.join(CATEGORIES)} are.",
        )
    levels = dict(zip(map(str, told["names"]), told["domains"], strict=True))
    columns = {name: levels.get(name) for name in archive.columns}
    if archive.info["algo"] in h2o_binary.IMPUTING and any(columns.values()):
        raise Refused("model_class", h2o_binary.LEVELS_OF_MOJO)
    response = str(told["names"][-1])
    classes = [str(one) for one in levels[response] or []] if category in CLASSIFIERS else []
    return H2OModel(model, category, columns, classes, path)
