"""A pyfunc to PMML: the document of the model inside, read at the fields that the wrapper gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from converters import wrapped
from converters.contract import Output, OutputKind, Request
from converters.routes.converted import Converted
from converters.sources.loaded import Loaded
from converters.targets.pmml_fields import probability_field
from converters.wrapped import Handed


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `model.pmml` into `folder`; its fields keep the names that they have there.

    Raises:
        Refused: `own_python` for a wrapper that does more than hand on, and what the route of the
            model inside refuses.
    """
    made, handed = wrapped.convert(model, request, folder)
    return replace(made, outputs=[_field(one) for one in handed])


def _field(one: Handed) -> Output:
    output = wrapped.declared(one, one.output.name)
    if one.column is not None and one.output.kind is OutputKind.PROBABILITIES:
        return replace(output, name=probability_field(one.output.classes[one.column]))
    return output
