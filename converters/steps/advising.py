"""What to do with a model whose converted file answered otherwise, in one sentence."""

from __future__ import annotations

from converters.catalog import TARGETS, route
from converters.contract import ConvertReport, Request
from converters.preflight import PYFUNC, TENSOR_FLAVORS

WORST = "change the step that the worst rows point at, or keep the model in Python"


def after_parity(request: Request, report: ConvertReport) -> str:
    """The advice, by what is known of the cause.

    Another target is named only where the flavor has a route to it, and where the cause is not one
    that would be met there too.
    """
    narrow = [
        one.dtype
        for one in (report.signature.all_tensors if report.signature else [])
        for given in report.inputs
        if one.name in given.columns and given.dtype not in ("string", one.dtype)
    ]
    if request.flavor == PYFUNC:
        return (
            "The wrapper's own Python is part of the answers, and no file carries it. Log the "
            "model inside it with its own flavor, and compute what the wrapper adds before or "
            "after it."
        )
    if narrow and request.flavor not in TENSOR_FLAVORS:
        return (
            f"The signature's tensor is {narrow[0]}, which a converted file carries in wider "
            "numbers; what the model computes in it wraps around or is rounded elsewhere. Train "
            'with X.astype("float64") and log the model with a signature of that.'
        )
    found = [
        row.title
        for row in TARGETS
        if row.name != request.target and route(request.flavor, row.name) is not None
    ]
    if request.target == "onnx" and not report.exact:
        said = "The converted file computes in float32, which may be too coarse for this model"
    else:
        said = "This route does not carry this model"
    if not found:
        return f"{said}, and no other target is open to it; {WORST}."
    return (
        f"{said}. Try {' or '.join(found)}, written another way; where that answers otherwise as "
        f"well, {WORST}."
    )
