"""What a library said, short enough and clean enough to stand in a sentence for a model's owner."""

from __future__ import annotations

import re
import sys
from pathlib import Path

MOST = 200
# No more of a message is looked at: some quote whole files.
_READ = 2000
_CUT = "…"

# What comes after the message itself: stacks, and where in the library it was raised.
_TAIL = re.compile(r"\s*(?:Stack trace:|Exception raised from |stack traceback:).*", re.DOTALL)
# XGBoost's and LightGBM's logs begin with a clock, which makes equal failures unequal.
_CLOCK = re.compile(r"\[(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d(?:\.\d+)?\]:?\s*")
# `/workspace/src/c_api/c_api.cc:1532: `, `util/stream/input.cpp:77: `, `(at x.h:3)`.
_SOURCE = re.compile(
    r"\[enforce fail at [^\]]*\]\s*\.?\s*"
    r"|\(?(?:\bat )?[\w./~+-]*\w\.(?:cc|cpp|cxx|cu|cuh|c|h|hh|hpp|inl):\d+(?::\d+)?\)?:?\s*"
)
# ONNX Runtime follows the position by the whole head of the C++ function.
_FUNCTION = re.compile(r"(?:[\w:<>&*]+ )*?onnxruntime::[^\s(]+\([^()]*\)(?: const)?:?\s*")
_MODULE = re.compile(r"(<module '[^']*') from '[^']*'>")
_ADDRESS = re.compile(r" (?:object )?at 0x[0-9a-fA-F]+")
_SCHEME = re.compile(r"\bfile:(?=/)(?://(?=/))?")
_QUOTED_PATH = re.compile(r"""(['"`])(/[^'"`\n]*/)([^'"`/\n]+)/?\1""")
_PATH = re.compile(r"""(?<![\w/.~-])/(?!/)(?:[^\s/'"`,;()<>\[\]]+/)+([^\s/'"`,;:()<>\[\]]+)""")

# The first folders of a Linux machine; a name like `/encoder/layer/MatMul` in a graph is no path.
_ROOTS = frozenset(
    # What the Filesystem Hierarchy Standard and macOS have, and where build machines work.
    [
        *("boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc", "root"),
        *("run", "sbin", "srv", "sys", "tmp", "usr", "var", "Users", "private", "nix"),
        *("app", "build", "code", "data", "work", "workspace"),
    ]
)


def quoted(error: BaseException | str, most: int = MOST) -> str:
    """What an exception says: one line, at most `most` characters, without a full stop.

    Clock times, positions in a library's source, stacks, addresses and folders are left out: they
    say nothing to the model's owner, and they make equal failures unequal. Of a path its last part
    stays. An exception without words gives the name of its class.
    """
    text = _TAIL.sub("", _told(error)[:_READ])
    text = _SOURCE.sub("", _CLOCK.sub("", text))
    text = _FUNCTION.sub("", text)
    text = _ADDRESS.sub("", _MODULE.sub(r"\1>", text))
    text = _SCHEME.sub("", text)
    text = _QUOTED_PATH.sub(_last_quoted, text)
    text = _PATH.sub(_last, text)
    text = " ".join(text.split()).rstrip(" .:,;")
    # A NUL or half a surrogate pair is text that no database takes.
    text = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
    if len(text) > most:
        text = text[: most - 1].rstrip(" .:,;") + _CUT
    if not text and isinstance(error, BaseException):
        return type(error).__name__
    return text


def named(error: BaseException, most: int = MOST) -> str:
    """The exception's class and what it says; the class alone where it says nothing."""
    kind, said = type(error).__name__, quoted(error, most)
    return said if said == kind else f"{kind}: {said}"


def _told(error: BaseException | str) -> str:
    try:
        return str(error)
    except Exception:
        # Foreign code: a class of the model's own may not even say what it is.
        return type(error).__name__


def _last_quoted(found: re.Match[str]) -> str:
    quote, folders, name = found.groups()
    return f"{quote}{name}{quote}" if _of_machine(folders) else found.group()


def _last(found: re.Match[str]) -> str:
    return found.group(1) if _of_machine(found.group()) else found.group()


def _of_machine(path: str) -> bool:
    """Whether a path begins in a folder of this machine, or of a usual one."""
    first = path.split("/", 2)[1]
    if first in _ROOTS:
        return True
    own = (sys.prefix, __file__, str(Path.cwd()))
    return any(first == place.split("/", 2)[1] for place in own if place.count("/") > 1)
