"""Loads a MOJO that stands alone: H2O's Generic model of it gives the original's answers."""

from __future__ import annotations

import zipfile
from pathlib import Path

from converters.errors import Refused
from converters.sources import h2o_archive, h2o_server, mlmodel
from converters.sources.h2o import CLASSIFIERS, H2OModel, category_of, taken
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
    model = taken(h2o_server.connected().import_mojo, path)
    told, category = model._model_json["output"], category_of(model)
    levels = dict(zip(map(str, told["names"]), told["domains"], strict=True))
    columns = {name: levels.get(name) for name in archive.columns}
    if archive.info["algo"] in h2o_binary.IMPUTING and any(columns.values()):
        raise Refused("model_class", h2o_binary.LEVELS_OF_MOJO)
    response = str(told["names"][-1])
    classes = [str(one) for one in levels[response] or []] if category in CLASSIFIERS else []
    return H2OModel(model, category, columns, classes, path)
