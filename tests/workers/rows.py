"""Rows of the mirror and of the workers, made by hand for tests that need no upstream server."""

from __future__ import annotations

import itertools
from typing import Any

from registry.models import ModelVersion, RegisteredModel, Source
from workers.models import Export, Job

_numbers = itertools.count(1)

MLMODEL: dict[str, Any] = {
    "flavors": {
        "python_function": {"loader_module": "mlflow.sklearn"},
        "sklearn": {"pickled_model": "model.pkl", "sklearn_version": "1.9.0"},
    },
    "model_uuid": "m-1",
    "signature": {"inputs": '[{"name": "a", "type": "double", "required": true}]'},
}


def make_version(**over: Any) -> ModelVersion:
    """A mirrored version of a model of its own; its source answers nowhere."""
    number = next(_numbers)
    source, _ = Source.objects.get_or_create(
        slug="nowhere", defaults={"url": "http://127.0.0.1:1", "maven_group": "com.example"}
    )
    model = RegisteredModel.objects.create(source=source, name=over.pop("name", f"model-{number}"))
    fields = {
        "number": 1,
        "artifact_uri": f"mlflow-artifacts:/{number}",
        "mlmodel": MLMODEL,
        "flavors": list(MLMODEL["flavors"]),
    }
    return ModelVersion.objects.create(model=model, **(fields | over))


def make_export(version: ModelVersion | None = None, **over: Any) -> Export:
    """An export whose identity is its own."""
    fields = {
        "target": "onnx",
        "flavor": "sklearn",
        "options": {"inputs": "auto", "opset": 0},
        "identity": f"{next(_numbers):064x}",
    }
    return Export.objects.create(version=version or make_version(), **(fields | over))


def make_job(export: Export | None = None, **over: Any) -> Job:
    """A queued job that nobody was told of."""
    return Job.objects.create(export=export or make_export(), queue="cpu", **over)
