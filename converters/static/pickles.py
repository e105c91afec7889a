"""What a pickle would import, told from its opcodes; nothing is imported, nothing is built.

joblib writes arrays between the opcodes of one pickle, so its files are read up to the first array
and then searched for further names.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickletools
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from converters.quoting import quoted
from converters.static.errors import TooLarge, Unreadable
from converters.static.objects import STRINGS, Machine
from converters.static.own_code import CLASSES, FUNCTION

MOST_BYTES = 256 << 20
MOST_OPCODES = 5_000_000
MEMO_PUTS = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
MEMO_GETS = frozenset({"GET", "BINGET", "LONG_BINGET"})
# Opcodes that leave nothing on the stack.
SILENT = frozenset({"PROTO", "FRAME", "MEMOIZE", "STOP"}) | MEMO_PUTS
# SHORT_BINUNICODE, MEMOIZE, SHORT_BINUNICODE, MEMOIZE, STACK_GLOBAL, as every recent pickle has it.
NAMED = re.compile(rb"\x8c.([a-zA-Z_][\w.]{1,200})\x94\x8c.([a-zA-Z_][\w.]{1,200})\x94\x93", re.S)
COMPRESSED = (
    (b"\x1f\x8b", gzip.decompress),
    (b"BZh", bz2.decompress),
    (b"\xfd7zXZ", lzma.decompress),
    (b"\x5d\x00\x00", lzma.decompress),
)
# What an opcode leaves that is first of all, and so lies lowest, where the object itself does.
FIRST = {"EMPTY_DICT": "dict", "EMPTY_LIST": "list", "EMPTY_SET": "set", "EMPTY_TUPLE": "tuple"}
# The same by an opcode behind a first MARK, as the oldest protocols write them.
MARKED = {"DICT": "dict", "LIST": "list"}
TUPLES = frozenset({"TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"})
# Attributes whose values decide what becomes of a model; they follow their names in a pickle.
SETTINGS = frozenset(
    {"analyzer", "strip_accents", "tokenizer", "preprocessor", "extrapolation", "novelty"}
)
CONSTANTS = {"NONE": "None", "NEWTRUE": "True", "NEWFALSE": "False"}
OTHER = "an object"


@dataclass
class Pickled:
    """What a pickle names.

    root: `module.Class` of the object itself, the first that it names.
    names: every `module.name` that it would import.
    functions: names of functions that it carries as code, such as `<lambda>`.
    settings: (attribute, value) for the attributes in SETTINGS, of any object in it; what is
        neither text nor None, True or False is OTHER, or the module where it starts with one.
    joblib: joblib wrote it.
    whole: it was read to its end.
    container: dict, list, set or tuple where it is one, "plain value" for a text or number alone;
        empty for all else.
    graph: what `objects.Machine` makes of it; None where it was not followed to its end.
    """

    root: str = ""
    names: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    settings: set[tuple[str, str]] = field(default_factory=set)
    joblib: bool = False
    whole: bool = False
    container: str = ""
    graph: Any = None

    def packages(self) -> set[str]:
        """The top packages of what it names."""
        return {name.partition(".")[0] for name in self.names}


def read(path: Path) -> Pickled:
    """`of_bytes` of a file, unpacked where joblib compressed it.

    Raises:
        Unreadable: no pickle. TooLarge: more than 256 MB, or too many opcodes.
    """
    if path.stat().st_size > MOST_BYTES:
        raise TooLarge(f"it is larger than {MOST_BYTES >> 20} MB")
    return of_bytes(path.read_bytes())


def of_bytes(content: bytes) -> Pickled:
    """What a pickle's opcodes name.

    Raises:
        Unreadable: no pickle.
    """
    content = _unpacked(content)
    found = Pickled()
    reader, machine = _Reader(found), _Followed()
    stream = io.BytesIO(content)
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
            reader.take(opcode.name, argument)
            machine.take(opcode, argument)
            if count > MOST_OPCODES:
                raise TooLarge(f"it has more than {MOST_OPCODES} opcodes")
        found.whole, found.graph = True, machine.root
        reader.end()
    except (ValueError, IndexError, OverflowError, EOFError, UnicodeDecodeError) as error:
        if isinstance(error, TooLarge):
            raise
        if isinstance(error, Unreadable) or not found.joblib:
            raise Unreadable(f"it is no whole pickle: {quoted(error, 120)}") from error
        _search(content, found)
    if not found.root:
        found.root = "builtins.object"
    return found


def _unpacked(content: bytes) -> bytes:
    for magic, unpack in COMPRESSED:
        if content.startswith(magic):
            return _bounded(content, unpack)
    if content[:1] == b"\x78" and content[:2] in (
        b"\x78\x01",
        b"\x78\x5e",
        b"\x78\x9c",
        b"\x78\xda",
    ):
        return _bounded(content, zlib.decompress)
    return content


def _bounded(content: bytes, unpack: object) -> bytes:
    """Unpack no more than MOST_BYTES: a few bytes may stand for any number."""
    made = io.BytesIO()
    try:
        if unpack is zlib.decompress:
            return zlib.decompressobj().decompress(content, MOST_BYTES)
        opener = {gzip.decompress: gzip.open, bz2.decompress: bz2.open, lzma.decompress: lzma.open}
        with opener[unpack](io.BytesIO(content)) as stream:  # type: ignore[index,operator]
            made.write(stream.read(MOST_BYTES))
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise Unreadable(f"it is compressed and damaged: {quoted(error, 120)}") from error
    return made.getvalue()


def _search(content: bytes, found: Pickled) -> None:
    """Names after joblib's first array, found by their opcodes' bytes."""
    for module, name in NAMED.findall(content):
        found.names.add(f"{module.decode('ascii', 'replace')}.{name.decode('ascii', 'replace')}")
    if b"<lambda>" in content:
        found.functions.add("<lambda>")


class _Followed:
    """A machine that stops at the first opcode it cannot follow; Python may refuse it as well."""

    def __init__(self) -> None:
        self.machine: Machine | None = Machine()
        self.root: Any = None

    def take(self, opcode: pickletools.OpcodeInfo, argument: Any) -> None:
        """One opcode."""
        if self.machine is None:
            return
        try:
            self.machine.take(opcode, argument)
        except (IndexError, ValueError, TypeError):
            self.machine = None
            return
        if opcode.name == "STOP":
            self.root = self.machine.root


class _Reader:
    """The strings that the stack would hold, as far as names need them."""

    def __init__(self, found: Pickled) -> None:
        self.found = found
        self.last: list[str | None] = [None, None]
        self.memo: dict[int, str | None] = {}
        self.opcodes: list[str] = []

    def take(self, name: str, argument: object) -> None:
        """One opcode."""
        if name not in SILENT:
            self._order(name)
        if name in STRINGS:
            self._push(str(argument))
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = self.last[1]
        elif name in MEMO_PUTS:
            self.memo[int(str(argument))] = self.last[1]
        elif name in MEMO_GETS:
            self._push(self.memo.get(int(str(argument))))
        elif name == "STACK_GLOBAL":
            module, attribute = self.last
            self._named(module, attribute)
            self._push(None)
        elif name in ("GLOBAL", "INST"):
            module, _, attribute = str(argument).partition(" ")
            self._named(module, attribute)
            self._push(None)
        elif name not in SILENT:
            self._set(CONSTANTS.get(name, OTHER))
            self._push(None)

    def _order(self, name: str) -> None:
        """Keep the first two opcodes that leave something, and the last."""
        self.opcodes[2:] = []
        self.opcodes.append(name)
        first = self.opcodes[0]
        if len(self.opcodes) == 1:
            self.found.container = FIRST.get(first, "")
        elif len(self.opcodes) == 2 and first == "MARK":
            self.found.container = MARKED.get(name, "")

    def end(self) -> None:
        """The whole pickle was read."""
        if self.opcodes and self.opcodes[-1] in TUPLES:
            self.found.container = "tuple"
        elif not self.found.names and not self.found.container:
            self.found.container = "plain value"

    def _set(self, value: str) -> None:
        """What follows an attribute's name is its value."""
        if self.last[1] in SETTINGS:
            self.found.settings.add((str(self.last[1]), value))

    def _push(self, value: str | None) -> None:
        if value is not None:
            self._set(value)
        self.last = [self.last[1], value]
        if value == "<lambda>":
            self.found.functions.add(value)

    def _named(self, module: str | None, attribute: str | None) -> None:
        if not module or not attribute:
            return
        whole = f"{module}.{attribute}"
        if whole == "joblib.numpy_pickle.NumpyArrayWrapper":
            self.found.joblib = True
        if attribute == FUNCTION:
            self.found.functions.add("a function of its own")
        if attribute in CLASSES:
            self.found.classes.add("a class of its own")
        if not self.found.root and module != "copyreg" and not attribute.startswith("_reconstruct"):
            self.found.root = whole
        self.found.names.add(whole)
