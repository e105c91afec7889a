"""scikit-learn to PMML: on our own emitters, and by SkLearn2PMML what those do not write."""

from __future__ import annotations

from pathlib import Path

from converters import pmml_limits
from converters.contract import Request
from converters.errors import Refused
from converters.routes import pmml_file, pmml_program
from converters.routes.converted import Converted
from converters.sources.loaded import Loaded


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `model.pmml` into `folder`; its fields carry the signature's own names.

    Raises:
        Refused: `not_in_pmml` for what PMML cannot carry or carries wrongly, by name;
            `own_python` for steps of the model's own code; `column_type` for datetimes;
            `unnamed_columns`, and what our emitters refuse for the model's own sake.
    """
    try:
        return pmml_file.write(model, request, folder)
    except Refused as refusal:
        if not pmml_limits.another_way(refusal):
            raise
        ours = refusal
    try:
        pmml_limits.check(model.estimator)
        return pmml_program.write(model, folder)
    except Refused as theirs:
        raise pmml_limits.neither(ours, theirs) from theirs
