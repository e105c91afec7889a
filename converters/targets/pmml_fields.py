"""How a PMML document of ours names its fields; standard library only, for judge and Java alike."""

from __future__ import annotations


def probability_field(value: str | int | float | bool) -> str:
    """The name under which JPMML gives the probability of one class, as sklearn2pmml writes it."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"probability({text})"


def tensor_fields(width: int) -> list[str]:
    """The fields of a tensor signature: x1 … xk, as PMML has no tensors."""
    return [f"x{i + 1}" for i in range(width)]
