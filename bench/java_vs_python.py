"""Throughput of the generated Java against Python's onnxruntime: same file, same rows, one thread.

The two take turns three times; of each the least time of a call counts. Python's rows and Java's
are in memory that the runtime reads as it is.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from bench._figures import tell
from bench._generated import FEATURES, Generated, each

BENCH = "java_vs_python"
BATCHES = (1, 100, 10_000)
TURNS, ROUNDS = 3, 40
LEAST_RATIO = 0.98
DRIVER = Path(__file__).parent / "java" / "Throughput.java"


def main() -> int:
    """Measure both models and print the figures."""
    for kind, _, made in each(DRIVER):
        _compare(kind, made)
    return 0


def _compare(kind: str, made: Generated) -> None:
    session = _session(made.bundle / "model.onnx")
    ours = dict.fromkeys(BATCHES, float("inf"))
    theirs = dict(ours)
    for _ in range(TURNS):
        for batch in BATCHES:
            theirs[batch] = min(theirs[batch], _least(session, batch))
        for line in made.java("Throughput", *map(str, BATCHES)).splitlines():
            rows, own, _ = line.split()
            ours[int(rows)] = min(ours[int(rows)], float(own))
    for batch in BATCHES:
        ratio = theirs[batch] / ours[batch]
        name = f"{kind}, {batch} rows: Java's throughput"
        told, peer = batch / ours[batch] * 1e6, batch / theirs[batch] * 1e6
        met = ratio >= LEAST_RATIO
        tell(BENCH, name, told, "rows/s", peer=peer, ratio=ratio, goal=LEAST_RATIO, met=met)


def _session(file: Path) -> Any:
    """As the generated Java opens it by default: see the template Options.java."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def _least(session: Any, batch: int) -> float:
    """Microseconds of a call."""
    import numpy as np

    rows = np.random.default_rng(5).normal(size=(batch, FEATURES)).astype(np.float32)
    name = session.get_inputs()[0].name
    calls = max(1, 20_000 // (batch + 20))
    least = float("inf")
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(calls):
            session.run(None, {name: rows})
        least = min(least, (time.perf_counter() - begun) / calls)
    return least * 1e6


if __name__ == "__main__":
    raise SystemExit(main())
