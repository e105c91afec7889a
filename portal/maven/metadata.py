"""`maven-metadata.xml`: which versions there are, and which build an alias stands for.

https://maven.apache.org/ref/3.9.9/maven-repository-metadata/repository-metadata.html
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from xml.etree import ElementTree

from portal.maven.places import ENDINGS
from workers.models import AliasBuild, Artifact, ArtifactKind, MavenProject


def versions(project: MavenProject, artifacts: Iterable[Artifact]) -> bytes:
    """Of an artifact: its versions in their order, and the newest of them.

    artifacts: the jar of each bundle, oldest version and build first; at least one.
    """
    rows = list(artifacts)
    root = _root(project)
    versioning = ElementTree.SubElement(root, "versioning")
    _text(versioning, "latest", rows[-1].version)
    _text(versioning, "release", rows[-1].version)
    listed = ElementTree.SubElement(versioning, "versions")
    for row in rows:
        _text(listed, "version", row.version)
    _text(versioning, "lastUpdated", _compact(max(row.created_at for row in rows)))
    return _document(root)


def snapshot(project: MavenProject, build: AliasBuild, kinds: Iterable[str]) -> bytes:
    """Of an alias: the build that it stands for now."""
    version = f"{build.alias}-SNAPSHOT"
    root = _root(project)
    root.set("modelVersion", "1.1.0")
    _text(root, "version", version)
    versioning = ElementTree.SubElement(root, "versioning")
    newest = ElementTree.SubElement(versioning, "snapshot")
    _text(newest, "timestamp", timestamp(build))
    _text(newest, "buildNumber", str(build.number))
    _text(versioning, "lastUpdated", _compact(build.created_at))
    listed = ElementTree.SubElement(versioning, "snapshotVersions")
    held = set(kinds)
    for ending, kind in ENDINGS.items():
        if kind in held:
            _listed(listed, ending, kind, build)
    return _document(root)


def timestamp(build: AliasBuild) -> str:
    """When an alias's build was made, as it stands in file names; UTC."""
    return build.created_at.astimezone(UTC).strftime("%Y%m%d.%H%M%S")


def stamped(build: AliasBuild) -> str:
    """What stands in place of the version in the names of an alias's build."""
    return f"{build.alias}-{timestamp(build)}-{build.number}"


def _listed(to: ElementTree.Element, ending: str, kind: ArtifactKind, build: AliasBuild) -> None:
    one = ElementTree.SubElement(to, "snapshotVersion")
    if kind is ArtifactKind.SOURCES:
        _text(one, "classifier", "sources")
    _text(one, "extension", ending.rpartition(".")[2])
    _text(one, "value", stamped(build))
    _text(one, "updated", _compact(build.created_at))


def _root(project: MavenProject) -> ElementTree.Element:
    root = ElementTree.Element("metadata")
    _text(root, "groupId", project.group)
    _text(root, "artifactId", project.artifact)
    return root


def _text(parent: ElementTree.Element, name: str, value: str) -> None:
    ElementTree.SubElement(parent, name).text = value


def _compact(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def _document(root: ElementTree.Element) -> bytes:
    ElementTree.indent(root)
    body: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return body + b"\n"
