"""Run in the torch environment: saves weights (state dicts) beside the Python that they belong to.

usage: torch_states_builder.py FOLDER [NAME …]; see torch_builder.py.
"""

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from torch_builder import build, fitted, save, tensor  # type: ignore[import-not-found]

NET = """
from torch import nn


class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(width, 12), nn.BatchNorm1d(12), nn.Dropout(0.4))
        self.head = nn.Linear(12, 3)

    def forward(self, x):
        return self.head(self.body(x).tanh())
"""
BLOCK = """
from torch import nn


class Block(nn.Module):
    def __init__(self, wide, narrow):
        super().__init__()
        self.inner = nn.Linear(wide, narrow)

    def forward(self, x):
        return self.inner(x).relu()
"""
PACKAGED = """
from torch import nn

from .block import Block


class Packaged(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block(8, 6)
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        return self.head(self.block(x))
"""
BUILDER = """
from torch import nn
from block import Block


def build_model():
    return nn.Sequential(Block(8, 6), nn.Linear(6, 2))
"""


def trained(code, name="Net"):
    """A module of this code after some training."""
    scope: dict[str, Any] = {"__name__": "scratch"}
    exec(compile(code, "scratch.py", "exec"), scope)
    return fitted(scope[name](), torch.randn(64, 8))


def plain(folder, state, example=True, **files):
    """Weights without an MLmodel: weights.pt, Python beside it, and a few rows."""
    folder.mkdir()
    torch.save(state, folder / "weights.pt")
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    if example:
        rows = np.random.rand(4, 8).astype("float32").tolist()
        (folder / "input_example.json").write_text(json.dumps(rows))


def logged(folder, state, *, package=None, **options):
    """A model of MLflow's pytorch flavor whose data is a state dict, with code that was logged."""
    save(folder, torch.nn.Linear(8, 3), tensor("float32", 8), **options)
    torch.save(state, folder / "data" / "model.pth")


def make_beside(folder):
    plain(folder, trained(NET).state_dict(), weights=NET)


def make_called_model(folder):
    plain(folder, trained(NET).state_dict(), model=NET)


def make_legacy_named(folder):
    """As mlflow.pytorch.log_state_dict names it."""
    plain(folder, trained(NET).state_dict(), model=NET)
    (folder / "weights.pt").rename(folder / "state_dict.pth")


def make_builder(folder):
    block = folder.with_name("block.py")
    block.write_text(BLOCK)
    sys.path.insert(0, str(block.parent))
    state = trained(BUILDER, "build_model").state_dict()
    sys.path.pop(0)
    block.unlink()
    plain(folder, state, model=BUILDER, block=BLOCK)


def make_checkpoint(folder):
    """What a training loop leaves: weights of a DataParallel beside an optimizer's state."""
    net = trained(NET)
    optimizer = torch.optim.Adam(net.parameters())
    state = {f"module.{key}": value for key, value in net.state_dict().items()}
    whole = {"epoch": 7, "model_state_dict": state, "optimizer": optimizer.state_dict()}
    plain(folder, whole, model=NET)


def make_code_paths(folder):
    """A package in code_paths, whose files import each other, beside a script that cannot run."""
    package = folder.with_name("crossport_nets")
    package.mkdir(exist_ok=True)
    for name, text in (("__init__", ""), ("block", BLOCK), ("packaged", PACKAGED)):
        (package / f"{name}.py").write_text(text)
    script = folder.with_name("train_it.py")
    script.write_text("import no_such_tracker\n\n\nclass Rows(no_such_tracker.Rows):\n    pass\n")
    sys.path.insert(0, str(package.parent))
    packaged = importlib.import_module("crossport_nets.packaged").Packaged
    sys.path.pop(0)
    state = fitted(packaged(), torch.randn(64, 8)).state_dict()
    logged(folder, state, code_paths=[str(package), str(script)])


def make_extra_files(folder):
    file = folder.with_name("definition.py")
    file.write_text(NET)
    logged(folder, trained(NET).state_dict(), extra_files=[str(file)])


# ---- what has to be refused


def make_no_code(folder):
    plain(folder, trained(NET).state_dict())


def make_other_keys(folder):
    plain(folder, trained(NET).state_dict(), model=NET.replace("self.head", "self.tail"))


def make_other_shapes(folder):
    plain(folder, trained(NET).state_dict(), model=NET.replace("12", "13"))


def make_wants_arguments(folder):
    plain(folder, trained(NET).state_dict(), model=NET.replace("width=8", "width"))


def make_two_that_fit(folder):
    """The same layers twice, and another forward: nothing tells which one was trained."""
    other = NET.replace("class Net", "class Other").replace("tanh", "sigmoid")
    plain(folder, trained(NET).state_dict(), model=NET + other)


def make_drawn(folder):
    """A mask that every module draws anew, and that no weights hold."""
    lines = "super().__init__()\n        self.mask = torch.rand(8) > 0.5"
    code = "import torch\n" + NET.replace("super().__init__()", lines)
    code = code.replace("self.body(x)", "self.body(x * self.mask)")
    plain(folder, trained(code).state_dict(), model=code)


def make_raising(folder):
    plain(folder, trained(NET).state_dict(), model=NET + "\nraise SystemExit(0)\n")


def make_no_python(folder):
    plain(folder, trained(NET).state_dict(), model="def build_model(:\n")


def make_missing_import(folder):
    plain(folder, trained(NET).state_dict(), model="import no_such_library\n" + NET)


def make_two_states(folder):
    """Weights, and their moving average: two sets that fit the same module."""
    state = trained(NET).state_dict()
    plain(folder, {"model": state, "averaged": trained(NET).state_dict()}, model=NET)


def make_beside_settings(folder):
    """A checkpoint that only a reader which runs code would take."""
    whole = {"state_dict": trained(NET).state_dict(), "settings": argparse.Namespace(width=8)}
    plain(folder, whole, model=NET)


def make_no_example(folder):
    plain(folder, trained(NET).state_dict(), example=False, model=NET)


if __name__ == "__main__":
    build(globals())
