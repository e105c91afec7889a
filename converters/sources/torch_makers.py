"""What may build a torch module: the Python beside its weights, imported, and its candidates."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from converters.errors import Refused
from converters.quoting import quoted
from converters.static.module_code import ModuleCode, no_definition


@dataclass(frozen=True)
class Maker:
    """What builds a module without arguments, and what people call it."""

    name: str
    file: str
    make: Callable[[], Any]


@contextmanager
def importable(codes: list[ModuleCode], roots: list[Path]) -> Iterator[None]:
    """The folders of the code at the head of sys.path: its files may import each other."""
    places = [str(place) for place in roots or [codes[0].path.parent]]
    sys.path[:0] = places
    try:
        yield
    finally:
        for place in places:
            if place in sys.path:
                sys.path.remove(place)


def makers(codes: list[ModuleCode], path: Path) -> list[Maker]:
    """What may build the module: the one function, else the classes.

    Raises:
        Refused: `module_code`, and what importing the files refuses.
    """
    builders = [(code, name) for code in codes for name in code.builders]
    if len(builders) > 1:
        told = ", ".join(f"{name} in {code.path.name}" for code, name in builders)
        raise Refused("module_code", f"Several functions build a module ({told}); leave one.")
    for code, name in builders:
        function = getattr(_imported(code), name)
        return [Maker(f"{name}()", code.path.name, function)]
    made: list[Maker] = []
    failed: list[Refused] = []
    for code in codes:
        if not code.classes:
            continue
        try:
            made += _classes(code)
        except Refused as refusal:
            failed.append(refusal)  # a script that was logged beside the module's file, perhaps
    if made:
        return made
    if failed:
        raise failed[0]
    raise Refused("module_code", no_definition(path, codes))


def _classes(code: ModuleCode) -> list[Maker]:
    import torch

    module = _imported(code)
    made = []
    for name in code.classes:
        found = getattr(module, name, None)
        if isinstance(found, type) and issubclass(found, torch.nn.Module) and _bare(found):
            made.append(Maker(f"{name}()", code.path.name, found))
    return made


def _bare(made: type) -> bool:
    try:
        inspect.signature(made).bind()
    except (TypeError, ValueError):
        return False
    return True


def _imported(code: ModuleCode) -> ModuleType:
    """The file as a module: a package's under its own name, any other under one of ours."""
    with running(code.path.name):
        if (code.path.parent / "__init__.py").is_file():
            return importlib.import_module(_dotted(code.path))
        name = f"crossport_code_{re.sub(r'[^0-9A-Za-z_]', '_', code.path.stem)}"
        spec = importlib.util.spec_from_file_location(name, code.path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{code.path.name} is no Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # torch.jit.script looks for the source of a class there
        spec.loader.exec_module(module)
        return module


def _dotted(path: Path) -> str:
    parts = [] if path.name == "__init__.py" else [path.stem]
    place = path.parent
    while (place / "__init__.py").is_file():
        parts.insert(0, place.name)
        place = place.parent
    return ".".join(parts)


@contextmanager
def running(what: str) -> Iterator[None]:
    """Turn what the owner's code raises into a refusal."""
    try:
        yield
    except (Refused, MemoryError):
        raise
    except ModuleNotFoundError as error:
        raise Refused(
            "module_missing",
            f"{what} imports {error.name!r}, which is not installed here; put that module's files "
            "beside it, or log the module as TorchScript or .pt2.",
        ) from error
    except (Exception, SystemExit) as error:
        # Foreign code: what it raises is its own affair.
        said = quoted(error)
        raise Refused(
            "module_code",
            f"The Python that builds the module ({what}) raises {type(error).__name__} ({said}); "
            "let it build the module without arguments, files or a network.",
        ) from error
