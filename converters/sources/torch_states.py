"""Builds the module that a state dict belongs to, by the Python that goes with the weights."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from converters.errors import Refused
from converters.quoting import quoted
from converters.sources import torch_files
from converters.sources.torch_makers import Maker, importable, makers, running
from converters.static import module_code
from converters.static.errors import Unreadable
from converters.static.module_code import listed

# What wrappers for training put before every key.
PREFIXES = ("module.", "_orig_mod.")
EXTRA_STATE = "_extra_state"


@dataclass
class _Misfit:
    """How weights do not fit a module: keys, and keys of another shape."""

    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.missing) + len(self.unexpected) + len(self.shapes)

    @property
    def sentence(self) -> str:
        parts = (
            ("missing", self.missing),
            ("unexpected", self.unexpected),
            ("of another shape", self.shapes),
        )
        return "; ".join(f"{what}: {listed(keys)}" for what, keys in parts if keys)


def weights_in(path: Path) -> tuple[dict[str, Any], str] | None:
    """The state dict in a file, and the key of the checkpoint that holds it ("" for none).

    Read by PyTorch's reader that runs no code. None where the file holds anything but a mapping:
    whoever reads the rest of the formats tells what it is.

    Raises:
        Refused: `model_unreadable`; `state_dict` for a mapping without weights, or several.
    """
    import torch

    with torch_files.reading(path):
        torch_files.check_sums(path)
    if path.suffix == ".pt2" or torch_files.is_torchscript(path):
        return None
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception:
        # Whatever this reader does not take, the one for whole modules takes or names.
        return None
    return _weights(loaded, path) if isinstance(loaded, Mapping) else None


def module_for(
    weights: Mapping[str, Any], folder: Path, config: Mapping[str, Any], path: Path
) -> tuple[Any, list[str]]:
    """The module that takes these weights, with them in it, and what its owner should know.

    Raises:
        Refused: `state_dict` where no Python goes with the weights; `module_code` where it does
            not tell which module, or does not build it; `state_dict_keys` where the weights are
            another module's; `module_random`, `module_missing`.
    """
    try:
        codes = module_code.found(folder, config, path)
    except Unreadable as error:
        raise Refused("module_code", f"The weights' Python cannot be read: {error}.") from error
    if not codes:
        raise Refused("state_dict", module_code.no_code(path))
    with importable(codes, module_code.roots(folder, config)):
        maker, module, fitting = _chosen(makers(codes, path), weights, path)
        _load(module, fitting, path)
        _check_settled(maker, module, fitting)
    notes = [
        f"The module is what {maker.name} of {maker.file} builds without arguments, with the "
        f"weights of {path.name} in it: settings that it was trained with and that are no weights "
        "must be its defaults."
    ]
    return module, [*notes, *_rounded(module, fitting)]


def _weights(loaded: Mapping[Any, Any], path: Path) -> tuple[dict[str, Any], str]:
    if _is_state(loaded):
        return dict(loaded), ""
    inside = {str(k): v for k, v in loaded.items() if isinstance(v, Mapping) and _is_state(v)}
    if len(inside) == 1:
        key, state = next(iter(inside.items()))
        return dict(state), key
    what = f"several ({listed(list(inside))})" if inside else "none"
    raise Refused(
        "state_dict",
        f"{path.name} holds a mapping in which one state dict was looked for, and {what} found; "
        "save torch.save(model.state_dict(), path) alone.",
    )


def _is_state(state: Mapping[Any, Any]) -> bool:
    import torch

    tensors = [isinstance(value, torch.Tensor) for value in state.values()]
    rest = (str(k).endswith(EXTRA_STATE) for k, t in zip(state, tensors, strict=True) if not t)
    return all(isinstance(key, str) for key in state) and any(tensors) and all(rest)


def _chosen(
    candidates: list[Maker], weights: Mapping[str, Any], path: Path
) -> tuple[Maker, Any, dict[str, Any]]:
    """The one maker whose module takes the weights, its module, and the weights as it takes them.

    Raises:
        Refused: `state_dict_keys`, `module_code`.
    """
    fitting, nearest, failed = [], None, None
    for maker in candidates:
        try:
            module = _built(maker, 1)
        except Refused as refusal:
            failed = refusal
            continue
        state, misfit = _fitted(module, weights)
        if not misfit.size:
            fitting.append((maker, module, state))
        elif nearest is None or misfit.size < nearest[1].size:
            nearest = (maker, misfit)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(f"{maker.name} of {maker.file}" for maker, _, _ in fitting)
        raise Refused(
            "module_code",
            f"Several classes take the weights of {path.name} ({names}), and nothing tells which "
            "one they are of; add a function build_model() that returns the module.",
        )
    if nearest is None:
        raise failed or Refused("module_code", "The Python builds no module.")
    maker, misfit = nearest
    raise Refused(
        "state_dict_keys",
        f"The weights of {path.name} are not those of {maker.name} in {maker.file} "
        f"({misfit.sentence}); put the Python beside them that they were trained with.",
    )


def _built(maker: Maker, seed: int) -> Any:
    """A module as the maker builds it, whatever random numbers it draws."""
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    with running(maker.file):
        made = torch_files.checked_module(maker.make(), Path(maker.file))
        made.eval()
    return made


def _fitted(module: Any, weights: Mapping[str, Any]) -> tuple[dict[str, Any], _Misfit]:
    """The weights by the module's own keys, and how they do not fit."""
    own = dict(weights)
    misfit = _misfit(module, own)
    for prefix in PREFIXES:
        if misfit.size and all(key.startswith(prefix) for key in own):
            bare = {key.removeprefix(prefix): value for key, value in own.items()}
            if not _misfit(module, bare).size:
                return bare, _Misfit()
    return own, misfit


def _misfit(module: Any, weights: Mapping[str, Any]) -> _Misfit:
    from torch.nn.parameter import is_lazy

    wanted = module.state_dict()
    return _Misfit(
        [key for key in wanted if key not in weights],
        [key for key in weights if key not in wanted],
        [
            f"{key} {list(weights[key].shape)} for {list(value.shape)}"
            for key, value in wanted.items()
            if key in weights
            and hasattr(value, "shape")
            and not is_lazy(value)
            and getattr(weights[key], "shape", None) != value.shape
        ],
    )


def _load(module: Any, weights: Mapping[str, Any], path: Path) -> None:
    try:
        module.load_state_dict(weights, strict=True)
    except (RuntimeError, TypeError, ValueError) as error:
        said = quoted(error, 300)
        raise Refused(
            "state_dict_keys", f"The module does not take the weights of {path.name}: {said}."
        ) from error


def _check_settled(maker: Maker, module: Any, weights: Mapping[str, Any]) -> None:
    """See that all that the module answers by is in the weights or in the code.

    Raises:
        Refused: `module_random` where two modules of one maker differ with the same weights in.
    """
    other = _built(maker, 2)
    other.load_state_dict(weights, strict=True)
    theirs = dict(other.named_modules())
    for place, part in module.named_modules():
        second = theirs.get(place)
        for name, value in _own(part).items():
            if second is None or not _same(value, _own(second).get(name)):
                raise Refused(
                    "module_random",
                    f"The code draws {'.'.join(filter(None, (place, name)))} at random each time "
                    f"that {maker.name} builds the module, and the weights do not hold it; make it "
                    "a buffer (register_buffer) and save the trained module's weights again.",
                )


def _own(part: Any) -> dict[str, Any]:
    """What a module keeps beside its parts: plain attributes, parameters and buffers."""
    plain = {name: value for name, value in vars(part).items() if not name.startswith("_")}
    return {**plain, **part._parameters, **part._buffers}


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same as far as they are numbers; all else is taken to be."""
    import torch

    if isinstance(one, torch.Tensor):
        alike = isinstance(other, torch.Tensor) and one.shape == other.shape
        return alike and torch.equal(torch.nan_to_num(one), torch.nan_to_num(other))
    if isinstance(one, np.ndarray) and one.dtype.kind in "biuf":
        return isinstance(other, np.ndarray) and np.array_equal(one, other)
    if isinstance(one, bool | int | float):
        return bool(one == other or one != one)
    if isinstance(one, list | tuple):
        alike = isinstance(other, list | tuple) and len(one) == len(other)
        return alike and all(map(_same, one, other))
    if isinstance(one, dict):
        return isinstance(other, dict) and all(_same(v, other.get(k)) for k, v in one.items())
    return True


def _rounded(module: Any, weights: Mapping[str, Any]) -> list[str]:
    """What to know where the module is of another precision than its weights."""
    kinds = {
        (str(weights[key].dtype), str(value.dtype))
        for key, value in module.state_dict().items()
        if hasattr(value, "dtype") and weights[key].dtype != value.dtype
    }
    return [
        f"Weights of {given} were loaded into a module of {own}, as load_state_dict does."
        for given, own in sorted(kinds)
    ]
