"""A graph in the opset and IR version of the profile, where the format's own converter can."""

from __future__ import annotations

from collections.abc import Callable

import onnx
import onnx.inliner
from onnx import version_converter

from converters.onnx_refit import graphs

LOWEST, HIGHEST = 18, 22
MOST_IR = 10
# An opset's operators want an IR version as new as this.
IR_OF_OPSET = 8

Same = Callable[[onnx.ModelProto], bool]


def inlined(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its own functions written out, so that only standard operators are left."""
    if not model.functions:
        return model
    flat: onnx.ModelProto = onnx.inliner.inline_local_functions(model)
    return flat


def import_default(model: onnx.ModelProto, wanted: int) -> None:
    """Import the default operator set, where the file uses none of it: what is put in will.

    wanted: its opset; 0 for the lowest of the profile.
    """
    if not graphs.opset(model):
        model.opset_import.append(onnx.helper.make_opsetid("", wanted or LOWEST))


def tidy_imports(model: onnx.ModelProto) -> None:
    """Import only operator sets that are used, each once; the default one always."""
    used = {node.domain if node.domain != "ai.onnx" else "" for node in graphs.nodes(model.graph)}
    versions: dict[str, int] = {}
    for entry in model.opset_import:
        domain = "" if entry.domain == "ai.onnx" else entry.domain
        if domain in used or domain == "":
            versions[domain] = max(int(entry.version), versions.get(domain, 0))
    del model.opset_import[:]
    for domain, version in versions.items():
        model.opset_import.append(onnx.helper.make_opsetid(domain, version))


def fitted(model: onnx.ModelProto, wanted: int, same: Same) -> tuple[onnx.ModelProto, list[str]]:
    """The model in the wanted opset (0: 18 to 22, whichever is nearest), and what to know.

    same: whether a changed model still loads and answers; one that does not stays as it was.
    """
    notes = []
    now = graphs.opset(model)
    goal = wanted or min(max(now, LOWEST), HIGHEST)
    if now and now != goal:
        changed = _in_opset(model, goal)
        if changed is not None and same(changed):
            model = changed
        else:
            notes.append(
                f"The file stays in opset {now}: its operators do not carry over to {goal} with "
                "the same answers."
            )
    _fit_ir(model)
    return model, notes


def _in_opset(model: onnx.ModelProto, goal: int) -> onnx.ModelProto | None:
    try:
        changed: onnx.ModelProto = version_converter.convert_version(model, goal)
    except Exception:
        # The converter raises RuntimeError, IndexError and its own kinds for what it does not
        # know; the caller says so to the model's owner.
        return None
    return changed


def _fit_ir(model: onnx.ModelProto) -> None:
    """An IR version that the profile reads; what newer ones added concerns several devices."""
    model.ir_version = min(max(model.ir_version, IR_OF_OPSET), MOST_IR)
