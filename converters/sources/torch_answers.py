"""What a PyTorch module answers, as named arrays; the same for the original and its converted file.

Imports torch only where it is called, and nothing that reads pickles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import Refused

# Torch's dtypes that answers do not have, and what holds them without loss.
WIDENED = {"float16": "float32", "bfloat16": "float32", "int8": "int32", "int16": "int32"}
WIDENED |= {"uint8": "int32", "uint16": "int32", "uint32": "int64"}


def flattened(answer: Any, name: str = "output") -> dict[str, Any]:
    """A module's answer as tensors by name: `output`, `output_1` …, or the names of its keys.

    Raises:
        Refused: `output_type` for anything but tensors in tuples, lists and mappings.
    """
    import torch

    if isinstance(answer, torch.Tensor):
        return {name: answer}
    if answer is None:
        return {}
    if isinstance(answer, Mapping):
        named = {str(key): value for key, value in answer.items()}
    elif hasattr(answer, "_asdict"):
        named = answer._asdict()
    elif isinstance(answer, tuple | list):
        named = {name if not i else f"{name}_{i}": value for i, value in enumerate(answer)}
    else:
        raise Refused(
            "output_type",
            f"The module answers with a {type(answer).__name__}, which no converted file can give; "
            "let forward return tensors, alone, in a tuple or in a dict.",
        )
    found: dict[str, Any] = {}
    for key, value in named.items():
        for inner, tensor in flattened(value, key).items():
            found[inner if inner not in found else f"{key}_{inner}"] = tensor
    return found


def as_array(tensor: Any) -> npt.NDArray[Any]:
    """A tensor as numpy has it, half precision widened."""
    wide = WIDENED.get(str(tensor.dtype).removeprefix("torch."))
    if wide is not None:
        import torch

        tensor = tensor.to(getattr(torch, wide))
    return np.asarray(tensor.detach().cpu().resolve_conj().resolve_neg().numpy())
