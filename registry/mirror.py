"""Writes what a walk over a source saw into the mirror's rows; only `registry.sync` calls it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from registry.connectors import RemoteModel, RemoteRun, RemoteVersion
from registry.mlmodel import clean
from registry.models import Alias, ModelVersion, RegisteredModel, Source

BATCH = 1000
NAME_LIMIT = 500
NO_RUN = RemoteRun("")
# What no registry changes about a version: another value, as after a registry was restored from a
# backup or its files were moved, means other files.
ORIGIN = ("source_uri", "run_id", "remote_created_at")
UNREAD: dict[str, Any] = {
    "artifact_uri": "",
    "mlmodel": {},
    "mlmodel_problem": "",
    "flavors": [],
    "requirements": [],
}

Key = tuple[str, int]  # model name and version number


@dataclass
class Seen:
    """What one walk saw. Spared: not seen, yet not known to be gone."""

    models: dict[str, RemoteModel]
    versions: dict[Key, RemoteVersion] = field(default_factory=dict)
    runs: dict[str, RemoteRun] = field(default_factory=dict)
    spared_models: set[str] = field(default_factory=set)
    spared_versions: set[Key] = field(default_factory=set)

    def add(self, versions: Iterable[RemoteVersion]) -> None:
        """Versions of models that were seen; one of a model made meanwhile waits for the next."""
        for row in versions:
            if row.model in self.models:
                self.versions[row.model, row.number] = row


class Mirror:
    """The rows of one source, as they were when this was made."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._now = timezone.now()
        self._models = {
            row.name: row
            for row in RegisteredModel.objects.filter(source=source).only(
                "name", "row_hash", "gone_at", "remote_created_at"
            )
        }
        names = {row.pk: row.name for row in self._models.values()}
        self._versions = {
            (names[row.model_id], row.number): row
            for row in ModelVersion.objects.filter(model__source=source).only(
                "model_id", "number", "row_hash", "gone_at", *ORIGIN
            )
        }

    def live_models(self) -> set[str]:
        return {name for name, row in self._models.items() if row.gone_at is None}

    def live_versions(self) -> set[Key]:
        return {key for key, row in self._versions.items() if row.gone_at is None}

    @transaction.atomic
    def write(self, seen: Seen) -> tuple[int, int, int]:
        """Make the rows equal to what was seen; how many rows were added, changed and gone.

        A row whose content is as before is not written. Moved aliases count as changes.
        """
        gone = self._retire_reborn(seen) + self._bury(seen)
        added, changed = self._write_models(seen)
        more_added, more_changed = self._write_versions(seen)
        moved = self._write_aliases(seen)
        return added + more_added, changed + more_changed + moved, gone

    def _retire_reborn(self, seen: Seen) -> int:
        """Give up the rows of models that were deleted and made again under the same name.

        The new one starts at version 1 again: its versions must not take over the rows, and so the
        exports and bundles, of the old one's. The old rows stay, under a name of their own.
        """
        gone = 0
        for name in sorted(set(seen.models) & set(self._models)):
            old, born = self._models[name], seen.models[name].created_at
            if born is None or old.remote_created_at in {None, born}:
                continue
            keys = [key for key in self._versions if key[0] == name]
            gone += self._mark_gone([old], [self._versions.pop(key) for key in keys])
            suffix = f" (deleted, {old.pk})"
            old.name = name[: NAME_LIMIT - len(suffix)] + suffix
            old.save(update_fields=["name"])
            del self._models[name]
        return gone

    def _bury(self, seen: Seen) -> int:
        models = self.live_models() - set(seen.models) - seen.spared_models
        versions = [
            key
            for key in self.live_versions() - set(seen.versions) - seen.spared_versions
            if key[0] not in seen.spared_models
        ]
        return self._mark_gone(
            [self._models[name] for name in models], [self._versions[key] for key in versions]
        )

    def _mark_gone(self, models: list[RegisteredModel], versions: list[ModelVersion]) -> int:
        """Softly: bundles, exports and history of what is gone stay."""
        live = [row.pk for row in versions if row.gone_at is None]
        gone = RegisteredModel.objects.filter(
            pk__in=[row.pk for row in models], gone_at=None
        ).update(gone_at=self._now)
        gone += ModelVersion.objects.filter(pk__in=live).update(gone_at=self._now)
        Alias.objects.filter(version__in=live).delete()
        return gone

    def _write_models(self, seen: Seen) -> tuple[int, int]:
        rows, added, known = [], 0, self._models
        for name, remote in seen.models.items():
            if len(clean(name)) > NAME_LIMIT or clean(name) != name:
                continue  # no MLflow server accepts such a name; PostgreSQL neither
            fields = _model_fields(remote)
            digest, old = _digest(fields), known.get(name)
            if old is not None and old.row_hash == digest and old.gone_at is None:
                continue
            added += old is None
            rows.append(RegisteredModel(source=self._source, name=name, row_hash=digest, **fields))
        RegisteredModel.objects.bulk_create(
            rows,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["source", "name"],
            update_fields=[*_model_fields(RemoteModel("")), "row_hash", "gone_at"],
        )
        self._model_ids = dict(
            RegisteredModel.objects.filter(source=self._source).values_list("name", "pk")
        )
        return added, len(rows) - added

    def _write_versions(self, seen: Seen) -> tuple[int, int]:
        rows, added, unread, other = [], 0, [], []
        for key, remote in seen.versions.items():
            if key[0] not in self._model_ids:
                continue
            fields = _version_fields(remote, seen.runs.get(remote.run_id, NO_RUN))
            digest, old = _digest(fields), self._versions.get(key)
            if old is not None and old.row_hash == digest and old.gone_at is None:
                continue
            if old is None:
                added += 1
            elif any(getattr(old, name) != fields[name] for name in ORIGIN):
                other.append(old.pk)
            else:
                unread.append(old.pk)
            rows.append(
                ModelVersion(
                    model_id=self._model_ids[key[0]],
                    number=remote.number,
                    row_hash=digest,
                    **fields,
                )
            )
        ModelVersion.objects.bulk_create(
            rows,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["model", "number"],
            update_fields=[
                *_version_fields(RemoteVersion("", 0), NO_RUN),
                *("row_hash", "gone_at"),
            ],
        )
        # What could not be read before may be readable now that something has changed.
        ModelVersion.objects.filter(pk__in=unread, mlmodel={}).update(mlmodel_problem="")
        ModelVersion.objects.filter(pk__in=other).update(**UNREAD)
        return added, len(rows) - added

    def _write_aliases(self, seen: Seen) -> int:
        ids = {
            (name, number): pk
            for name, number, pk in ModelVersion.objects.filter(
                model__source=self._source, gone_at=None
            ).values_list("model__name", "number", "pk")
        }
        wanted = {
            (self._model_ids[name], clean(alias)[:250]): ids[name, number]
            for name, remote in seen.models.items()
            for alias, number in remote.aliases.items()
            if (name, number) in ids
        }
        spared = {self._model_ids[name] for name in seen.spared_models}
        present = {
            (row.model_id, row.name): row
            for row in Alias.objects.filter(model__source=self._source).exclude(model_id__in=spared)
        }
        lost = [row.pk for key, row in present.items() if key not in wanted]
        Alias.objects.filter(pk__in=lost).delete()
        rows = [
            Alias(model_id=model, name=name, version_id=version)
            for (model, name), version in wanted.items()
            if (model, name) not in present or present[model, name].version_id != version
        ]
        Alias.objects.bulk_create(
            rows,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["model", "name"],
            update_fields=["version"],
        )
        return len(lost) + len(rows)


def _model_fields(remote: RemoteModel) -> dict[str, Any]:
    return {
        "description": clean(remote.description),
        "tags": _texts(remote.tags),
        "remote_created_at": remote.created_at,
        "remote_updated_at": remote.updated_at,
    }


def _version_fields(remote: RemoteVersion, run: RemoteRun) -> dict[str, Any]:
    return {
        "stage": clean(remote.stage)[:40],
        "status": clean(remote.status)[:40],
        "status_message": clean(remote.status_message),
        "description": clean(remote.description),
        "tags": _texts(remote.tags),
        "run_id": clean(remote.run_id)[:64],
        "run_name": clean(run.name)[:250],
        "user": clean(run.user)[:250],
        "params": _texts(run.params),
        "metrics": {clean(name): value for name, value in run.metrics.items()},
        "source_uri": clean(remote.source_uri),
        "remote_created_at": remote.created_at,
        "remote_updated_at": remote.updated_at,
    }


def _texts(pairs: dict[str, str]) -> dict[str, str]:
    return {clean(key): clean(value) for key, value in pairs.items()}


def _digest(fields: dict[str, Any]) -> str:
    """Tells whether a row's content changed: sha256 over its fields as JSON, keys sorted."""
    text = json.dumps(fields, sort_keys=True, default=_iso)
    return hashlib.sha256(text.encode()).hexdigest()


def _iso(value: datetime) -> str:
    return value.isoformat()
