"""What every route's `convert` returns: one file, and what its inputs and outputs mean."""

from __future__ import annotations

from dataclasses import dataclass, field

from converters.contract import Input, Output, Signature
from converters.sources.loaded import Loaded


@dataclass(frozen=True)
class Elsewhere:
    """The same model and file at other lengths of their free axes.

    model: the original, with a signature of these lengths.
    inputs, outputs: the file's, with the shapes and widths that they have at these lengths.
    """

    model: Loaded
    inputs: list[Input]
    outputs: list[Output]


@dataclass
class Converted:
    """One converted model.

    Attributes:
        file: its name inside the folder that `convert` was given.
        signature: the model's inputs as people know them.
        inputs: the file's inputs; together they carry every signature column once.
        outputs: the file's outputs, each with the original's method that it answers like.
        exact: the whole graph computes in double, so parity uses its tight tolerance.
        facts: opset, ir, precision, converter … for the manifest.
        notes: what its owner should know, one sentence each.
        data_files: names of files beside it that it reads, such as ONNX's external data.
        elsewhere: other lengths that the file takes, at which it is to be proven too.
    """

    file: str
    signature: Signature
    inputs: list[Input]
    outputs: list[Output]
    exact: bool = False
    facts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    data_files: list[str] = field(default_factory=list)
    elsewhere: list[Elsewhere] = field(default_factory=list)
