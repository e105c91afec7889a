"""Rows for tests: a source, a model and so on, each complete, with anything in it overridable."""

from __future__ import annotations

import itertools
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from registry.models import ModelVersion, RegisteredModel, Source
from workers.models import Bundle, Export, Job, JobState, Step, StepName, StepState

COUNT = itertools.count(1)
PASSWORD = "correct horse battery staple"
COLUMNS = (
    '[{"name": "age", "type": "long", "required": true},'
    ' {"name": "income", "type": "double", "required": false},'
    ' {"name": "city", "type": "string", "required": true}]'
)
MLMODEL = {
    "flavors": {
        "sklearn": {"sklearn_version": "1.9.0", "pickled_model": "model.pkl"},
        "python_function": {"loader_module": "mlflow.sklearn", "python_version": "3.11.9"},
    },
    "signature": {"inputs": COLUMNS, "outputs": '[{"type": "long", "required": true}]'},
    "mlflow_version": "3.17.2",
    "model_uuid": "m-1",
}


def make_user(name: str = "", **over: Any) -> User:
    """An account that signs in with PASSWORD."""
    return User.objects.create_user(name or f"user{next(COUNT)}", password=PASSWORD, **over)


def make_source(**over: Any) -> Source:
    """An MLflow server."""
    number = next(COUNT)
    fields = {"slug": f"prod{number}", "url": f"https://mlflow{number}.example.com"}
    return Source.objects.create(**{**fields, **over})


def make_model(**over: Any) -> RegisteredModel:
    """A registered model; a source of its own unless given."""
    number = next(COUNT)
    fields = {
        "source": over.get("source") or make_source(),
        "name": f"model-{number}",
        "description": "Scores things.",
        "remote_created_at": timezone.now(),
        "remote_updated_at": timezone.now(),
    }
    return RegisteredModel.objects.create(**{**fields, **over})


def make_version(**over: Any) -> ModelVersion:
    """A version with a scikit-learn MLmodel and a signature of three columns."""
    fields = {
        "model": over.get("model") or make_model(),
        "number": 1,
        "status": "READY",
        "run_id": "0123456789abcdef0123456789abcdef",
        "run_name": "nightly",
        "user": "staff",
        "params": {"max_depth": "8"},
        "metrics": {"auc": 0.91},
        "source_uri": "models:/m-1",
        "mlmodel": MLMODEL,
        "flavors": ["sklearn", "python_function"],
        "requirements": ["scikit-learn==1.9.0"],
        "remote_created_at": timezone.now(),
        "remote_updated_at": timezone.now(),
    }
    return ModelVersion.objects.create(**{**fields, **over})


def make_export(**over: Any) -> Export:
    """An export to ONNX, without a job."""
    fields = {
        "version": over.get("version") or make_version(),
        "target": "onnx",
        "flavor": "sklearn",
        "options": {"inputs": "auto", "opset": 0},
        "identity": f"{next(COUNT):064x}",
    }
    return Export.objects.create(**{**fields, **over})


def make_job(state: str = JobState.QUEUED, **over: Any) -> Job:
    """A job in any state, with the steps of its first attempt unless it still waits."""
    final = state not in {JobState.QUEUED, JobState.RUNNING}
    waiting = state == JobState.QUEUED
    fields = {
        "export": over.get("export") or make_export(),
        "queue": "cpu",
        "state": state,
        "attempt": 0 if waiting else 1,
        "worker": "" if waiting else "w-1",
        "started_at": None if waiting else timezone.now(),
        "finished_at": timezone.now() if final else None,
    }
    job = Job.objects.create(**{**fields, **over})
    if not waiting:
        _make_steps(job)
    return job


def make_bundle(**over: Any) -> Bundle:
    """A published bundle with its succeeded job and export."""
    job = over.get("job") or make_job(
        JobState.SUCCEEDED, export=over.get("export") or make_export()
    )
    export = job.export
    version = export.version
    build = over.get("build", 1)
    name = f"{version.model.name}-{version.number}.{build}-{export.target}.zip"
    fields = {
        "version": version,
        "export": export,
        "job": job,
        "target": export.target,
        "build": build,
        "file_name": name,
        "sha256": f"{next(COUNT):064x}",
        "size": 41_872,
        "manifest": make_manifest(version, build, export.target),
    }
    return Bundle.objects.create(**{**fields, **over})


def make_manifest(version: ModelVersion, build: int = 1, target: str = "onnx") -> dict[str, Any]:
    """A manifest as `converters/bundle/manifest.py` writes it."""
    parity = {
        "name": "label",
        "kind": "label",
        "verdict": "passed",
        "rows": 1412,
        "tolerance_abs": 0.0,
        "tolerance_rel": 0.0,
        "max_abs": 0.0,
        "max_rel": 0.0,
        "mismatches": 0,
        "ties": 2,
        "nan_mismatches": 0,
        "sentence": "",
    }
    scores = {
        **parity,
        "name": "probabilities",
        "kind": "probabilities",
        "tolerance_abs": 1e-9,
        "tolerance_rel": 1e-9,
        "max_abs": 3.3e-16,
        "max_rel": 4.1e-16,
        "ties": 0,
    }
    return {
        "schema": 1,
        "source": version.model.source.slug,
        "model": version.model.name,
        "version": str(version.number),
        "run": version.run_id,
        "flavor": "sklearn",
        "build": build,
        "target": target,
        "file": f"model.{target}",
        "profile": "java-cpu",
        "maven": {"group": "models", "artifact": "fraud", "version": f"{version.number}.{build}"},
        "inputs": [
            {"name": "age", "dtype": "int64", "columns": ["age"], "nullable": False},
            {"name": "income", "dtype": "float64", "columns": ["income"], "nullable": True},
            {"name": "city", "dtype": "string", "columns": ["city"], "nullable": False},
        ],
        "outputs": [
            {"name": "label", "kind": "label", "dtype": "int64", "width": 0, "classes": [0, 1]},
            {
                "name": "probabilities",
                "kind": "probabilities",
                "dtype": "float64",
                "width": 2,
                "classes": [0, 1],
            },
        ],
        "exact": True,
        "facts": {"opset": "21", "ir": "10", "precision": "double"},
        "notes": [],
        "runtime": "onnxruntime 1.29.0",
        "versions": {"scikit-learn": "1.9.0", "onnx": "1.23.2"},
        "judge_versions": {"onnxruntime": "1.29.0"},
        "rows": 1412,
        "parity": [parity, scores],
        "licences": [
            {"spdx": "Apache-2.0", "covers": "the Java project", "file": "Apache-2.0.txt"}
        ],
        "jvm": "not proven",
        "files": {
            f"model.{target}": "0" * 64,
            "README.md": "1" * 64,
            "java/pom.xml": "2" * 64,
            "java/src/main/java/models/fraud/FraudModel.java": "3" * 64,
            "parity.json": "4" * 64,
            "golden/golden.json": "5" * 64,
        },
    }


def _make_steps(job: Job) -> None:
    names = [StepName.FETCH, StepName.CONVERT, StepName.PARITY, StepName.JVM, StepName.BUNDLE]
    running = job.state == JobState.RUNNING
    stopped = job.state in {JobState.REFUSED, JobState.CRASHED}
    for at, name in enumerate(names):
        state, detail = StepState.DONE, ""
        if name == StepName.JVM:
            state, detail = StepState.SKIPPED, "not in this release"
        if at == 2 and running:
            state, detail = StepState.RUNNING, "1,412 of 2,000 rows"
        if at == 2 and stopped:
            state, detail = StepState.FAILED, "over tolerance"
        if at > 2 and (running or stopped):
            state, detail = StepState.PENDING, ""
        begun = state in {StepState.DONE, StepState.RUNNING, StepState.FAILED}
        Step.objects.create(
            job=job,
            attempt=job.attempt,
            position=at,
            name=name,
            state=state,
            detail=detail,
            started_at=timezone.now() if begun else None,
            finished_at=timezone.now() if begun and state != StepState.RUNNING else None,
        )
