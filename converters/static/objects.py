"""Which object of a pickle holds what under which attribute: its opcodes followed, nothing built.

A pickle is a program for a machine with a stack and a memo. It is run here on stand-ins: a name
instead of what it would import, an object that nobody makes instead of what a call would return.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

STRINGS = frozenset(
    {"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "STRING", "BINSTRING"}
) | {"SHORT_BINSTRING"}
INTEGERS = frozenset({"BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4"})
PUTS = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
GETS = frozenset({"GET", "BINGET", "LONG_BINGET"})
PLAIN = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
# Calls that make an object of the class that they are given first.
REBUILDERS = frozenset({"_reconstructor", "__newobj__", "__newobj_ex__"})
REBUILDING = frozenset({"copyreg", "copy_reg"})
MARK: Any = object()


@dataclass(frozen=True)
class Named:
    """What a pickle would import: `module.name`."""

    name: str


@dataclass(eq=False)
class Table:
    """A dictionary."""

    items: list[tuple[Any, Any]] = field(default_factory=list)


@dataclass(eq=False)
class Made:
    """What a call would return: of `kind`, a Named or another Made, with the states set on it."""

    kind: Any
    arguments: tuple[Any, ...] = ()
    states: list[Any] = field(default_factory=list)

    def attributes(self) -> Iterator[tuple[str, Any]]:
        """(name, value) as its states set them, slots included."""
        for state in self.states:
            for one in state if isinstance(state, tuple) else (state,):
                if isinstance(one, Table):
                    yield from ((key, value) for key, value in one.items if isinstance(key, str))


class Machine:
    """A pickle's stack and memo; what is not followed stands as None.

    Its containers are lists, tuples and Tables; texts, numbers and constants are themselves.

    Attributes:
        root: what the whole pickle stands for, None until its last opcode.
    """

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.root: Any = None
        self.calls: dict[str, Callable[[], None]] = {
            "STACK_GLOBAL": self._global,
            "MARK": lambda: self.stack.append(MARK),
            "POP": lambda: self._discard(),
            "POP_MARK": lambda: self._discard_marked(),
            "DUP": lambda: self.stack.append(self.stack[-1]),
            "EMPTY_TUPLE": lambda: self.stack.append(()),
            "TUPLE": lambda: self.stack.append(tuple(self._marked())),
            "TUPLE1": lambda: self.stack.append(tuple(self._taken(1))),
            "TUPLE2": lambda: self.stack.append(tuple(self._taken(2))),
            "TUPLE3": lambda: self.stack.append(tuple(self._taken(3))),
            "EMPTY_LIST": lambda: self.stack.append([]),
            "EMPTY_SET": lambda: self.stack.append([]),
            "LIST": lambda: self.stack.append(self._marked()),
            "FROZENSET": lambda: self.stack.append(self._marked()),
            "APPEND": lambda: self._extend(self._taken(1)),
            "APPENDS": lambda: self._extend(self._marked()),
            "ADDITEMS": lambda: self._extend(self._marked()),
            "EMPTY_DICT": lambda: self.stack.append(Table()),
            "DICT": lambda: self.stack.append(Table(_pairs(self._marked()))),
            "SETITEM": lambda: self._update(self._taken(2)),
            "SETITEMS": lambda: self._update(self._marked()),
            "REDUCE": lambda: self._call(*self._taken(2)),
            "NEWOBJ": lambda: self._call(*self._taken(2)),
            "NEWOBJ_EX": self._call_with_names,
            "OBJ": lambda: self._call_marked(self._marked()),
            "BUILD": self._build,
            "STOP": self._stop,
        }

    def take(self, opcode: pickletools.OpcodeInfo, argument: Any) -> None:
        """One opcode.

        Raises:
            IndexError, ValueError: the pickle takes what is not on its stack.
        """
        name = opcode.name
        if name in STRINGS or name in INTEGERS:
            self.stack.append(argument)
        elif name in PLAIN:
            self.stack.append(PLAIN[name])
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = self.stack[-1]
        elif name in PUTS:
            self.memo[int(argument)] = self.stack[-1]
        elif name in GETS:
            self.stack.append(self.memo.get(int(argument)))
        elif name == "GLOBAL":
            self.stack.append(Named(str(argument).replace(" ", ".", 1)))
        elif name == "INST":
            self._call(Named(str(argument).replace(" ", ".", 1)), tuple(self._marked()))
        elif name in self.calls:
            self.calls[name]()
        else:
            del self.stack[len(self.stack) - len(opcode.stack_before) :]
            self.stack.extend([None] * len(opcode.stack_after))

    def _taken(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise IndexError("the stack is empty")
        taken = self.stack[-count:]
        del self.stack[-count:]
        return taken

    def _marked(self) -> list[Any]:
        """What lies above the last mark; the mark goes too."""
        taken: list[Any] = []
        while (one := self.stack.pop()) is not MARK:
            taken.append(one)
        return taken[::-1]

    def _discard(self) -> None:
        self.stack.pop()

    def _discard_marked(self) -> None:
        self._marked()

    def _global(self) -> None:
        module, name = self._taken(2)
        self.stack.append(Named(f"{module}.{name}"))

    def _extend(self, values: list[Any]) -> None:
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(values)

    def _update(self, values: list[Any]) -> None:
        if isinstance(self.stack[-1], Table):
            self.stack[-1].items.extend(_pairs(values))

    def _call(self, kind: Any, arguments: Any) -> None:
        given = arguments if isinstance(arguments, tuple) else ()
        if isinstance(kind, Named) and given:
            module, _, name = kind.name.rpartition(".")
            if module in REBUILDING and name in REBUILDERS:
                kind, given = given[0], given[1:]
        self.stack.append(Made(kind, given))

    def _call_with_names(self) -> None:
        kind, arguments, named = self._taken(3)
        self._call(kind, (*(arguments if isinstance(arguments, tuple) else ()), named))

    def _call_marked(self, parts: list[Any]) -> None:
        self._call(parts[0], tuple(parts[1:]))

    def _build(self) -> None:
        (state,) = self._taken(1)
        if isinstance(self.stack[-1], Made):
            self.stack[-1].states.append(state)

    def _stop(self) -> None:
        (self.root,) = self._taken(1)


def _pairs(values: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip(values[::2], values[1::2], strict=False))
