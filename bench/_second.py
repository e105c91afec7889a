"""Has a second opinion on ours, and does with a fitted model what skl2onnx and sklearn2pmml do.

Reads model.pkl, table.pkl and the job directories beside them, and writes second.json: who →
`right`, `none: why` or `wrong: what`. Any of the libraries may end the process that does this.
"""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench import _opinion
from converters import contract

TARGETS = ("onnx", "pmml")
SAID = "second.json"


def write(folder: Path) -> None:
    """Ask everybody, and write each verdict as soon as it is there."""
    warnings.simplefilter("ignore")
    model = pickle.loads((folder / "model.pkl").read_bytes())  # noqa: S301 - fitted by the bench
    table = pickle.loads((folder / "table.pkl").read_bytes())  # noqa: S301
    rows = _opinion.rows(table)
    asked: dict[str, Callable[[], str]] = {
        target: partial(_ours, folder / target, target, rows)
        for target in TARGETS
        if (folder / target / "judge" / "golden").exists()
    }
    asked["skl2onnx"] = lambda: _skl2onnx(model, table, rows)
    asked["sklearn2pmml"] = lambda: _sklearn2pmml(model, table, rows, folder)
    said: dict[str, str] = {}
    for who, ask in asked.items():
        said[who] = _tried(ask)
        (folder / SAID).write_text(json.dumps(said), encoding="utf-8")


def _tried(ask: Callable[[], str]) -> str:
    try:
        wrong = ask()
    except Exception as error:
        # A peer fails in its own ways; each is a model that it does not convert.
        text = " ".join(str(error).split())[:160]
        return f"none: {type(error).__name__}: {text}"
    return f"wrong: {wrong}" if wrong else "right"


def _ours(job: Path, target: str, rows: Any) -> str:
    """What differs between the proven file and its original, in the job's own terms."""
    import importlib

    from converters import sources

    report = contract.read(contract.ConvertReport, job / "convert" / contract.REPORT_FILE)
    loaded = sources.load(job / contract.MODEL_DIR, "sklearn")
    asked = _in_signature(loaded.signature, rows)
    want = loaded.answer(asked, report.outputs)
    scorer = importlib.import_module(f"converters.targets.{target}").open(
        job / "convert" / report.file
    )
    kinds = contract.OutputKind
    best = [o.name for o in report.outputs if o.kind is kinds.PROBABILITIES and o.width > 1]
    tied = _opinion.tied(want[best[0]]) if best else None
    return _opinion.differences(want, scorer.score(asked, report.inputs, report.outputs), tied)


def _in_signature(signature: contract.Signature, rows: Any) -> dict[str, Any]:
    if signature.tensor is not None:
        values = rows.to_numpy() if isinstance(rows, pd.DataFrame) else np.asarray(rows)
        return {signature.tensor.name or "X": values.reshape(len(values), -1)}
    if not isinstance(rows, pd.DataFrame):
        return {signature.columns[0].name: np.asarray(rows, dtype=object)}
    return {
        name: rows[name].to_numpy(dtype=object)
        if rows[name].dtype.kind not in "biuf"
        else rows[name].to_numpy()
        for name in (column.name for column in signature.columns)
    }


def _wanted(model: Any, rows: Any) -> dict[str, Any]:
    """The original's own answers: labels and probabilities, a prediction, or what it transforms."""
    if hasattr(model, "predict"):
        want = {"first": np.asarray(model.predict(rows))}
        if hasattr(model, "predict_proba"):
            want["second"] = np.asarray(model.predict_proba(rows))
        return want
    told = model.transform(rows)
    return {"first": np.asarray(told.toarray() if hasattr(told, "toarray") else told)}


def _tied(model: Any, want: dict[str, Any]) -> Any:
    second = want.get("second")
    return _opinion.tied(second) if second is not None and second.ndim == 2 else None


def _skl2onnx(model: Any, table: Any, rows: Any) -> str:
    import onnxruntime
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    text = not isinstance(table, pd.DataFrame) or table.dtypes.iloc[0].kind not in "biuf"
    width = table.shape[1] if isinstance(table, pd.DataFrame) else 1
    kind = StringTensorType if text else FloatTensorType
    options: dict[str, Any] = {
        "initial_types": [("X", kind([None, width]))],
        "target_opset": {"": 18},
    }
    options["target_opset"]["ai.onnx.ml"] = 3
    try:
        made = to_onnx(model, options={id(model): {"zipmap": False}}, **options)
    except NameError:
        made = to_onnx(model, **options)
    session = onnxruntime.InferenceSession(made.SerializeToString())
    values = rows.to_numpy() if isinstance(rows, pd.DataFrame) else np.asarray(rows).reshape(-1, 1)
    fed = values.astype(object if text else np.float32)
    answers = session.run(None, {session.get_inputs()[0].name: fed})
    want = _wanted(model, rows)
    have = dict(zip(want, answers, strict=False))
    have = {name: _like(want[name], np.asarray(values)) for name, values in have.items()}
    return _opinion.differences({name: want[name] for name in have}, have, _tied(model, want))


def _like(want: Any, have: Any) -> Any:
    """[N, 1] for [N] is no difference; only what cannot be meant is."""
    return have.reshape(want.shape) if have.size == want.size else have


def _sklearn2pmml(model: Any, table: Any, rows: Any, folder: Path) -> str:
    from sklearn2pmml import make_pmml_pipeline, sklearn2pmml

    if not isinstance(table, pd.DataFrame):
        table, rows = pd.DataFrame({"text": table}), pd.DataFrame({"text": rows})
    path = folder / "peer.pmml"
    target = ["y"] if hasattr(model, "predict") else None
    made = make_pmml_pipeline(model, active_fields=list(table.columns), target_fields=target)
    sklearn2pmml(made, str(path))
    from jpmml_evaluator import make_evaluator

    from converters.targets.pmml import _start_jvm

    _start_jvm()
    answers = make_evaluator(str(path)).verify().evaluateAll(rows)
    want = _wanted(model, rows)
    have: dict[str, Any] = {}
    if "y" in answers:
        have["first"] = answers["y"].to_numpy()
    elif not hasattr(model, "predict"):
        have["first"] = _like(want["first"], answers.to_numpy())
    classes = getattr(model, "classes_", None)
    names = [f"probability({label})" for label in classes] if classes is not None else []
    if names and all(name in answers for name in names):
        have["second"] = answers[names].to_numpy()
    if "first" not in have:
        raise ValueError(f"it answers {list(answers.columns)[:4]}")
    have["first"] = _typed(want["first"], have["first"])
    return _opinion.differences({name: want[name] for name in have}, have, _tied(model, want))


def _typed(want: Any, have: Any) -> Any:
    have = _like(want, np.asarray(have))
    if want.dtype.kind in "biuf":
        return (
            pd.to_numeric(pd.Series(have.ravel()), errors="coerce").to_numpy().reshape(have.shape)
        )
    return have
