"""Seconds from the start of a JVM to the first score of a 100 MB ONNX model, by ways to start it.

From a path, from a jar whose model was never extracted yet, and from one whose model was; with
several sets of JVM options. The peer of each is the same way with no options.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from bench._figures import tell
from bench._generated import Generated, compiled
from converters import contract
from converters.bundle.build import build
from converters.contract import Input, Output, OutputKind, Signature, Tensor
from converters.java import names
from workers import archive

BENCH = "cold_start"
WIDTH, HIDDEN, ROUNDS = 30, 5_000, 5
MODEL = "large"
DRIVER = Path(__file__).parent / "java" / "FirstScore.java"
SERIAL = "-XX:+UseSerialGC"


def main() -> int:
    """Measure and print the figures."""
    with tempfile.TemporaryDirectory(prefix="crossport-bench-") as place:
        folder = Path(place)
        made = _made(folder)
        jar = _jar(made, folder / "large.jar")
        shared = folder / "classes.jsa"
        _first(made, jar, folder, ("-XX:ArchiveClassesAtExit=" + str(shared),), [])
        ways: dict[str, tuple[str, ...]] = {
            "no options": (),
            "the serial collector": (SERIAL,),
            "a class archive": (f"-XX:SharedArchiveFile={shared}",),
            "both": (SERIAL, f"-XX:SharedArchiveFile={shared}"),
            # It has no fast SHA-256, with which the model is checked.
            "C1 alone": ("-XX:TieredStopAtLevel=1",),
        }
        for source in ("path", "jar, the first time", "jar, from then on"):
            told = {way: list[float]() for way in ways}
            for _ in range(ROUNDS):
                for way, options in ways.items():
                    told[way].append(_start(made, jar, folder, source, options))
            least = {way: statistics.median(seconds) for way, seconds in told.items()}
            for way, seconds in least.items():
                ratio = seconds / least["no options"]
                tell(BENCH, f"{source}: {way}", seconds, "s", peer=least["no options"], ratio=ratio)
    return 0


def _made(folder: Path) -> Generated:
    """Two layers of 100 MB together, as a bundle whose classes are compiled."""
    from tests.converters.bundle import jobs as untyped

    jobs: Any = untyped
    random = np.random.default_rng(11)
    rows = random.normal(size=(5, WIDTH)).astype(np.float32)
    model = _model(random)
    session = _answering(model)
    answers = {"prediction": session.run(None, {"X": rows})[0]}
    job: Path = jobs.write_job(
        folder / "job",
        model,
        Signature(tensor=Tensor("", "float32", [-1, WIDTH])),
        [Input("X", "float32", ["X"])],
        [Output("prediction", OutputKind.VALUES, "float32")],
        {"X": rows},
        answers,
        model=MODEL,
    )
    build(job)
    manifest = contract.read(contract.Request, job / contract.REQUEST_FILE).identity
    package = names.package(manifest.maven_group, MODEL)
    return compiled(job / contract.BUNDLE_DIR, folder, names.prefix(MODEL), package, DRIVER)


def _model(random: np.random.Generator) -> onnx.ModelProto:
    shapes = {"in": (WIDTH, HIDDEN), "between": (HIDDEN, HIDDEN), "out": (HIDDEN,)}
    weights = [
        onnx.numpy_helper.from_array(
            (random.normal(size=shape) / np.sqrt(shape[0])).astype(np.float32), name
        )
        for name, shape in shapes.items()
    ]
    nodes = [
        helper.make_node("MatMul", ["X", "in"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "between"], ["c"]),
        helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("MatMul", ["d", "out"], ["prediction"]),
    ]
    graph = helper.make_graph(
        nodes,
        MODEL,
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["N", WIDTH])],
        [helper.make_tensor_value_info("prediction", TensorProto.FLOAT, ["N"])],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def _answering(model: onnx.ModelProto) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def _jar(made: Generated, to: Path) -> Path:
    """The classes and the model as one jar, packed as a published one is."""
    files = {
        path.relative_to(made.classes).as_posix(): path
        for path in sorted(made.classes.rglob("*"))
        if path.is_file()
    }
    archive.write(to, files)
    return to


def _start(
    made: Generated, jar: Path, folder: Path, source: str, options: tuple[str, ...]
) -> float:
    if source == "jar, the first time":
        shutil.rmtree(folder / "cache", ignore_errors=True)
    path = [str(made.bundle / "model.onnx")] if source == "path" else []
    return _first(made, jar, folder, options, path)


def _first(
    made: Generated, jar: Path, folder: Path, options: tuple[str, ...], arguments: list[str]
) -> float:
    """Seconds until a fresh JVM has printed its first score."""
    libraries = made.class_path.partition(os.pathsep)[2]
    command = ["java", *options, f"-Dcrossport.cache={folder / 'cache'}"]
    command += ["-cp", f"{jar}{os.pathsep}{libraries}", f"{made.package}.FirstScore", *arguments]
    begun = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        line = next(iter(child.stdout or ()), "")
        taken = time.monotonic() - begun
    if child.returncode or not line.startswith("scored"):
        raise RuntimeError(f"the JVM ended with {child.returncode}")
    return taken


if __name__ == "__main__":
    sys.exit(main())
