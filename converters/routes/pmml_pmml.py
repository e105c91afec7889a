"""PMML to PMML: the document as it is, once JPMML has loaded it and its outputs have names."""

from __future__ import annotations

import shutil
from pathlib import Path

from converters.contract import Request
from converters.routes.converted import Converted
from converters.sources.loaded import Loaded
from converters.sources.pmml import PmmlModel, inputs_of
from converters.targets.pmml_schema import violation

FILE = "model.pmml"
BREAKS = (
    "The document breaks PMML's schema ({}). JPMML answers it all the same; other scorers may not."
)


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Copy the document to `model.pmml` in `folder`, byte for byte.

    It is checked against PMML's schema. One that breaks it and that JPMML answers all the same is
    published with a note: other scorers may not take it.
    """
    original: PmmlModel = model.estimator
    broken = violation(original.path)
    shutil.copyfile(original.path, folder / FILE)
    return Converted(
        file=FILE,
        signature=model.signature,
        inputs=inputs_of(model.signature),
        outputs=original.outputs,
        exact=True,
        facts={"converter": "none: the document as it was", "precision": "float64"}
        | original.scorer.facts,
        notes=[
            "The document is published as it was logged: it was proven to answer here as it "
            "answered when it was fetched, on the same JPMML.",
            *([BREAKS.format(broken)] if broken else []),
        ],
    )
