"""Real job directories: models saved by MLflow, verbs run as the worker runs them, in children."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from converters import catalog, contract, environments, golden
from converters.contract import ConvertReport, Identity, JudgeReport, Request
from tests.real_models import elsewhere

ROOT = Path(__file__).resolve().parents[2]


def save(folder, model, rows, flavor="sklearn", **over):
    """Save a fitted model with MLflow, signed by what it answers."""
    import mlflow

    options = {
        "signature": mlflow.models.infer_signature(rows, model.predict(rows)),
        "pip_requirements": ["mlflow"],
        "input_example": rows[:5],
    }
    if flavor != "xgboost":
        options["serialization_format"] = "cloudpickle"
    getattr(mlflow, flavor).save_model(model, folder, **{**options, **over})
    return folder


def make_job(folder, model, flavor="sklearn", target="onnx", **over):
    """A job directory as a worker makes it: request and model, with the sums of its files."""
    shutil.copytree(model, folder / "model")
    files = [path for path in (folder / "model").rglob("*") if path.is_file()]
    sums = {
        path.relative_to(folder / "model").as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }
    identity = Identity("tests", "model", "1")
    request = Request(flavor, target, identity, **{"model_sha256": sums, **over})
    contract.write(request, folder / "request.json")
    return folder


def judge_environment(target):
    """The environment whose runtime judges this target."""
    row = catalog.target(target)
    assert row is not None, target
    return row.environment


def judge_jars(folder):
    """The set of jars that this job's judge loads; empty where its target needs none."""
    try:
        request = contract.read(Request, folder / "request.json")
    except (OSError, contract.ContractError):
        return ""
    row = catalog.target(request.target)
    return row.jars if row else ""


def python_for(verb, folder):
    """The interpreter that a worker would take for this verb; its environment is built once."""
    if not (folder / "request.json").exists():
        return sys.executable
    try:
        request = contract.read(Request, folder / "request.json")
    except contract.ContractError:
        return Path(sys.executable)  # a request that tells nothing is for the verb to refuse
    route, target = catalog.route(request.flavor, request.target), catalog.target(request.target)
    wanted = {"convert": route and route.environment, "judge": target and target.environment}
    name = wanted.get(verb) or environments.STANDARD
    return elsewhere.python(name)


def call(verb, folder):
    """Run one verb in a child with a scrubbed environment."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    if verb == "judge":
        environment |= elsewhere.jars(judge_jars(folder))
    return subprocess.run(
        [python_for(verb, folder), "-m", "converters", verb, str(folder)],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def converted(folder) -> ConvertReport:
    """What the convert step reported."""
    return contract.read(ConvertReport, folder / "convert" / "report.json")


def judged(folder) -> JudgeReport:
    """What the judge reported."""
    return contract.read(JudgeReport, folder / "judge" / "report.json")


def convert(folder) -> ConvertReport:
    done = call("convert", folder)
    report = converted(folder)
    assert done.returncode == (3 if report.state == "crashed" else 0), done.stderr
    return report


def judge(folder) -> JudgeReport:
    done = call("judge", folder)
    report = judged(folder)
    assert done.returncode == (3 if report.state == "crashed" else 0), done.stderr
    return report


def forge(folder, **over):
    """Change the convert step's report, and make its file's sum right again."""
    path = folder / "convert" / "report.json"
    raw = json.loads(path.read_text())
    content = (folder / "convert" / raw["file"]).read_bytes()
    raw.update(file_sha256=hashlib.sha256(content).hexdigest(), **over)
    path.write_text(json.dumps(raw))


def cast_answers(folder, name, dtype):
    """Keep one of the original's answers in another precision, as another route would have."""
    rows, answers = golden.read(folder / "convert" / "rows")
    answers[name] = answers[name].astype(dtype)
    golden.write(folder / "convert" / "rows", rows, answers)


def wine():
    from sklearn.datasets import load_wine

    return load_wine(return_X_y=True, as_frame=True)


def people(count=300):
    """Mixed columns with gaps: whole numbers, text, numbers, booleans."""
    import pandas as pd

    random = np.random.default_rng(7)
    rows = pd.DataFrame(
        {
            "age": random.integers(18, 80, count),
            "home town": random.choice(["Rome", "Oslo", "Bern"], count).astype(object),
            "income": np.where(random.random(count) < 0.1, np.nan, random.normal(3e4, 1e4, count)),
            "vip": random.random(count) < 0.3,
        }
    )
    wanted = (rows["age"] > 40) & (rows["home town"] != "Oslo") | rows["vip"]
    return rows, wanted.map({True: "yes", False: "no"}).astype(object)
