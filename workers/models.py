"""Exports, their jobs and steps, and the bundles they publish. The job row is the truth."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from registry.models import ModelVersion, RegisteredModel


class JobState(models.TextChoices):
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    SUCCEEDED = "succeeded", _("succeeded")
    REFUSED = "refused", _("refused")
    CRASHED = "crashed", _("crashed")
    CANCELLED = "cancelled", _("cancelled")


FINAL = frozenset({JobState.SUCCEEDED, JobState.REFUSED, JobState.CRASHED, JobState.CANCELLED})
# The whole life of a job. RUNNING → QUEUED is the reaper's, after a lease ran out.
NEXT: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED, JobState.CRASHED}),
    JobState.RUNNING: FINAL | {JobState.QUEUED},
}


class StepName(models.TextChoices):
    FETCH = "fetch", _("fetch")
    ENVIRONMENT = "environment", _("environment")
    CONVERT = "convert", _("convert")
    PARITY = "parity", _("parity")
    OPTIMISE = "optimise", _("optimise")
    BENCHMARK = "benchmark", _("benchmark")
    JVM = "jvm", _("jvm")
    BUNDLE = "bundle", _("bundle")


class StepState(models.TextChoices):
    PENDING = "pending", _("pending")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    SKIPPED = "skipped", _("skipped")
    FAILED = "failed", _("failed")


class ReadingState(models.TextChoices):
    PENDING = "pending", _("pending")
    READ = "read", _("read")
    TOO_LARGE = "too_large", _("too large")
    FAILED = "failed", _("failed")


class LostRace(Exception):
    """Somebody else moved this job on, or took it over; what this caller holds is stale."""

    def __init__(self, job_id: int, to: str) -> None:
        super().__init__(f"job {job_id} could not move to {to}")


class Export(models.Model):
    """One version, one target, one set of options; asked for twice it is the same row."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="exports")
    target = models.CharField(max_length=30)
    flavor = models.CharField(max_length=60)
    options = models.JSONField(default=dict)  # converters.contract.Options
    profile = models.CharField(max_length=60, default="java-cpu")
    # sha256 over version, target, canonical options, profile and the converters' versions.
    identity = models.CharField(max_length=64, unique=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="exports"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"export {self.pk} → {self.target}"


class Job(models.Model):
    """The work of one export. `state` is assigned by `move` alone."""

    export = models.ForeignKey(Export, on_delete=models.PROTECT, related_name="jobs")
    queue = models.CharField(max_length=30)
    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    # Fencing token: every claim adds one, every write of a worker names the one it holds.
    attempt = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    cancel_requested = models.BooleanField(default=False)
    # The bundle's number, reserved when the bundle step begins and kept across attempts.
    build = models.PositiveIntegerField(null=True, blank=True)
    code = models.CharField(max_length=60, blank=True)
    sentence = models.TextField(blank=True)
    report = models.JSONField(default=dict)  # workers.reports.JobReport
    log = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["export"],
                condition=Q(state__in=["queued", "running"]),
                name="one_live_job_an_export",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], finished_at__isnull=True)
                | (~Q(state__in=["queued", "running"]) & Q(finished_at__isnull=False)),
                name="job_finished_iff_final",
            ),
        ]
        indexes = [
            models.Index(fields=["queue", "id"], condition=Q(state="queued"), name="job_waiting"),
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="job_leases"),
        ]

    def __str__(self) -> str:
        return f"job {self.pk} {self.state}"

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    def move(self, to: JobState, *, attempt: int | None = None, **fields: object) -> None:
        """Change state, if the table allows it and, with `attempt`, if that attempt still holds it.

        Raises:
            LostRace: the row has moved on, or another attempt holds it.
        """
        origins = [state for state, allowed in NEXT.items() if to in allowed]
        rows = Job.objects.filter(pk=self.pk, state__in=origins)
        if attempt is not None:
            rows = rows.filter(attempt=attempt)
            if to != JobState.RUNNING:
                # An attempt speaks only while it runs: requeued, the row still shows its number.
                rows = rows.filter(state=JobState.RUNNING)
        if to in FINAL:
            fields["finished_at"] = Now()  # the clock that `started_at` and the lease are told by
            fields["lease_until"] = None
        if to == JobState.RUNNING:
            fields["attempt"] = F("attempt") + 1
        if not rows.update(state=to, **fields):
            raise LostRace(self.pk, to)
        self.refresh_from_db()


class Step(models.Model):
    """One stage of one attempt of a job."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="steps")
    attempt = models.PositiveIntegerField()
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=20, choices=StepName)
    state = models.CharField(max_length=10, choices=StepState, default=StepState.PENDING)
    detail = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["job", "attempt", "position"]
        constraints = [
            models.UniqueConstraint(fields=["job", "attempt", "name"], name="one_step_an_attempt")
        ]

    def __str__(self) -> str:
        return f"{self.job_id}.{self.attempt} {self.name} {self.state}"


class Bundle(models.Model):
    """An immutable archive that an export published. Insert-only."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="bundles")
    export = models.ForeignKey(Export, on_delete=models.PROTECT, related_name="bundles")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="bundle")
    target = models.CharField(max_length=30)
    build = models.PositiveIntegerField()
    file_name = models.CharField(max_length=600)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    manifest = models.JSONField()  # the bundle's manifest.json, as parsed
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "target", "build"], name="one_bundle_a_build"
            )
        ]

    def __str__(self) -> str:
        return self.file_name


class ProofState(models.TextChoices):
    PENDING = "pending", _("pending")
    PROVEN = "proven", _("proven")
    FAILED = "failed", _("failed")


class Proof(models.Model):
    """The JVM check of a bundle that was published without one; done once, by a worker that can."""

    bundle = models.OneToOneField(Bundle, on_delete=models.CASCADE, related_name="proof")
    state = models.CharField(
        max_length=10, choices=ProofState, default=ProofState.PENDING, db_index=True
    )
    due_at = models.DateTimeField(default=timezone.now)  # when a worker is asked again
    sentence = models.TextField(blank=True)  # why it is not proven
    java = models.CharField(max_length=60, blank=True)
    rows = models.PositiveIntegerField(default=0)
    proved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-bundle"]

    def __str__(self) -> str:
        return f"Java of bundle {self.bundle_id}: {self.state}"


class MavenProject(models.Model):
    """Who owns a group and an artifact id: one model and target for ever, so that no two mix.

    Without a model it is a library of ours (workers.libraries).
    """

    group = models.CharField(max_length=200)
    artifact = models.CharField(max_length=300)
    model = models.ForeignKey(
        RegisteredModel, null=True, on_delete=models.PROTECT, related_name="maven_projects"
    )
    target = models.CharField(max_length=30, blank=True)

    class Meta:
        ordering = ["group", "artifact"]
        constraints = [
            models.UniqueConstraint(fields=["group", "artifact"], name="one_owner_of_coordinates")
        ]

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}"


class ArtifactKind(models.TextChoices):
    POM = "pom", "POM"
    JAR = "jar", _("jar")
    SOURCES = "sources", _("sources jar")


class Artifact(models.Model):
    """A file that the Maven repository serves of a bundle, or of a library. Insert-only."""

    bundle = models.ForeignKey(
        Bundle, null=True, on_delete=models.PROTECT, related_name="artifacts"
    )
    project = models.ForeignKey(MavenProject, on_delete=models.PROTECT, related_name="artifacts")
    kind = models.CharField(max_length=10, choices=ArtifactKind)
    version = models.CharField(max_length=200)  # Maven's word: the model version and the build
    size = models.BigIntegerField()
    # Sums in hex, as Maven's clients ask for them; the content is stored under its sha256.
    sha256 = models.CharField(max_length=64)
    md5 = models.CharField(max_length=32)
    sha1 = models.CharField(max_length=40)
    sha512 = models.CharField(max_length=128)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["bundle", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["bundle", "kind"], name="one_artifact_a_kind"),
            models.UniqueConstraint(
                fields=["project", "version", "kind"], name="one_artifact_a_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.version} {self.kind}"


class LibraryBuild(models.Model):
    """A version of a library of ours for the Maven repository; compiled once, by whoever can."""

    project = models.ForeignKey(
        MavenProject, on_delete=models.PROTECT, related_name="library_builds"
    )
    version = models.CharField(max_length=200)
    due_at = models.DateTimeField(default=timezone.now)  # when a worker is asked again
    sentence = models.TextField(blank=True)  # why it is not published
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "version"], name="one_build_of_a_library_a_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.version}"


class AliasBuild(models.Model):
    """A build of an alias's `…-SNAPSHOT`: which bundle it stood for from then on. Insert-only."""

    project = models.ForeignKey(MavenProject, on_delete=models.PROTECT, related_name="alias_builds")
    alias = models.CharField(max_length=250)
    number = models.PositiveIntegerField()
    bundle = models.ForeignKey(Bundle, on_delete=models.PROTECT, related_name="alias_builds")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["project", "alias", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "alias", "number"], name="one_build_of_an_alias_a_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.alias}-SNAPSHOT #{self.number}"


class Reading(models.Model):
    """What a version's files told pre-flight; read as bytes in a child, never loaded."""

    version = models.OneToOneField(ModelVersion, on_delete=models.CASCADE, related_name="reading")
    state = models.CharField(max_length=10, choices=ReadingState, default=ReadingState.PENDING)
    sentence = models.TextField(blank=True)  # why they were not read, where they were not
    depth = models.CharField(max_length=10, default="mlmodel")  # converters.preflight.Depth
    findings = models.JSONField(default=list)  # converters.static.finding.Finding
    # What was read, and by what: where either has changed since, it is read anew.
    files_revision = models.PositiveIntegerField(default=0)
    readers = models.CharField(max_length=64, blank=True)  # converters.reading.digest
    limit_mb = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    # Fencing token: every claim adds one, and what it found is stored under its number alone.
    attempt = models.PositiveIntegerField(default=0)
    busy_until = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)  # when what failed is tried again
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-version"]

    def __str__(self) -> str:
        return f"files of version {self.version_id}: {self.state}"


class Worker(models.Model):
    """A worker process as it last reported itself."""

    name = models.CharField(max_length=120, unique=True)
    host = models.CharField(max_length=200)
    queues = models.JSONField(default=list)
    started_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
