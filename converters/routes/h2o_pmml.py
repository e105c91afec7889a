"""H2O to PMML, on our own emitters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from converters.contract import Request
from converters.routes import pmml_file
from converters.routes.converted import Converted
from converters.sources import h2o_columns
from converters.sources.loaded import Loaded


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `model.pmml` into `folder`.

    Raises:
        Refused: what cannot be converted, by name.
    """
    h2o_columns.check(model.signature, model.estimator.columns)
    converted = pmml_file.write(model, request, folder)
    return replace(converted, inputs=h2o_columns.filled(model.estimator, converted.inputs))
