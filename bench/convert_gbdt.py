"""Time to convert 200 trees of depth 6, XGBoost and LightGBM, warm, beside the bare converter call.

Convert alone: from the loaded model to the bytes of the ONNX file, as the route does it. The peer
is onnxmltools' own call on the same model. Both run in turn in one process, after one warm-up.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import xgboost
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

from bench._figures import tell
from converters.contract import Identity, Request, Signature, Tensor
from converters.routes import lightgbm_onnx, xgboost_onnx
from converters.sources.loaded import Loaded

TREES, DEPTH, FEATURES, ROWS = 200, 6, 30, 20_000
RUNS = 9
MOST_MS = 200.0
MOST_RATIO = 1.1

Call = Callable[[], Any]


def data() -> tuple[Any, Any]:
    """Rows of doubles and two classes that need deep trees."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(ROWS, FEATURES)).astype(np.float32).astype(np.float64)
    score = rows[:, 0] * rows[:, 1] + rows[:, 2] + random.normal(0, 0.5, ROWS)
    return rows, (score > 0).astype(int)


def route(module: Any, flavor: str, model: Any, folder: Path) -> Call:
    """Our whole route: signature, graph, checks, the written file."""
    tensor = Tensor("X", "float64", [-1, FEATURES])
    loaded = Loaded(flavor, model, {}, folder, Signature(tensor=tensor))
    request = Request(flavor, "onnx", Identity("bench", flavor, "1"))
    return lambda: module.convert(loaded, request, folder)


def peer(convert: Any, model: Any, **options: Any) -> Call:
    """The bare converter call, with the bytes of its file."""
    types = [("X", FloatTensorType([None, FEATURES]))]
    return lambda: convert(
        model, initial_types=types, target_opset=15, **options
    ).SerializeToString()


def medians(ours: Call, theirs: Call) -> tuple[float, float]:
    """Milliseconds of both, taken in turn."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for run in range(RUNS + 1):
        for call, kept in zip((ours, theirs), seconds, strict=True):
            begun = time.perf_counter()
            call()
            if run:
                kept.append(time.perf_counter() - begun)
    return statistics.median(seconds[0]) * 1e3, statistics.median(seconds[1]) * 1e3


def show(library: str, ours: float, theirs: float) -> bool:
    """Print both figures of one library; whether both bars hold."""
    ratio = ours / theirs
    rows = (
        (f"{library}: convert alone", ours, "ms", MOST_MS, ours <= MOST_MS),
        (f"{library}: ratio to the bare call", ratio, "", MOST_RATIO, ratio <= MOST_RATIO),
    )
    for figure, value, unit, goal, met in rows:
        tell("convert_gbdt", figure, value, unit, peer=theirs, ratio=ratio, goal=goal, met=met)
    return all(met for *_, met in rows)


def main() -> int:
    rows, target = data()
    boosted = xgboost.XGBClassifier(n_estimators=TREES, max_depth=DEPTH).fit(rows, target)
    light = lightgbm.LGBMClassifier(
        n_estimators=TREES, max_depth=DEPTH, num_leaves=2**DEPTH, verbose=-1
    ).fit(rows, target)
    with tempfile.TemporaryDirectory(prefix="crossport-bench-") as name:
        folder = Path(name)
        met = [
            show(
                "xgboost",
                *medians(
                    route(xgboost_onnx, "xgboost", boosted, folder), peer(convert_xgboost, boosted)
                ),
            ),
            show(
                "lightgbm",
                *medians(
                    route(lightgbm_onnx, "lightgbm", light, folder),
                    peer(convert_lightgbm, light, zipmap=False),
                ),
            ),
        ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
