"""Floor division and remainder of floats as PyTorch computes them, for the exporters.

These write floor(a / b), which is off by one where the quotient rounds up to a whole number:
1.5 // 0.3 is 4 in PyTorch and 5 so. PyTorch goes by C's fmod, which ONNX has as Mod
(`div_floor_floating` and `remainder` in ATen/native/cpu/BinaryOpsKernel.cpp).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from converters.errors import Refused

_aten = torch.ops.aten
FLOOR = "floor"
# How a graph calls them, and, with `_` behind it, what changes a tensor in place.
NAMES = ("div", "divide", "floor_divide", "remainder")


def exact(program: Any) -> Any:
    """The exported program with these operations of floats in terms of fmod; itself without any."""
    used = {
        node.target.overloadpacket.__name__.rstrip("_")
        for node in program.graph.nodes
        if isinstance(node.target, torch._ops.OpOverload)
    }
    # What changes a tensor in place becomes what makes a new one, before the rules are asked.
    return program.run_decompositions(_RULES) if used & set(NAMES) else program


def refuse(script: Any) -> None:
    """See that a script divides so nowhere: its exporter has no place for another formula.

    Raises:
        Refused: `not_exportable`.
    """
    for node in _nodes(script.inlined_graph):
        if "Tensor" not in [str(one.type()) for one in node.outputs()]:
            continue  # Python's own numbers, such as lengths
        name = node.kind().removeprefix("aten::")
        plain = name.removesuffix("_")
        divides = plain in ("div", "divide")
        if divides and "rounding_mode" not in str(node.schema()):
            continue
        if node.kind().startswith("aten::") and plain in NAMES:
            raise Refused(
                "not_exportable",
                f"The script divides tensors by `{name}`, which its exporter writes otherwise than "
                "PyTorch computes it, off by one at whole quotients. Log the module itself in "
                "place of its script, or export to TorchScript.",
            )


def _nodes(block: Any) -> Iterator[Any]:
    """Those of a graph, and of the branches and loops inside it."""
    for node in block.nodes():
        yield node
        for inner in node.blocks():
            yield from _nodes(inner)


def _pair(a: Any, b: Any) -> tuple[Any, Any] | None:
    """Both as tensors of the floating dtype that they are promoted to; None where that is none."""
    kind = torch.result_type(a, b)
    if not kind.is_floating_point:
        return None
    return tuple(
        one.to(kind) if isinstance(one, torch.Tensor) else torch.scalar_tensor(one, dtype=kind)
        for one in (a, b)
    )


def _remainder(a: Any, b: Any) -> Any:
    pair = _pair(a, b)
    if pair is None:
        return NotImplemented
    a, b = pair
    left = torch.fmod(a, b)
    return torch.where((left != 0) & ((b < 0) != (left < 0)), left + b, left)


def _floor_divided(a: Any, b: Any) -> Any:
    pair = _pair(a, b)
    if pair is None:
        return NotImplemented
    a, b = pair
    left = torch.fmod(a, b)
    whole = (a - left) / b
    whole = torch.where((left != 0) & ((b < 0) != (left < 0)), whole - 1, whole)
    floor = torch.floor(whole)
    floor = torch.where(whole - floor > 0.5, floor + 1, floor)
    return torch.where(b == 0, a / b, floor)


def _divided(a: Any, b: Any, *, rounding_mode: str | None = None) -> Any:
    return _floor_divided(a, b) if rounding_mode == FLOOR else NotImplemented


_RULES: dict[Any, Callable[..., Any]] = {
    _aten.remainder.Tensor: _remainder,
    _aten.remainder.Scalar: _remainder,
    _aten.remainder.Scalar_Tensor: _remainder,
    _aten.floor_divide.default: _floor_divided,
    _aten.floor_divide.Scalar: _floor_divided,
    _aten.div.Tensor_mode: _divided,
    _aten.div.Scalar_mode: _divided,
}
