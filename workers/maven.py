"""What the Maven repository serves of a bundle: pom, jar, sources jar; made at publishing.

The same bundle and classes give the same bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.storage import Blob, store
from workers import archive
from workers.models import Artifact, ArtifactKind, Bundle, MavenProject

PUBLISHED_POM = "java/published-pom.xml"
SOURCES = "java/src/main/java/"
# Classes that only tests and the JVM check use.
OF_TESTS = re.compile(r"(^|/)Golden(Rows|Inputs|Answers)(\$\w+)?\.class$")
PIECE = 1 << 20


@dataclass(frozen=True)
class Made:
    """One artifact in the store, with the sums that clients ask for."""

    kind: ArtifactKind
    blob: Blob
    md5: str
    sha1: str
    sha512: str


def make(folder: Path, bundle: Path, classes: Path, manifest: Mapping[str, Any]) -> list[Made]:
    """The artifacts of a bundle whose Java has been run; they are stored, and not yet recorded.

    folder: for what is made on the way. bundle: the bundle's folder. classes: what the JVM check
    compiled.

    Raises:
        StorageFull, OSError: no room.
    """
    folder.mkdir()
    pom = bundle / PUBLISHED_POM
    maven = manifest["maven"]
    about = f"META-INF/maven/{maven['group']}/{maven['artifact']}/pom.xml"
    files = {about: pom} | _classes(classes) | _resources(bundle, classes, manifest)
    head = folder / "MANIFEST.MF"
    head.write_text(_head(classes), encoding="utf-8", newline="\r\n")
    archive.write(folder / "jar", {"META-INF/MANIFEST.MF": head} | dict(sorted(files.items())))
    sources = bundle / SOURCES
    code = {path.relative_to(sources).as_posix(): path for path in sorted(sources.rglob("*.java"))}
    archive.write(folder / "sources", code)
    return [
        stored(ArtifactKind.POM, pom),
        stored(ArtifactKind.JAR, folder / "jar"),
        stored(ArtifactKind.SOURCES, folder / "sources"),
    ]


def record(bundle: Bundle, made: list[Made]) -> None:
    """Have the repository serve what was made, in the transaction that publishes the bundle.

    Coordinates belong to the model and target that had them first: what another model makes under
    the same ones is left out, since clients could not tell the two apart.
    """
    maven = bundle.manifest["maven"]
    project, _ = MavenProject.objects.get_or_create(
        group=maven["group"],
        artifact=maven["artifact"],
        defaults={"model_id": bundle.version.model_id, "target": bundle.target},
    )
    if (project.model_id, project.target) != (bundle.version.model_id, bundle.target):
        return
    record_files(project, maven["version"], made, bundle)


def record_files(
    project: MavenProject, version: str, made: list[Made], bundle: Bundle | None = None
) -> None:
    """Have the repository serve one version; bundle: none for a library of ours."""
    Artifact.objects.bulk_create(
        Artifact(
            bundle=bundle,
            project=project,
            kind=one.kind,
            version=version,
            size=one.blob.size,
            sha256=one.blob.sha256,
            md5=one.md5,
            sha1=one.sha1,
            sha512=one.sha512,
        )
        for one in made
    )


def _classes(classes: Path) -> dict[str, Path]:
    found = {path.relative_to(classes).as_posix(): path for path in classes.rglob("*.class")}
    return {name: path for name, path in found.items() if not OF_TESTS.search(name)}


def _resources(bundle: Path, classes: Path, manifest: Mapping[str, Any]) -> dict[str, Path]:
    """The model and the golden rows where the classes look for them, and the licences."""
    package = _one(classes, "ModelFile.class").parent.relative_to(classes).as_posix()
    names = [manifest["file"], *manifest["data_files"]]
    names += [f"golden/{path.name}" for path in (bundle / "golden").iterdir()]
    files = {f"{package}/{name}": bundle / name for name in names}
    licences = {f"META-INF/licenses/{path.name}": path for path in (bundle / "LICENSES").iterdir()}
    return files | licences


def _head(classes: Path) -> str:
    scorer = _one(classes, "*Scorer.class").relative_to(classes).with_suffix("").as_posix()
    line = f"Main-Class: {scorer.replace('/', '.')}"
    # Lines of a manifest hold 72 bytes; a blank goes on with the one before.
    parts = [line[:70], *(f" {line[at : at + 69]}" for at in range(70, len(line), 69))]
    return "\n".join(["Manifest-Version: 1.0", *parts, "", ""])


def _one(classes: Path, pattern: str) -> Path:
    (found,) = classes.rglob(pattern)
    return found


def stored(kind: ArtifactKind, path: Path) -> Made:
    """A file put into the store, with its sums.

    Raises:
        StorageFull, OSError: no room.
    """
    sums = {name: hashlib.new(name, usedforsecurity=False) for name in ("md5", "sha1", "sha512")}
    with path.open("rb") as content:
        while piece := content.read(PIECE):
            for one in sums.values():
                one.update(piece)
    told = {name: one.hexdigest() for name, one in sums.items()}
    return Made(kind, store().put(path), told["md5"], told["sha1"], told["sha512"])
