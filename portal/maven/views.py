"""Answers a Maven client: metadata, poms, jars and their sums, and nothing else."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from portal import downloads
from portal.api import tokens
from portal.maven import holdings, making, metadata, places
from portal.maven.places import Place
from portal.models import ApiToken
from registry.storage import store
from workers import libraries
from workers.models import AliasBuild, Artifact, ArtifactKind, MavenProject

TYPES = {
    ArtifactKind.POM: "application/xml",
    ArtifactKind.JAR: "application/java-archive",
    ArtifactKind.SOURCES: "application/java-archive",
}
RETRY_SECONDS = 30


@require_safe
def serve(request: HttpRequest, path: str) -> HttpResponseBase:
    """One file of the repository.

    401 with a challenge where reading is closed and nobody signed in, since clients ask without
    their token first; 404 for all that is not here, and for what the caller may not know of; 503
    where it is being made.
    """
    token = _token(request)
    user = token.user if token is not None else _signed_in(request)
    if user is None and (not settings.OPEN_READING or _signs_in(request)):
        return _challenge()
    limit = token.source_ids if token is not None else None
    for place in places.parse(path):
        if answer := _found(request, place, limit):
            return answer
        if settings.MAVEN_MAKES and user is not None and making.begin(place, user, limit):
            return _later()
    return HttpResponse(_nothing(path), status=404, content_type="text/plain")


def _nothing(path: str) -> str:
    """What a 404 says: of a library of ours also why it is not there yet."""
    asked = [one for one in places.parse(path) if one.group == libraries.GROUP]
    said = {libraries.pending(one.group, one.artifact) for one in asked}
    return " ".join([f"There is no {path} here.", *sorted(said - {""})]) + "\n"


def _found(
    request: HttpRequest, place: Place, limit: Collection[int] | None
) -> HttpResponseBase | None:
    """limit: the sources, by id, whose models the caller may know of; None: all."""
    if place.kind is not None and not place.alias:
        artifact = holdings.released(place)
        if artifact is None or not _among(artifact.project, limit):
            return None
        return _file(request, place, artifact)
    project = holdings.project_of(place)
    if project is None or not _among(project, limit):
        return None
    if place.alias:
        return _of_alias(request, project, place)
    told = None if place.version else holdings.versions(project)
    return _small(request, place, *told) if told is not None else None


def _among(project: MavenProject, limit: Collection[int] | None) -> bool:
    """A library of ours is of no source, and for everybody."""
    return limit is None or project.model is None or project.model.source_id in limit


def _of_alias(request: HttpRequest, project: MavenProject, place: Place) -> HttpResponseBase | None:
    build = _build(project, place)
    if build is None:
        return None
    if place.kind is None:
        content = metadata.snapshot(project, build, holdings.kinds_of(build.bundle_id))
        return _small(request, place, content, build.created_at)
    artifact = holdings.artifact_of(build.bundle_id, place.kind)
    if artifact is None:
        return None
    if place.kind is not ArtifactKind.POM:
        return _file(request, place, artifact)
    # The pom of an alias says the version by which it was asked for.
    with store().open(artifact.sha256) as blob:
        text = blob.read().decode("utf-8")
    own = f"<version>{artifact.version}</version>"
    content = text.replace(own, f"<version>{place.version}</version>", 1).encode("utf-8")
    return _small(request, place, content, build.created_at)


def _build(project: MavenProject, place: Place) -> AliasBuild | None:
    """The build that is meant: the one that the file's name gives, or the one of now."""
    if not place.stamped:
        return holdings.current(project, place.alias)
    number = int(place.stamped.rpartition("-")[2])
    build = holdings.numbered(project, place.alias, number)
    return build if build is not None and metadata.stamped(build) == place.stamped else None


def _file(request: HttpRequest, place: Place, artifact: Artifact) -> HttpResponseBase:
    if place.sum:
        content = getattr(artifact, place.sum).encode("ascii")
        return _small_file(request, content, artifact.created_at)
    kind = TYPES[ArtifactKind(artifact.kind)]
    answer = downloads.blob(request, artifact.sha256, artifact.size, kind)
    answer["Last-Modified"] = http_date(artifact.created_at.timestamp())
    return answer


def _small(
    request: HttpRequest, place: Place, content: bytes, changed: datetime
) -> HttpResponseBase:
    """What is written as it is asked for: the content, or a sum of it."""
    if place.sum:
        content = hashlib.new(place.sum, content, usedforsecurity=False).hexdigest().encode()
        return _small_file(request, content, changed)
    return _small_file(request, content, changed, "application/xml")


def _small_file(
    request: HttpRequest, content: bytes, changed: datetime, kind: str = "text/plain"
) -> HttpResponseBase:
    tag = f'"{hashlib.sha256(content).hexdigest()}"'
    answer = downloads.unchanged(request, tag, changed) or HttpResponse(content, content_type=kind)
    answer["ETag"] = tag
    answer["Last-Modified"] = http_date(changed.timestamp())
    patch_cache_control(answer, private=True, no_cache=True)
    return answer


def _signed_in(request: HttpRequest) -> User | None:
    """Who looks with a browser; nobody where a token was given, were it wrong."""
    return request.user if isinstance(request.user, User) and not _signs_in(request) else None


def _token(request: HttpRequest) -> ApiToken | None:
    """The token that came as the password of HTTP Basic or as a bearer's."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    text = ""
    if scheme.lower() == "basic":
        text = _password(rest)
    elif scheme.lower() == "bearer":
        text = rest.strip()
    return tokens.find(text) if text else None


def _password(encoded: str) -> str:
    try:
        name_and_password = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return name_and_password.partition(":")[2]


def _signs_in(request: HttpRequest) -> bool:
    """Whether the caller tried: a wrong token is told so, and never served as a stranger's."""
    return bool(request.headers.get("Authorization"))


def _challenge() -> HttpResponse:
    return HttpResponse(
        "Give an API token as the password; any user name will do.\n",
        status=401,
        content_type="text/plain",
        headers={"WWW-Authenticate": 'Basic realm="crossport"'},
    )


def _later() -> HttpResponse:
    return HttpResponse(
        f"This is being exported; ask again in {RETRY_SECONDS} seconds.\n",
        status=503,
        content_type="text/plain",
        headers={"Retry-After": str(RETRY_SECONDS)},
    )
