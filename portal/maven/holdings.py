"""Finds what the repository holds, and which build an alias stands for."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.core.cache import cache
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from portal.maven import metadata
from portal.maven.places import Place
from registry.models import Alias
from workers.models import AliasBuild, Artifact, ArtifactKind, MavenProject

REMEMBERED_SECONDS = 300
# Of a project; a model's own texts may be long.
FIELDS = ("group", "artifact", "target", "model__source_id")


def project_of(place: Place) -> MavenProject | None:
    """Who has these coordinates; `newest` is the number of its newest jar."""
    rows = MavenProject.objects.filter(group=place.group, artifact=place.artifact)
    jars = Artifact.objects.filter(project=OuterRef("pk"), kind=ArtifactKind.JAR)
    newest = Subquery(jars.order_by("-pk").values("pk")[:1])
    return rows.annotate(newest=newest).select_related("model").only(*FIELDS).first()


def jars(project: MavenProject) -> QuerySet[Artifact]:
    """The jar of each bundle, oldest version and build first; of a library, in their own order."""
    rows = project.artifacts.filter(kind=ArtifactKind.JAR).only("project", "version", "created_at")
    return rows.order_by("bundle__version__number", "bundle__build", "pk")


def versions(project: MavenProject) -> tuple[bytes, datetime] | None:
    """The metadata of a project that `project_of` found, and when it changed last.

    It is written once after each publication: artifacts are only ever added.
    """
    name = f"maven:versions:{project.pk}:{project.newest}"  # type: ignore[attr-defined]
    known: tuple[bytes, datetime] | None = cache.get(name)
    if known is None and (rows := list(jars(project))):
        known = metadata.versions(project, rows), max(row.created_at for row in rows)
        cache.set(name, known, REMEMBERED_SECONDS)
    return known


def released(place: Place) -> Artifact | None:
    """One file of one version.

    What was published never changes, so that it is remembered for a while: a hundred builds that
    start at once are one look into the database.
    """
    about = f"{place.group}:{place.artifact}:{place.version}:{place.kind}"
    name = f"maven:{hashlib.sha256(about.encode()).hexdigest()}"
    known: Artifact | None = cache.get(name)
    if known is None:
        known = (
            Artifact.objects.select_related("project__model")
            .filter(
                project__group=place.group,
                project__artifact=place.artifact,
                version=place.version,
                kind=place.kind,
            )
            .first()
        )
        if known is not None:
            cache.set(name, known, REMEMBERED_SECONDS)
    return known


def artifact_of(bundle_id: int, kind: ArtifactKind) -> Artifact | None:
    """One file of one bundle."""
    return Artifact.objects.filter(bundle_id=bundle_id, kind=kind).first()


def kinds_of(bundle_id: int) -> list[str]:
    """Which files there are of one bundle."""
    return list(Artifact.objects.filter(bundle_id=bundle_id).values_list("kind", flat=True))


def current(project: MavenProject, alias: str) -> AliasBuild | None:
    """The build that an alias stands for, made where the alias has moved since, or a newer build
    of its version was published; none where there is no such alias or nothing published."""
    found = Alias.objects.filter(model=project.model_id, name=alias).first()
    if found is None:
        return None
    bundle_id = _newest(project, found.version_id)
    if bundle_id is None:
        return None
    known = project.alias_builds.filter(alias=alias)
    last = known.order_by("-number").first()
    if last is not None and last.bundle_id == bundle_id:
        return last
    with transaction.atomic():
        # One at a time: two requests that see the alias moved make one build of it.
        MavenProject.objects.select_for_update().get(pk=project.pk)
        last = known.order_by("-number").first()
        if last is not None and last.bundle_id == bundle_id:
            return last
        number = last.number + 1 if last is not None else 1
        return AliasBuild.objects.create(
            project=project, alias=alias, number=number, bundle_id=bundle_id
        )


def numbered(project: MavenProject, alias: str, number: int) -> AliasBuild | None:
    """An alias's build by its number; those of before stay as they were."""
    return project.alias_builds.filter(alias=alias, number=number).first()


def _newest(project: MavenProject, version_id: int) -> int | None:
    """The bundle of a version's newest build; its manifest, which may be long, is not read."""
    held = Artifact.objects.filter(
        project=project, kind=ArtifactKind.JAR, bundle__version_id=version_id
    )
    return held.order_by("-bundle__build").values_list("bundle_id", flat=True).first()
