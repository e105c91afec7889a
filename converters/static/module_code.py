"""Python that defines a torch module for weights saved without one: found by its text, never run.

A file defines the module by a function `build_model` or `get_model`, or by one class; both have to
do without arguments. It lies beside the weights, under their name or as `model.py`, or was logged
with the model (MLflow's `code_paths` or `extra_files`).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converters.quoting import quoted
from converters.static import kinds
from converters.static.errors import Unreadable
from converters.static.finding import Finding

# What MLflow's flavor calls the model's file, and what log_state_dict calls its.
FILES = ("model.pth", "model.pt2", "model.pt", "state_dict.pth")
BUILDERS = ("build_model", "get_model")
BESIDE = "model.py"
EXTRA_FILES = "extra_files"
MOST_BYTES = 4 << 20
MOST_FILES = 500
MOST_NAMED = 3
HOW = (
    "Put the Python that defines its module beside it, under its name or as model.py, or log it in "
    "code_paths: build_model(), or one class of torch.nn.Module, either without arguments. Or call "
    "load_state_dict and log the module itself with mlflow.pytorch.log_model."
)
# What classes inherit from that are surely no modules.
NO_MODULES = frozenset({"object", "Exception", "Enum", "StrEnum", "NamedTuple", "TypedDict", "ABC"})


@dataclass(frozen=True)
class ModuleCode:
    """What one file defines.

    builders: functions of BUILDERS' names that can be called without arguments.
    classes: classes that may be modules and that can be made without arguments.
    wanting: the same, which want arguments.
    """

    path: Path
    builders: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    wanting: tuple[str, ...] = ()

    @property
    def defines(self) -> bool:
        """Whether a module may be built by it."""
        return bool(self.builders or self.classes)


def weights_file(folder: Path, config: Mapping[str, Any]) -> Path | None:
    """The file of a pytorch flavor's model, inside the folder; None where there is none."""
    data = str(config.get("model_data") or "data")
    plain = config.get("model_file")
    names = [str(plain)] if plain else [f"{data}/{name}" for name in FILES]
    for name in names:
        path = folder / name
        if path.resolve().is_relative_to(folder.resolve()) and path.is_file():
            return path
    return None


def findings(folder: Path, config: Mapping[str, Any]) -> list[Finding]:
    """What is in the way of a pytorch flavor's state dict; nothing for other files of it.

    Raises:
        Unreadable: the file itself cannot be read.
    """
    weights = weights_file(folder, config)
    if weights is None or kinds.identify(weights).name != "state-dict":
        return []
    try:
        codes = found(folder, config, weights)
    except Unreadable as error:
        return [Finding("module_code", f"The weights' Python cannot be read: {error}.")]
    if not codes:
        return [Finding("state_dict", no_code(weights))]
    if any(code.defines for code in codes):
        return []
    return [Finding("module_code", no_definition(weights, codes))]


def no_code(weights: Path) -> str:
    """The sentence for weights that no Python goes with."""
    return f"{weights.name} holds weights only (a state dict), which no code goes with. {HOW}"


def no_definition(weights: Path, codes: list[ModuleCode]) -> str:
    """The sentence for weights whose Python builds no module."""
    files = listed(sorted({code.path.name for code in codes}))
    wanting = [name for code in codes for name in code.wanting]
    but = f"; {listed(wanting)} cannot be made without arguments" if wanting else ""
    return (
        f"The Python that goes with {weights.name} ({files}) defines neither build_model() nor a "
        f"class of torch.nn.Module that is made without arguments{but}. Add a function "
        "build_model() that returns the module."
    )


def listed(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def found(folder: Path, config: Mapping[str, Any], weights: Path) -> list[ModuleCode]:
    """What the Python that goes with these weights defines.

    Of the files beside the weights the first that defines a module; where there is none, every
    file that was logged with the model. Empty where there is no Python at all.

    Raises:
        Unreadable: a file is no Python, or there are more than 500.
    """
    places = [weights.with_name(name) for name in dict.fromkeys((f"{weights.stem}.py", BESIDE))]
    beside = [read(path) for path in places if path.is_file() and not path.is_symlink()]
    if beside:
        return next(([one] for one in beside if one.defines), beside)
    return [read(path) for path in _logged(folder, config)]


def roots(folder: Path, config: Mapping[str, Any]) -> list[Path]:
    """The folders of the Python that was logged with the model, inside the model's own."""
    named = config.get("code")
    told = [named, EXTRA_FILES] if isinstance(named, str) and named else [EXTRA_FILES]
    places = [(folder / name).resolve() for name in told]
    return [one for one in places if one.is_relative_to(folder.resolve()) and one.is_dir()]


def _logged(folder: Path, config: Mapping[str, Any]) -> list[Path]:
    files = [
        path
        for root in roots(folder, config)
        for path in sorted(root.rglob("*.py"))
        if path.is_file() and not path.is_symlink()
    ]
    if len(files) > MOST_FILES:
        raise Unreadable(f"{len(files)} Python files go with it, {MOST_FILES} at most are read")
    return files


def read(path: Path) -> ModuleCode:
    """What one Python file defines at its top level.

    Raises:
        Unreadable: it is no Python, or larger than 4 MB.
    """
    if path.stat().st_size > MOST_BYTES:
        raise Unreadable(f"{path.name} is larger than {MOST_BYTES >> 20} MB")
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Unreadable(f"{path.name} is no Python ({quoted(error, 120)})") from error
    functions = [one for one in tree.body if isinstance(one, ast.FunctionDef)]
    classes = [one for one in tree.body if isinstance(one, ast.ClassDef) and _may_be_module(one)]
    wanting = {one.name for one in classes if _wants(one)}
    return ModuleCode(
        path,
        tuple(one.name for one in functions if one.name in BUILDERS and not _required(one.args)),
        tuple(one.name for one in classes if one.name not in wanting),
        tuple(sorted(wanting)),
    )


def _may_be_module(told: ast.ClassDef) -> bool:
    """Whether a class inherits from anything that may be a module."""
    bases = {ast.unparse(base).rpartition(".")[2].partition("[")[0] for base in told.bases}
    return bool(bases - NO_MODULES)


def _wants(told: ast.ClassDef) -> bool:
    """Whether the class's own constructor wants arguments; an inherited one is not known here."""
    own = (one for one in told.body if isinstance(one, ast.FunctionDef) and one.name == "__init__")
    return any(_required(one.args, bound=1) for one in own)


def _required(arguments: ast.arguments, bound: int = 0) -> bool:
    by_place = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults) - bound
    return by_place > 0 or any(default is None for default in arguments.kw_defaults)
