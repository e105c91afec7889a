"""Whether a wrapper's `predict` only hands on what the model inside it answers.

A rule of the owner's own may hold for few rows (one country, one customer), and sampled rows need
not meet them. So the wrapper's code is read, not only tried: what chooses by the data is not proven
by answers that happen to be equal. Read is what the wrapper names, and whatever of the owner's ran
while it was asked, however it was reached.
"""

from __future__ import annotations

import dis
import functools
import inspect
import itertools
import re
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType, FunctionType, MethodType
from typing import Any

import numpy as np

from converters.sources.parts import module, parts
from converters.sources.patched import METHODS

# Operations by which code chooses, and what a sentence calls them. Names of CPython 3.11 to 3.13.
CHOOSING = {
    "COMPARE_OP": "compares values",
    "CONTAINS_OP": "looks values up",
    "UNARY_NEGATIVE": "computes with `-`",
    "UNARY_NOT": "turns conditions round",
    "UNARY_INVERT": "turns conditions round",
    "STORE_SUBSCR": "changes single values",
    "DELETE_SUBSCR": "drops single values",
    "STORE_ATTR": "keeps a state of its own",
    "STORE_GLOBAL": "keeps a state of its own",
    "CHECK_EXC_MATCH": "answers otherwise where the model raises",
    "MATCH_CLASS": "compares values",
    "MATCH_KEYS": "compares values",
    "YIELD_VALUE": "answers in pieces",
}
# With a number that the code spells out, all rows are treated alike: such an answer is left out.
BY_NUMBER = {"+", "-", "*", "/", "+=", "-=", "*=", "/="}
# What may be called or read: nothing in it chooses rows by their values.
HARMLESS = frozenset(
    {
        *METHODS,
        *("DataFrame", "Series", "concat", "array", "asarray", "ascontiguousarray", "column_stack"),
        *("hstack", "vstack", "stack", "concatenate", "float32", "float64", "int64"),
        *("astype", "to_numpy", "to_frame", "tolist", "to_list", "copy", "reshape", "ravel"),
        *("flatten", "squeeze", "values", "columns", "index", "shape", "iloc", "loc", "T", "dtype"),
        *(
            "rename",
            "reindex",
            "drop",
            "set_axis",
            "reset_index",
            "add_prefix",
            "add_suffix",
            "items",
        ),
        *("list", "tuple", "dict", "str", "float", "int", "len", "isinstance", "hasattr"),
        *("super", "print", "info", "debug", "warning", "getLogger", "logging", "warnings"),
        *("catch_warnings", "simplefilter", "filterwarnings", "numpy", "np", "pandas", "pd"),
        *(
            "zip",
            "enumerate",
            "range",
            "join",
            "ndarray",
            "mlflow",
            "pyfunc",
            "unwrap_python_model",
            "get_raw_model",
            "set_output",
        ),
    }
)
# Types of numbers into which greater ones do not go: they are wrapped around, or cut off.
NARROW = re.compile(
    r"u?int(8|16|32)?_?|uint64|u?intc|u?intp|u?byte|u?short|bool_?|float16|half|[<>=|]?[iub][124]|f2"
)
# Python's own questions about what an argument is, not about what it holds.
ABOUT_TYPES = {"isinstance", "hasattr"}
# Arguments of `predict` that hold no rows.
NO_DATA = ("params", "context")
HERE = str(Path(__file__).parents[1])
JUMPS = (
    *("POP_JUMP_IF_TRUE", "POP_JUMP_IF_FALSE", "POP_JUMP_FORWARD_IF", "POP_JUMP_BACKWARD_IF"),
    *("JUMP_IF_TRUE_OR_POP", "JUMP_IF_FALSE_OR_POP"),
)
# What Python calls of an object where it is made, kept, shown or done with.
NOT_ANSWERING = frozenset(
    {
        *("__init__", "__new__", "__post_init__", "__init_subclass__", "__del__", "__repr__"),
        *("__str__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__copy__"),
        *("__deepcopy__", "__eq__", "__hash__", "__sklearn_tags__", "__sklearn_clone__"),
        *("__enter__", "__exit__", "__setattr__", "__delattr__", "__dir__", "__format__"),
    }
)
# Packages whose code is not read: what a wrapper may use of them is told by name.
TRUSTED = {"mlflow", "sklearn", "xgboost", "lightgbm", "catboost", "numpy", "pandas", "scipy"}
DEEPEST = 4
# Of FORMAT_VALUE: with a specification, such as `:.3`, and not the value as it is.
FORMATTED = 4


def reason(wrapper: Any) -> str:
    """What a wrapper does besides handing on, as a verb's phrase; empty where nothing was found.

    Looked through are the answering methods of the wrapper and of every object of the owner's own
    inside it, and each function and property of the owner's that these use.
    """
    for part in _own_parts(wrapper):
        reader = _Reader(part)
        for name in [*METHODS, *_special(type(part))]:
            replaced = getattr(part, "__dict__", {}).get(name)
            method = replaced if replaced is not None else getattr(type(part), name, None)
            if method is not None and (found := reader.of(method)):
                return found
        if len(reader.asked) > 1:
            # What one does before or after the other is no part of the model that is converted.
            names = " and ".join(f"`{name}`" for name in reader.asked.values())
            return f"works with {names} together"
    return ""


def watched(ask: Callable[[], Any]) -> tuple[Any, str]:
    """What `ask` gives, and what the owner's functions that ran meanwhile do, as `reason` says it.

    Functions are found where they run: behind `super()`, in defaults, in what modules or classes
    hold, and at any depth.
    """
    ran: dict[CodeType, tuple[dict[str, Any], Any]] = {}

    def note(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code not in ran and not _of_library(code, frame.f_globals):
            names = {**frame.f_globals, **{n: frame.f_locals.get(n) for n in code.co_freevars}}
            ran[code] = names, frame.f_locals.get("self")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        given = ask()
    finally:
        sys.setprofile(before)
    for code, (names, part) in ran.items():
        if found := _Reader(part).of_code(code, names):
            return given, found
    return given, ""


def _of_library(code: CodeType, names: dict[str, Any]) -> bool:
    """Whether a function is of a module that is installed here, and not the owner's own."""
    if code.co_filename.startswith("<frozen "):
        return True  # a part of the interpreter itself
    if str(names.get("__name__")).partition(".")[0] == "mlflow":
        return True  # its decorators are pickled with what they wrap
    known = sys.modules.get(str(names.get("__name__")))
    if known is None or vars(known) is not names:
        return False  # unpickled by value, whatever it was called where it was written
    place = str(getattr(known, "__file__", None) or sysconfig.get_paths()["stdlib"])
    return place.startswith(tuple(sysconfig.get_paths().values())) or place.startswith(HERE)


def _special(kind: type) -> list[str]:
    """Methods of the owner's that Python itself calls, such as `__call__` and `__getattr__`."""
    own = [base for base in kind.__mro__ if _own(module(base))]
    return [
        name
        for base in own
        for name, member in vars(base).items()
        if name.startswith("__") and isinstance(member, FunctionType) and name not in NOT_ANSWERING
    ]


def _own_parts(wrapper: Any) -> Iterator[Any]:
    """The wrapper, and what it holds of classes that are neither MLflow's nor a model library's."""
    inside = parts(wrapper, _entered, DEEPEST)
    return (part for part in inside if _own(module(type(part))))


def _entered(part: Any) -> bool:
    """Not a model, nor what a library made of it."""
    name = module(type(part))
    return _own(name) or name.partition(".")[0] in ("mlflow", "builtins")


def _own(module: str) -> bool:
    """Whether a module is the owner's, and not Python's own or one of the trusted packages'."""
    top = module.partition(".")[0]
    return top == "__main__" or (top not in TRUSTED and top not in sys.stdlib_module_names)


class _Reader:
    """Reads the functions of one object, each once.

    asked: names of the libraries' objects that the code names and that answer rows, by their id.
    """

    def __init__(self, part: Any) -> None:
        self._part = part
        self.asked: dict[int, str] = {}
        self._read: set[int] = set()

    def of(self, function: Any) -> str:
        """What this function, or one that it uses, does besides handing on."""
        plain = _plain(function)
        if plain is None:
            return f"is a {type(function).__name__} that cannot be read"
        if id(plain) in self._read:
            return ""
        self._read.add(id(plain))
        names = {**plain.__globals__, **_closure(plain)}
        if str(plain.__globals__.get("__name__")).partition(".")[0] == "mlflow":
            # MLflow's own decorators check types and hand on to what they wrap.
            wrapped = [one for one in _closure(plain).values() if _plain(one) is not None]
            return next(filter(None, map(self.of, wrapped)), "")
        return self.of_code(plain.__code__, names)

    def of_code(self, code: CodeType, names: dict[str, Any]) -> str:
        """What a function's code does, with what its names stand for."""
        if found := _chooses(code) or _narrows(code, names, getattr(self._part, "__dict__", {})):
            return found
        inner = [one for one in code.co_consts if isinstance(one, CodeType)]
        for name in [*code.co_names, *code.co_freevars]:
            inner_only = name in code.co_freevars and name not in names
            if not inner_only and (found := self._of_name(name, names)):
                return found
        # What an inner function takes from here is a variable of this one.
        return next(filter(None, (self.of_code(one, names) for one in inner)), "")

    def _of_name(self, name: str, names: dict[str, Any]) -> str:
        member = inspect.getattr_static(type(self._part), name, None)
        if isinstance(member, property):
            return self.of(member.fget)
        if isinstance(member, staticmethod | classmethod):
            return self.of(member.__func__)
        if isinstance(member, FunctionType):
            return self.of(member)
        if _own(module(type(member))) and hasattr(type(member), "__get__"):
            return self.of(type(member).__get__)
        value = names.get(name)
        if _plain(value) is not None and _own(str(value.__module__)):
            return self.of(value)
        kept = getattr(self._part, "__dict__", {})
        if name in kept:
            return self._of_value(name, kept[name])
        if member is not None and not callable(member) and _own(module(type(self._part))):
            return self._of_value(name, member)
        if name in HARMLESS:
            return ""
        if name in names:
            return f"calls `{name}`" if callable(value) else self._of_value(name, value)
        learned = name.endswith("_") and not name.startswith("_")  # scikit-learn's own names do
        return "" if learned else f"uses `{name}`"

    def _of_value(self, name: str, value: Any) -> str:
        """What may be read: one model, words and numbers; in a table, answers can be looked up."""
        if isinstance(value, np.ndarray) or module(type(value)).partition(".")[0] == "pandas":
            return f"looks values up in `{name}`"
        if isinstance(value, dict) and not all(isinstance(key, str) for key in value):
            return f"looks values up in `{name}`"
        inner = list(value.values()) if isinstance(value, dict) else value
        if isinstance(inner, list | tuple):
            plain = [isinstance(one, int | float) for one in inner]
            if any(plain) and len(inner) > 1:
                return f"looks values up in `{name}`"
        for one in parts(value, lambda one: _entered(one) and not _answers(one), DEEPEST):
            if _answers(one):
                self.asked[id(one)] = name
            elif found := self._of_callable(name, one):
                return found
        return ""

    def _of_callable(self, name: str, value: Any) -> str:
        """What a function does that an object holds, whichever way it is wrapped."""
        if isinstance(value, functools.partial):
            return self._of_value(name, [value.func, *value.args, *value.keywords.values()])
        if (plain := _plain(value)) is not None:
            return self.of(plain) if _own(str(plain.__module__)) else f"calls `{name}`"
        # An object of the owner's own is read where all such objects are.
        return f"calls `{name}`" if callable(value) and not _own(module(type(value))) else ""


def _answers(value: Any) -> bool:
    """Whether a library's object answers rows: a model, or a step of one."""
    if _own(module(type(value))):
        return False
    return any(callable(getattr(value, name, None)) for name in METHODS)


def _plain(function: Any) -> FunctionType | None:
    if isinstance(function, MethodType):
        function = function.__func__
    return function if isinstance(function, FunctionType) else None


def _closure(function: FunctionType) -> dict[str, Any]:
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue  # an empty cell: `super()` of a class that is still being made
    return found


def _chooses(code: CodeType) -> str:
    """The first operation of a function by which it could tell rows apart."""
    asked, line = "", None
    steps = list(dis.get_instructions(code))
    table = _holds_numbers(code, steps)
    loops = {step.opname for step in steps} >= {"FOR_ITER", "BINARY_SUBSCR"}
    for before, step in zip([None, *steps], steps, strict=False):
        if (at := step.positions and step.positions.lineno) != line:
            asked, line = "", at
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and asked not in ABOUT_TYPES:
            asked = str(step.argval)
        if step.opname == "FOR_ITER" and loops:
            return f"goes through values in a loop{_line(step, code)}"
        if _looks_up(step, before, table):
            return f"looks values up{_line(step, code)}"
        if found := CHOOSING.get(step.opname) or _of_texts(step):
            return f"{found}{_line(step, code)}"
        if step.opname == "BINARY_OP" and not (
            step.argrepr == "[]" or (step.argrepr in BY_NUMBER and _is_number(before))
        ):
            # Arithmetic can tell rows apart too: nothing to the power of nothing is one.
            return f"computes with `{step.argrepr}`{_line(step, code)}"
        if step.opname.startswith(JUMPS) and not _harmless(step, before, asked):
            return f"chooses by a condition{_line(step, code)}"
    return ""


def _of_texts(step: dis.Instruction) -> str:
    """What a step does with texts: pandas' `.str`, and numbers of letters in an f-string."""
    if step.opname == "FORMAT_VALUE" and int(step.arg or 0) & FORMATTED:
        return "cuts texts"
    by_name = step.opname in ("LOAD_ATTR", "LOAD_METHOD") and step.argval == "str"
    return "computes with texts" if by_name else ""


def _harmless(step: dis.Instruction, before: dis.Instruction | None, asked: str) -> bool:
    """Whether a condition asks what an argument is, or for parameters, and not about the data."""
    if "NONE" in step.opname or before is None:
        return "NONE" in step.opname
    if before.opname.startswith("CALL"):
        return asked in ABOUT_TYPES
    return before.opname == "IS_OP" or before.argval in NO_DATA


def _looks_up(step: dis.Instruction, before: dis.Instruction | None, table: bool) -> bool:
    """Whether a step takes a value by another one; keys all spelled out have their own step."""
    by_variable = before is not None and before.opname.startswith("LOAD_FAST")
    if table and by_variable and step.opname == "BINARY_SUBSCR":
        return True
    return step.opname == "BUILD_MAP" and int(step.argval) > 1


def _narrows(code: CodeType, names: dict[str, Any], kept: dict[str, Any]) -> str:
    """Whether a function that gives numbers another type names one that does not hold them all."""
    used = set(code.co_names)
    if not used & {"astype", "array", "asarray", "ascontiguousarray"}:
        return ""
    # Python's `int` holds what a long does; `bool` would make all but nothing true.
    spelt = {name for name in used - {"int"} if NARROW.fullmatch(name)}
    told = [*code.co_consts, *(kept.get(name, names.get(name)) for name in used)]
    for one in told:
        if isinstance(one, str) and one != "int" and NARROW.fullmatch(one):
            spelt.add(one)
        elif isinstance(one, np.dtype) and NARROW.fullmatch(one.name):
            spelt.add(one.name)
    return f"makes numbers `{min(spelt)}`" if spelt else ""


def _holds_numbers(code: CodeType, steps: list[dis.Instruction]) -> bool:
    """Whether a function spells out several numbers, among which a row's could be looked up."""
    if any(isinstance(one, tuple) and _numbers(one) > 1 for one in code.co_consts):
        return True
    return any(
        step.opname == "BUILD_LIST" and step.argval > 1 and _is_number(before)
        for before, step in itertools.pairwise(steps)
    )


def _is_number(step: dis.Instruction | None) -> bool:
    """Whether a step loads a number that the code spells out."""
    return step is not None and step.opname == "LOAD_CONST" and _numbers((step.argval,)) == 1


def _numbers(values: tuple[Any, ...]) -> int:
    return sum(isinstance(one, int | float) and not isinstance(one, bool) for one in values)


def _line(step: dis.Instruction, code: CodeType) -> str:
    positions = step.positions
    if positions is None or positions.lineno is None:
        return ""
    return f" in line {positions.lineno} of {Path(code.co_filename).name}"
