"""Rows as sync and workers leave them, one call each."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

from django.utils import timezone

from registry.models import Alias, ModelVersion, RegisteredModel, Source
from registry.storage import store
from workers.models import Bundle, Export, Job, JobState, Step

SIGNATURE = '[{"type": "double", "name": "a", "required": true}]'
SKLEARN: dict[str, dict[str, Any]] = {
    "flavors": {
        "sklearn": {"pickled_model": "model.pkl", "sklearn_version": "1.9.0"},
        "python_function": {"loader_module": "mlflow.sklearn"},
    },
    "signature": {"inputs": SIGNATURE},
}


def make_source(slug: str = "prod", **over: Any) -> Source:
    source, _ = Source.objects.get_or_create(
        slug=slug, defaults={"url": "http://mlflow.example", **over}
    )
    return source


def make_model(name: str = "fraud", source: Source | None = None, **over: Any) -> RegisteredModel:
    return RegisteredModel.objects.create(source=source or make_source(), name=name, **over)


def make_version(
    model: RegisteredModel | None = None, number: int = 1, **over: Any
) -> ModelVersion:
    fields = {
        "mlmodel": SKLEARN,
        "flavors": list(SKLEARN["flavors"]),
        "artifact_uri": "mlflow-artifacts:/1/models/m-1/artifacts",
        **over,
    }
    return ModelVersion.objects.create(model=model or make_model(), number=number, **fields)


def make_alias(version: ModelVersion, name: str = "champion") -> Alias:
    return Alias.objects.create(model=version.model, version=version, name=name)


def make_export(version: ModelVersion | None = None, **over: Any) -> Export:
    version = version or make_version()
    count = Export.objects.count()
    fields = {"target": "onnx", "flavor": "sklearn", "identity": f"{count:064d}", **over}
    return Export.objects.create(version=version, **fields)


def make_job(export: Export | None = None, state: str = JobState.QUEUED, **over: Any) -> Job:
    final = state not in {JobState.QUEUED, JobState.RUNNING}
    job = Job.objects.create(
        export=export or make_export(),
        queue="cpu",
        state=state,
        attempt=over.pop("attempt", 1),
        finished_at=timezone.now() if final else None,
        **over,
    )
    for position, name in enumerate(["fetch", "convert"]):
        Step.objects.create(job=job, attempt=job.attempt, position=position, name=name)
    return job


def make_bundle(job: Job | None = None, files: dict[str, bytes] | None = None) -> Bundle:
    """A bundle whose archive is really in the store."""
    job = job or make_job(state=JobState.SUCCEEDED)
    version, target = job.export.version, job.export.target
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (files or {"model.onnx": b"onnx" * 500}).items():
            archive.writestr(name, content)
    aside = Path(store().root) / f"{job.pk}.zip"
    aside.parent.mkdir(parents=True, exist_ok=True)
    aside.write_bytes(packed.getvalue())
    blob = store().put(aside)
    assert blob.sha256 == hashlib.sha256(packed.getvalue()).hexdigest()
    build = Bundle.objects.filter(version=version, target=target).count() + 1
    return Bundle.objects.create(
        version=version,
        export=job.export,
        job=job,
        target=target,
        build=build,
        file_name=f"{version.model.name}-{version.number}.{build}-{target}.zip",
        sha256=blob.sha256,
        size=blob.size,
        manifest={"schema": 1, "file": "model.onnx"},
    )
