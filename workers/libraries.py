"""Our own Java libraries, of clients/, in the Maven repository: compiled once a version.

Their sources ship with the installation; a worker that has Java compiles them, and what it made is
recorded for ever. A library's pom is its project's own, as Maven itself would publish it.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from workers import archive, environments, jars, maven
from workers.jvm import runtime
from workers.maven import Made
from workers.models import ArtifactKind, LibraryBuild, MavenProject
from workers.queues import wake_library

GROUP = "io.crossport"
ROOT = Path(__file__).resolve().parent.parent
POM = "{http://maven.apache.org/POM/4.0.0}"
JAVA = Path("src/main/java")
RESOURCES = Path("src/main/resources")
AGAIN = timedelta(minutes=10)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Library:
    """One project in Maven's layout, and what it is compiled against.

    folder: below `root`. module: its Automatic-Module-Name. jars: sets of pinned jars
    (converters.environments). needs: libraries of ours that it uses, by their folders.
    """

    folder: str
    module: str
    jars: tuple[str, ...]
    needs: tuple[str, ...] = ()
    root: Path = ROOT

    @property
    def place(self) -> Path:
        return self.root / self.folder

    @property
    def coordinates(self) -> tuple[str, str, str]:
        """Group, artifact and version, as its pom says them."""
        pom = ElementTree.parse(self.place / "pom.xml").getroot()  # noqa: S314 - our own file
        names = ("groupId", "artifactId", "version")
        group, artifact, version = (pom.findtext(f"{POM}{name}", "") for name in names)
        return group, artifact, version


LIBRARIES = (
    Library("clients/java", "io.crossport.client", ("client",)),
    Library("clients/spring-boot", "io.crossport.spring", ("spring",)),
)


class Uncompiled(Exception):
    """A library that cannot be compiled here; the message says why."""


def wake() -> None:
    """Note what this version of Crossport has to publish, and have it compiled.

    Called every ten seconds; a worker without Java is asked again after ten minutes.
    """
    for library in LIBRARIES:
        if not library.place.is_dir():  # an installation without the sources has nothing to give
            continue
        group, artifact, version = library.coordinates
        # Reserved at once, so that no model's bundle takes a library's coordinates.
        project, _ = MavenProject.objects.get_or_create(group=group, artifact=artifact)
        row, _ = LibraryBuild.objects.get_or_create(project=project, version=version)
        due = LibraryBuild.objects.filter(pk=row.pk, published_at=None, due_at__lte=Now())
        if due.update(due_at=timezone.now() + AGAIN):
            wake_library(row.pk, expires=AGAIN.total_seconds())


def publish(build_id: int) -> None:
    """Compile a library and have the repository serve it, unless that was done.

    A worker without Java says so in the row and leaves it to others; so does one that has another
    version of Crossport.
    """
    row = LibraryBuild.objects.select_related("project").filter(pk=build_id).first()
    if row is None or row.published_at is not None:
        return
    wanted = (row.project.group, row.project.artifact, row.version)
    here = (one for one in LIBRARIES if one.place.is_dir())
    library = next((one for one in here if one.coordinates == wanted), None)
    if library is None:
        return
    if row.project.model_id is not None:
        _say(row, f"{row.project} belongs to a model that was published under it before.")
        return
    home = Path(settings.CROSSPORT_HOME) / "libraries"
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as folder:
        try:
            made = make(Path(folder), library, Path(settings.ENVIRONMENTS_FOLDER))
        except (runtime.Lacking, environments.EnvironmentProblem, Uncompiled) as problem:
            _say(row, str(problem))
            return
    with transaction.atomic():
        mine = LibraryBuild.objects.filter(pk=row.pk, published_at=None)
        if mine.update(published_at=timezone.now(), sentence=""):
            maven.record_files(row.project, row.version, made)
    logger.info("%s:%s is in the Maven repository", row.project, row.version)


def make(folder: Path, library: Library, environments_folder: Path) -> list[Made]:
    """Pom, jar and sources jar of a library; stored, and not yet recorded.

    folder: for what is made on the way. The same sources and compiler give the same bytes.

    Raises:
        runtime.Lacking, environments.EnvironmentProblem: no Java, or not the jars.
        Uncompiled: the compiler refuses it.
        StorageFull, OSError: no room.
    """
    java = runtime.ready(environments_folder, logger.info, _never)
    classes = _compiled(folder, library, java, environments_folder)
    group, artifact, _ = library.coordinates
    pom = library.place / "pom.xml"
    head = folder / "MANIFEST.MF"
    lines = ("Manifest-Version: 1.0", f"Automatic-Module-Name: {library.module}", "", "")
    head.write_text("\n".join(lines), encoding="utf-8", newline="\r\n")
    files = _below(classes, "*.class") | _below(library.place / RESOURCES, "*")
    files[f"META-INF/maven/{group}/{artifact}/pom.xml"] = pom
    # A manifest counts where it comes first.
    archive.write(folder / "jar", {"META-INF/MANIFEST.MF": head} | dict(sorted(files.items())))
    sources = _below(library.place / JAVA, "*.java") | _below(library.place / RESOURCES, "*")
    archive.write(folder / "sources", dict(sorted(sources.items())))
    return [
        maven.stored(ArtifactKind.POM, pom),
        maven.stored(ArtifactKind.JAR, folder / "jar"),
        maven.stored(ArtifactKind.SOURCES, folder / "sources"),
    ]


def pending(group: str, artifact: str) -> str:
    """Why the newest version of a library is not in the repository; empty where it is."""
    rows = LibraryBuild.objects.filter(project__group=group, project__artifact=artifact)
    row = rows.order_by("-pk").first()
    if row is None or row.published_at is not None:
        return ""
    return row.sentence or "No worker has compiled it yet."


def _compiled(
    folder: Path, library: Library, java: runtime.Runtime, environments_folder: Path
) -> Path:
    """The folder of a library's classes; those of what it needs are made first."""
    path: list[Path] = []
    for name in library.needs:
        (needed,) = (one for one in LIBRARIES if one.folder == name)
        path.append(_compiled(folder, needed, java, environments_folder))
    for one in library.jars:
        path += sorted(jars.ready(one, environments_folder, logger.info, _never).glob("*.jar"))
    to = folder / library.module
    to.mkdir(exist_ok=True)
    sources = sorted((library.place / JAVA).rglob("*.java"))
    said = runtime.compile_sources(java, sources, path, to)
    if said:
        raise Uncompiled(f"{library.folder} does not compile here: {said[:500]}")
    return to


def _below(folder: Path, pattern: str) -> dict[str, Path]:
    found: Iterable[Path] = folder.rglob(pattern) if folder.is_dir() else ()
    return {path.relative_to(folder).as_posix(): path for path in found if path.is_file()}


def _say(row: LibraryBuild, sentence: str) -> None:
    logger.warning("%s:%s is not in the Maven repository: %s", row.project, row.version, sentence)
    LibraryBuild.objects.filter(pk=row.pk, published_at=None).update(sentence=sentence)


def _never() -> bool:
    return False
