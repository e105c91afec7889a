"""Peak memory of converting a large ONNX model with external data: the child's, and the worker's.

The file is made here: 1.5 GB of random weights in four layers, or as many MB as are asked for. The
steps are run by the worker's own pipeline code in its sandboxed children.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from bench._figures import tell
from converters import catalog, contract
from workers import pipeline
from workers.sandbox import Limits, command, run_child

MOST_RATIO = 2.5
LAYERS = 4


def make(folder: Path, megabytes: int) -> int:
    """A network of four square layers in `folder`; returns the bytes of its external data."""
    side = int((megabytes * 1e6 / 4 / LAYERS) ** 0.5)
    random = np.random.default_rng(0)
    tensors, nodes, last, offset = [], [], "X", 0
    with (folder / "weights.bin").open("wb") as stream:
        for i in range(LAYERS):
            for _ in range(side):
                stream.write((random.random(side, dtype=np.float32) / side).tobytes())
            tensor = TensorProto(name=f"W{i}", data_type=TensorProto.FLOAT, dims=[side, side])
            tensor.data_location = TensorProto.EXTERNAL
            size = side * side * 4
            for key, value in (("location", "weights.bin"), ("offset", offset), ("length", size)):
                tensor.external_data.add(key=key, value=str(value))
            offset += size
            tensors.append(tensor)
            nodes.append(helper.make_node("MatMul", [last, f"W{i}"], [f"H{i}"]))
            last = f"H{i}"
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", side]) for name in ("X", last)
    ]
    graph = helper.make_graph(nodes, "bench", ports[:1], ports[1:], tensors)
    opsets = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    onnx.checker.check_model(str(folder / "model.onnx"))
    (folder / "MLmodel").write_text("flavors:\n  onnx:\n    data: model.onnx\n")
    return offset


def _report(verb: str, path: Path) -> contract.ConvertReport | contract.JudgeReport:
    if verb == "convert":
        return contract.read(contract.ConvertReport, path)
    return contract.read(contract.JudgeReport, path)


def main() -> int:
    """Print the peaks; 1 where a step did not come to its end."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
    with tempfile.TemporaryDirectory() as place:
        job = Path(place)
        (job / "model").mkdir()
        size = make(job / "model", megabytes) / 1e6
        identity = contract.Identity("bench", "large", "1")
        request = contract.Request("onnx", "onnx", identity, rows=100)
        contract.write(request, job / "request.json")
        route = catalog.route("onnx", "onnx")
        limits = pipeline.limits_of(route) if route else Limits()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        for verb in ("convert", "judge"):
            child = run_child(command(verb, job), job, limits, lambda text: None, lambda: False)
            report = _report(verb, job / verb / contract.REPORT_FILE)
            said = f"{verb}: {report.state} {report.sentence} in {child.seconds:.0f} s\n"
            sys.stderr.write(said)
            if report.state not in ("converted", "proven"):
                return 1
            _tell(f"{verb}: peak of the child", child.peak_mb, f"the file: {size:.0f}", size)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3 - before
        _tell("growth of the process that waits", grown)
    return 0


def _tell(figure: str, value: float, peer: str | None = None, size: float = 0.0) -> None:
    """One figure as a line of JSON; its ratio to the file where there is a goal for that."""
    ratio = value / size if size else None
    goal = None if ratio is None else MOST_RATIO
    met = None if ratio is None else ratio <= MOST_RATIO
    tell("onnx_memory", figure, round(value), "MB", peer=peer, ratio=ratio, goal=goal, met=met)


if __name__ == "__main__":
    sys.exit(main())
