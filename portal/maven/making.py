"""Starts the export of what a build asks for first (CROSSPORT_MAVEN_MAKES)."""

from __future__ import annotations

import re
from collections.abc import Collection

from django.contrib.auth.models import User
from django.db.models import QuerySet

from converters import catalog
from converters.java import names
from portal.maven.places import Place
from registry.models import ModelVersion, RegisteredModel, Source
from workers import dispatch
from workers.models import Export, JobState

LIVE = frozenset({JobState.QUEUED, JobState.RUNNING})
# The first build of a version; a later one exists once it was exported anew.
FIRST = re.compile(r"^(?P<number>\d{1,9})\.1$")


def begin(place: Place, user: User, limit: Collection[int] | None = None) -> bool:
    """Whether what is asked for is being made now; its export is started where there is none.

    Only the first build of a version, or an alias, can be made. An export that was refused stays
    refused: there is nothing to wait for.

    limit: the sources, by id, whose models the caller may know of; None: all.
    """
    version, target = _asked(place, limit)
    if version is None:
        return False
    export = _export(version, target, user)
    return export is not None and export.jobs.filter(state__in=LIVE).exists()


def _export(version: ModelVersion, target: str, user: User) -> Export | None:
    try:
        export, _ = dispatch.request_export(version, target, user=user)
    except dispatch.Refused:
        return None
    return export


def _asked(place: Place, limit: Collection[int] | None) -> tuple[ModelVersion | None, str]:
    for model, target in _models(place, limit):
        versions = model.versions.filter(gone_at__isnull=True)
        if place.alias:
            return versions.filter(aliases__name=place.alias).first(), target
        if found := FIRST.match(place.version):
            return versions.filter(number=int(found["number"])).first(), target
    return None, ""


def _models(place: Place, limit: Collection[int] | None) -> list[tuple[RegisteredModel, str]]:
    """The models that these coordinates may be of, by their names, each with its target."""
    suffixes = {f"-{row.name}": row.name for row in catalog.TARGETS if row.java}
    found = []
    for model in _of_group(place.group, limit):
        own = names.artifact(model.name)
        if place.artifact == own:
            found.append((model, "onnx"))
        elif place.artifact.startswith(own) and place.artifact.removeprefix(own) in suffixes:
            found.append((model, suffixes[place.artifact.removeprefix(own)]))
    return found


def _of_group(group: str, limit: Collection[int] | None) -> QuerySet[RegisteredModel]:
    rows = Source.objects.all() if limit is None else Source.objects.filter(pk__in=limit)
    sources = [one.pk for one in rows if names.group(one.maven_group) == group]
    return RegisteredModel.objects.filter(source__in=sources, gone_at__isnull=True)
