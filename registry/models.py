"""The mirror: what upstream registries hold, as last seen. Written only by `registry.sync`."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _


class SourceKind(models.TextChoices):
    MLFLOW = "mlflow", _("MLflow server")


class Source(models.Model):
    """One upstream registry that is mirrored."""

    slug = models.SlugField(max_length=60, unique=True)
    kind = models.CharField(max_length=30, choices=SourceKind, default=SourceKind.MLFLOW)
    url = models.URLField(max_length=500)
    maven_group = models.CharField(max_length=120, default="models")
    username = models.CharField(max_length=200, blank=True)
    # Password or token, encrypted (registry/secrets.py); never shown, never logged.
    secret = models.BinaryField(blank=True, default=b"")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class SyncState(models.TextChoices):
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


class SyncRun(models.Model):
    """One walk over a source: what it saw and changed, or in which sentence it failed."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    state = models.CharField(max_length=10, choices=SyncState, default=SyncState.RUNNING)
    code = models.CharField(max_length=60, blank=True)
    sentence = models.TextField(blank=True)
    calls = models.PositiveIntegerField(default=0)
    models_seen = models.PositiveIntegerField(default=0)
    versions_seen = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            # One sync a source at a time; a second one finds the row taken.
            models.UniqueConstraint(
                fields=["source"], condition=models.Q(state="running"), name="one_running_sync"
            ),
            models.CheckConstraint(
                condition=models.Q(state="running", finished_at__isnull=True)
                | (~models.Q(state="running") & models.Q(finished_at__isnull=False)),
                name="sync_finished_iff_final",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id}#{self.pk} {self.state}"


class RegisteredModel(models.Model):
    """A registered model as MLflow defines it."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="registered_models")
    name = models.CharField(max_length=500)
    description = models.TextField(blank=True)
    tags = models.JSONField(default=dict)  # {"schema"-free: str → str, as upstream has them}
    remote_created_at = models.DateTimeField(null=True)
    remote_updated_at = models.DateTimeField(null=True)
    row_hash = models.CharField(max_length=64, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-remote_updated_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["source", "name"], name="one_model_a_name")]
        indexes = [
            models.Index(fields=["-remote_updated_at", "-id"], name="model_newest"),
            GinIndex(fields=["tags"], opclasses=["jsonb_path_ops"], name="model_tags"),
        ]

    def __str__(self) -> str:
        return self.name


class ModelVersion(models.Model):
    """A model version with what its run and its `MLmodel` file say."""

    model = models.ForeignKey(RegisteredModel, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    stage = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=40, blank=True)
    status_message = models.TextField(blank=True)
    description = models.TextField(blank=True)
    tags = models.JSONField(default=dict)
    run_id = models.CharField(max_length=64, blank=True)
    run_name = models.CharField(max_length=250, blank=True)
    user = models.CharField(max_length=250, blank=True)
    params = models.JSONField(default=dict)  # str → str
    metrics = models.JSONField(default=dict)  # str → float | str ("NaN", "Infinity")
    source_uri = models.TextField(blank=True)
    artifact_uri = models.TextField(blank=True)
    # The MLmodel file as parsed YAML; empty while unread, `mlmodel_problem` then says why.
    mlmodel = models.JSONField(default=dict)
    mlmodel_problem = models.TextField(blank=True)
    # Counts how often the version's files were read: what was told from them names its number.
    files_revision = models.PositiveIntegerField(default=0)
    flavors = models.JSONField(default=list)  # names, in the file's order
    requirements = models.JSONField(default=list)  # lines of requirements.txt
    remote_created_at = models.DateTimeField(null=True)
    remote_updated_at = models.DateTimeField(null=True)
    row_hash = models.CharField(max_length=64, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="one_version_a_number")
        ]
        indexes = [
            models.Index(fields=["-remote_updated_at", "-id"], name="version_newest"),
            GinIndex(fields=["tags"], opclasses=["jsonb_path_ops"], name="version_tags"),
            GinIndex(fields=["flavors"], opclasses=["jsonb_path_ops"], name="version_flavors"),
        ]

    def __str__(self) -> str:
        return f"{self.model_id}/{self.number}"


class Alias(models.Model):
    """An alias of a registered model; moves from version to version upstream."""

    model = models.ForeignKey(RegisteredModel, on_delete=models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=250)
    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="aliases")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["model", "name"], name="one_alias_a_name")]

    def __str__(self) -> str:
        return self.name
