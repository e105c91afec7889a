"""Reads what only a version's files tell: `MLmodel`, flavors, requirements. Part of a sync."""

from __future__ import annotations

from django.db.models import QuerySet

from registry.connectors import Connector, SourceProblem
from registry.mirror import UNREAD
from registry.mlmodel import SIZE_LIMIT, MlmodelProblem, clean, parse
from registry.models import ModelVersion, SyncRun

BATCH = 50
REQUIREMENTS_LIMIT = 1024**2
# Unreadable files are asked for again, this many a sync, so that a large broken registry costs
# little and one that was mended is noticed without anybody's help.
SECOND_LOOKS = 20
# Met while reading one version's files, these say that the whole source is out of reach.
FATAL = frozenset({"not_answering", "tls", "needs_login", "redirects", "not_mlflow"})
FIELDS = [*UNREAD, "files_revision"]


def read_details(run: SyncRun, connector: Connector) -> None:
    """Read the files of every version whose files were never read, newest first.

    Raises:
        SourceProblem: one of FATAL; what was read until then is kept.
    """
    live = ModelVersion.objects.filter(model__source=run.source, gone_at=None, mlmodel={})
    pks = list(
        live.filter(mlmodel_problem="").order_by("-remote_created_at").values_list("pk", flat=True)
    )
    pks += _second_looks(run, live.exclude(mlmodel_problem="").order_by("pk"))
    for start in range(0, len(pks), BATCH):
        rows = list(
            ModelVersion.objects.filter(pk__in=pks[start : start + BATCH]).select_related("model")
        )
        read: list[ModelVersion] = []
        try:
            for row in rows:
                if row.status in {"", "READY"}:  # others have no files yet
                    _read(row, connector)
                    read.append(row)
        finally:
            ModelVersion.objects.bulk_update(read, FIELDS)


def forget_details(version: ModelVersion) -> None:
    """Have the version's files read anew by the next sync: they are not those that were read."""
    ModelVersion.objects.filter(pk=version.pk).update(**UNREAD)


def _second_looks(run: SyncRun, unreadable: QuerySet[ModelVersion]) -> list[int]:
    pks = list(unreadable.values_list("pk", flat=True))
    start = run.pk * SECOND_LOOKS % max(len(pks), 1)
    return (pks[start:] + pks[:start])[:SECOND_LOOKS]


def _read(row: ModelVersion, connector: Connector) -> None:
    """Fill the row from the version's files; what is wrong with them becomes its problem."""
    row.mlmodel, row.mlmodel_problem, row.flavors, row.requirements = {}, "", [], []
    row.files_revision += 1
    try:
        row.artifact_uri = clean(connector.artifact_uri(row.model.name, row.number))
        content = connector.read_file(row.artifact_uri, "MLmodel", SIZE_LIMIT)
        if content is None:
            row.mlmodel_problem = (
                f"There is no MLmodel file at {row.artifact_uri}: the version's files are gone or "
                "were not logged with MLflow; log the model again as a new version."
            )
            return
        lines = connector.read_file(row.artifact_uri, "requirements.txt", REQUIREMENTS_LIMIT)
        row.mlmodel = parse(content)
        row.flavors = list(row.mlmodel["flavors"])
        row.requirements = _lines(lines or b"")
    except MlmodelProblem as problem:
        row.mlmodel_problem = str(problem)
    except SourceProblem as problem:
        if problem.code in FATAL:
            raise
        row.mlmodel_problem = clean(problem.sentence)


def _lines(content: bytes) -> list[str]:
    text = clean(content.decode("utf-8", "replace"))
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]
