"""What a path of the repository means, by Maven's own layout of a remote repository.

https://maven.apache.org/repository/layout.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from workers.models import ArtifactKind

METADATA = "maven-metadata.xml"
SNAPSHOT = "-SNAPSHOT"
SUMS = ("md5", "sha1", "sha256", "sha512")
# What follows the version in a file's name; the longest first.
ENDINGS = {
    "-sources.jar": ArtifactKind.SOURCES,
    ".jar": ArtifactKind.JAR,
    ".pom": ArtifactKind.POM,
}
# `20261121.000000-1`: when an alias's build was made, and its number.
STAMP = re.compile(r"^(?P<alias>.+)-(?P<time>\d{8}\.\d{6})-(?P<number>\d{1,9})$")


@dataclass(frozen=True)
class Place:
    """One file of the repository.

    version: empty for the metadata of all versions. kind: none for metadata.
    sum: the checksum that is asked of the file, empty where the file itself is.
    stamped: what stands in the file's name in place of the version; of an alias's build.
    """

    group: str
    artifact: str
    version: str = ""
    kind: ArtifactKind | None = None
    sum: str = ""
    stamped: str = ""

    @property
    def alias(self) -> str:
        """The alias that the version follows; empty for a version of its own."""
        return self.version.removesuffix(SNAPSHOT) if self.version.endswith(SNAPSHOT) else ""


def parse(path: str) -> list[Place]:
    """What a path may mean, likelier first; nothing where it is no file of a repository.

    `a/b/c/maven-metadata.xml` is of the artifact c, or of c's version as it were: an alias.
    """
    parts = path.split("/")
    if any(not part for part in parts):
        return []
    name, asked = parts[-1], ""
    for one in SUMS:
        if name.endswith(f".{one}"):
            name, asked = name.removesuffix(f".{one}"), one
    if name == METADATA:
        found = []
        if len(parts) > 3 and parts[-2].endswith(SNAPSHOT):
            found.append(Place(".".join(parts[:-3]), parts[-3], parts[-2], sum=asked))
        if len(parts) > 2:
            found.append(Place(".".join(parts[:-2]), parts[-2], sum=asked))
        return found
    if len(parts) < 4:
        return []
    return _file(".".join(parts[:-3]), parts[-3], parts[-2], name, asked)


def _file(group: str, artifact: str, version: str, name: str, asked: str) -> list[Place]:
    if not name.startswith(f"{artifact}-"):
        return []
    rest = name.removeprefix(f"{artifact}-")
    for ending, kind in ENDINGS.items():
        middle = rest.removesuffix(ending)
        if middle == rest:
            continue
        if middle == version:
            return [Place(group, artifact, version, kind, asked)]
        stamp = STAMP.match(middle)
        if stamp and version == stamp["alias"] + SNAPSHOT:
            return [Place(group, artifact, version, kind, asked, middle)]
    return []
