"""Asking for exports, cancelling and trying again: the one place that makes jobs."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction

from converters import catalog, contract, environments
from converters.preflight import Answer
from registry.models import ModelVersion
from workers import jars, readings
from workers.environments import digest
from workers.models import Export, Job, JobState
from workers.pipeline import FETCH_REFUSALS
from workers.queues import wake_job

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

INPUTS = ("auto", "columns", "tensor")
# Ended without saying anything about the model: asking again is worth another job.
UNDECIDED = frozenset({JobState.CRASHED, JobState.CANCELLED})
LIVE = frozenset({JobState.QUEUED, JobState.RUNNING})
# The extras of pyproject.toml that hold what loads, converts and judges on the CPU.
_CONVERTING = re.compile(r"""extra == ['"](converters|conversion)['"]""")


class Refused(Exception):
    """This export cannot be; no job was made. The sentence is for whoever asked."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class NotNow(Exception):
    """The job's state does not allow what was asked.

    code: job_not_live, job_not_final or job_not_retryable.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def request_export(
    version: ModelVersion,
    target: str,
    options: contract.Options | Mapping[str, Any] | None = None,
    profile: str = "java-cpu",
    user: User | AnonymousUser | None = None,
) -> tuple[Export, bool]:
    """The export of this version in this form, and whether it is new; its job is on its way.

    The same request is the same export, also when several ask at once. One whose last job crashed
    or was cancelled gets another job; one that was refused or has succeeded stays as it is.

    Raises:
        Refused: it is known beforehand that this cannot be; nothing is stored.
    """
    chosen = _options(options, target)
    if chosen.tolerance and not (user is not None and user.is_authenticated and user.is_staff):
        raise Refused(
            "tolerance_reserved",
            "Only an administrator may set another tolerance than the usual one; leave it out, or "
            "ask one to request this export.",
        )
    route = _route(version, target, profile)
    identity = identity_of(version, route, chosen, profile)
    with transaction.atomic():
        export, created = Export.objects.get_or_create(
            identity=identity,
            defaults={
                "version": version,
                "target": target,
                "flavor": route.flavor,
                "options": dataclasses.asdict(chosen),
                "profile": profile,
                "requested_by": user if user is not None and user.is_authenticated else None,
            },
        )
        last = _newest_job(export)
        if last is None or worth_another(last):
            _new_job(export, route)
    return export, created


def cancel(job: Job) -> None:
    """End a job: at once while it waits, within about a second while it runs.

    Raises:
        NotNow: it has ended already.
    """
    with transaction.atomic():
        held = Job.objects.select_for_update().get(pk=job.pk)
        if held.state == JobState.QUEUED:
            held.move(
                JobState.CANCELLED,
                cancel_requested=True,
                code="cancelled",
                sentence="Cancelled before it began.",
            )
        elif held.state == JobState.RUNNING:
            Job.objects.filter(pk=job.pk).update(cancel_requested=True)
        else:
            raise NotNow("job_not_live", f"Job {job.pk} has ended already ({held.state}).")
    job.refresh_from_db()


def retry(export: Export, user: User | AnonymousUser | None = None) -> Job:
    """Another job for an export whose last one crashed or was cancelled.

    Raises:
        NotNow: one is still at work, or another would end the same.
        Refused: the export has become impossible since.
    """
    with transaction.atomic():
        last = _newest_job(export)
        if last is not None and last.state in LIVE:
            raise NotNow("job_not_final", "A job of this export is still at work.")
        if last is not None and not worth_another(last):
            raise NotNow(
                "job_not_retryable",
                f"This export has {last.state}; the same model and options would end the same.",
            )
        return _new_job(export, _route(export.version, export.target, export.profile))


def worth_another(job: Job) -> bool:
    """Whether another job of the same export could end otherwise than this one did."""
    return job.state in UNDECIDED or (job.state == JobState.REFUSED and job.code in FETCH_REFUSALS)


def identity_of(
    version: ModelVersion, route: catalog.Route, options: contract.Options, profile: str
) -> str:
    """The sha256 that makes the same request the same export, in hexadecimal."""
    parts = {
        "version": version.pk,
        "artifacts": version.artifact_uri or version.source_uri,
        "model_uuid": version.mlmodel.get("model_uuid", ""),
        "run": version.run_id,
        "flavor": route.flavor,
        "target": route.target,
        "options": dataclasses.asdict(options),
        "profile": profile,
        "converters": converter_versions(),
        "environments": environment_digests(route),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def environment_digests(route: catalog.Route) -> dict[str, str]:
    """What the route's own environments and jars are made of; not the standard environment."""
    target = catalog.target(route.target)
    names = {route.environment, target.environment if target else environments.STANDARD}
    own = {name: digest(name) for name in sorted(names - {environments.STANDARD})}
    return own | ({target.jars: jars.digest(target.jars)} if target and target.jars else {})


def converter_versions() -> dict[str, str]:
    """The versions of what converts, from installed metadata alone: nothing is imported.

    Where the converters live on other machines, as with the slim web image, what our own package
    asks of them stands for the version.
    """
    found = {"crossport": metadata.version("crossport")}
    for requirement in metadata.requires("crossport") or []:
        wanted, _, marker = requirement.partition(";")
        name = re.split(r"[\s<>=!~\[]", wanted.strip(), maxsplit=1)[0]
        if name in found or not _CONVERTING.search(marker):
            continue
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = wanted.strip()
    return found


def _newest_job(export: Export) -> Job | None:
    """The job that speaks for the export; until the commit nobody else gives it another one."""
    Export.objects.select_for_update().get(pk=export.pk)
    return export.jobs.first()


def _new_job(export: Export, route: catalog.Route) -> Job:
    """Make and announce a job, or find the one that somebody else has just made.

    Raises:
        Refused: the version is gone upstream.
    """
    if export.version.gone_at is not None:  # what was exported before it went stays to be had
        raise Refused(
            "version_gone", "This version is gone from its registry; there is nothing to fetch."
        )
    try:
        with transaction.atomic():
            job = Job.objects.create(export=export, queue=str(route.queue))
    except IntegrityError:
        return export.jobs.latest("pk")  # it may have ended meanwhile, and is still the answer
    wake_job(job)
    return job


def _options(options: contract.Options | Mapping[str, Any] | None, target: str) -> contract.Options:
    if not isinstance(options, contract.Options):
        try:
            options = contract.load(contract.Options, json.dumps(dict(options or {})))
        except (contract.ContractError, TypeError) as error:
            raise Refused("bad_options", f"The options do not hold: {error}.") from error
    if options.inputs not in INPUTS:
        raise Refused("bad_options", f"inputs is one of {', '.join(INPUTS)}.")
    if not 0 <= options.opset <= 99:
        raise Refused("bad_options", "opset is a number of ONNX, or 0 for the route's own choice.")
    if not 0 <= options.tolerance <= contract.TOLERANCE_MOST:
        raise Refused(
            "bad_options",
            f"tolerance is a number from 0, the usual one, to {contract.TOLERANCE_MOST:g}.",
        )
    if options.opset and target != "onnx":
        raise Refused("bad_options", f"opset is an ONNX option; leave it out for {target}.")
    return options


def _route(version: ModelVersion, target: str, profile: str) -> catalog.Route:
    """The route that this version takes to the target.

    Raises:
        Refused: there is none, or it is known that it cannot be taken.
    """
    wanted = catalog.target(target)
    if wanted is None:
        names = ", ".join(row.name for row in catalog.TARGETS)
        raise Refused("unknown_target", f"There is no target {target!r}; there are {names}.")
    if profile not in catalog.PROFILES:
        known = ", ".join(catalog.PROFILES)
        raise Refused("unknown_profile", f"There is no profile {profile!r}; there is {known}.")
    if target == "pmml" and not settings.PMML_ENABLED:
        raise Refused(
            "target_off",
            f"{wanted.title} is switched off here ({wanted.licence_note}); an administrator turns "
            "it on with CROSSPORT_PMML=1.",
        )
    if not version.mlmodel:
        reason = version.mlmodel_problem or "its MLmodel file has not been read yet"
        raise Refused("mlmodel_unread", f"Nothing is known about this version: {reason}")
    verdict = next(row for row in readings.verdicts(version) if row.target == target)
    route = catalog.route(verdict.flavor, target)
    if verdict.answer is Answer.CANNOT or route is None:
        raise Refused(verdict.code, verdict.sentence)
    return route
