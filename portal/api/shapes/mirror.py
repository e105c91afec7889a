"""Sources, registered models and model versions as the API shows them."""

from __future__ import annotations

import dataclasses
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from converters import preflight
from converters.errors import Refused
from registry.models import ModelVersion, RegisteredModel, Source, SourceKind, SyncRun, SyncState
from workers import readings
from workers.models import Reading, ReadingState


class SyncShape(serializers.Serializer[SyncRun]):
    """One walk over a source."""

    id = serializers.IntegerField(read_only=True)
    state = serializers.ChoiceField(choices=SyncState.choices)
    code = serializers.CharField(help_text="Why it failed; empty otherwise.")
    sentence = serializers.CharField()
    calls = serializers.IntegerField(help_text="HTTP calls made upstream.")
    models_seen = serializers.IntegerField()
    versions_seen = serializers.IntegerField()
    added = serializers.IntegerField()
    changed = serializers.IntegerField()
    gone = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class SourceShape(serializers.Serializer[Source]):
    """One mirrored registry, without its secret."""

    id = serializers.IntegerField(read_only=True)
    slug = serializers.CharField()
    kind = serializers.ChoiceField(choices=SourceKind.choices)
    url = serializers.CharField()
    maven_group = serializers.CharField()
    created_at = serializers.DateTimeField()
    last_sync = serializers.SerializerMethodField()

    @extend_schema_field(SyncShape(allow_null=True))
    def get_last_sync(self, source: Source) -> dict[str, Any] | None:
        """The newest run; None before the first one."""
        runs = list(source.runs.all())  # prefetched by the queryset, newest first
        return SyncShape(runs[0]).data if runs else None


class NewSource(serializers.Serializer[dict[str, Any]]):
    """What connecting a source needs."""

    slug = serializers.SlugField(max_length=60, help_text="Its name here, in every path and ref.")
    url = serializers.URLField(max_length=500)
    kind = serializers.ChoiceField(choices=SourceKind.choices, default=SourceKind.MLFLOW)
    maven_group = serializers.RegexField(
        r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$", max_length=120, default="models"
    )
    username = serializers.CharField(max_length=200, default="", allow_blank=True)
    password = serializers.CharField(
        max_length=1000,
        default="",
        allow_blank=True,
        write_only=True,
        trim_whitespace=False,
        help_text="Password or token; stored encrypted, never shown.",
    )


class ModelShape(serializers.Serializer[RegisteredModel]):
    """A registered model."""

    id = serializers.IntegerField(read_only=True)
    source = serializers.CharField(source="source.slug")  # type: ignore[assignment]
    name = serializers.CharField()
    description = serializers.CharField()
    tags = serializers.DictField(child=serializers.CharField())
    aliases = serializers.SerializerMethodField()
    latest_version = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(source="remote_created_at", allow_null=True)
    updated_at = serializers.DateTimeField(source="remote_updated_at", allow_null=True)
    gone_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was found deleted upstream."
    )

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_aliases(self, model: RegisteredModel) -> dict[str, str]:
        """Alias → version."""
        return {alias.name: str(alias.version.number) for alias in model.aliases.all()}

    def get_latest_version(self, model: RegisteredModel) -> str | None:
        """The highest version that still exists upstream; null where none does."""
        latest: int | None = getattr(model, "latest", None)  # annotated by the queryset
        return None if latest is None else str(latest)


class VersionShape(serializers.Serializer[ModelVersion]):
    """A model version, as lists show it."""

    id = serializers.IntegerField(read_only=True)
    source = serializers.CharField(source="model.source.slug")  # type: ignore[assignment]
    model = serializers.CharField(source="model.name")
    model_id = serializers.IntegerField()
    version = serializers.SerializerMethodField()
    stage = serializers.CharField()
    status = serializers.CharField()
    description = serializers.CharField()
    tags = serializers.DictField(child=serializers.CharField())
    aliases = serializers.SerializerMethodField()
    flavors = serializers.ListField(child=serializers.CharField())
    run_id = serializers.CharField()
    user = serializers.CharField()
    created_at = serializers.DateTimeField(source="remote_created_at", allow_null=True)
    updated_at = serializers.DateTimeField(source="remote_updated_at", allow_null=True)
    gone_at = serializers.DateTimeField(allow_null=True)

    def get_version(self, version: ModelVersion) -> str:
        """The version as a ref names it."""
        return str(version.number)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_aliases(self, version: ModelVersion) -> list[str]:
        """The aliases that point here."""
        return [alias.name for alias in version.aliases.all()]


class ColumnShape(serializers.Serializer[Any]):
    """One column of a signature."""

    name = serializers.CharField()
    type = serializers.CharField(help_text="MLflow's word: double, long, string …")
    required = serializers.BooleanField()  # type: ignore[assignment]


class TensorShape(serializers.Serializer[Any]):
    """A tensor signature."""

    name = serializers.CharField()
    dtype = serializers.CharField()
    shape = serializers.ListField(child=serializers.IntegerField())


class SignatureShape(serializers.Serializer[Any]):
    """A model's inputs: columns or one tensor."""

    columns = ColumnShape(many=True)
    tensor = TensorShape(allow_null=True)
    origin = serializers.CharField()


class ReadingShape(serializers.Serializer[Reading]):
    """What pre-flight has read of a version's files."""

    state = serializers.ChoiceField(choices=ReadingState.choices)
    sentence = serializers.CharField(help_text="Why they were not read; empty otherwise.")
    depth = serializers.ChoiceField(
        choices=[(one.value, one.value) for one in preflight.Depth],
        help_text="What pre-flight tells from: the `MLmodel` alone, or the model's files too.",
    )
    read_at = serializers.DateTimeField(allow_null=True)


class VersionDetail(VersionShape):
    """A model version with its run, its signature and its `MLmodel`."""

    run_name = serializers.CharField()
    status_message = serializers.CharField()
    params = serializers.DictField(child=serializers.CharField())
    metrics = serializers.JSONField(help_text="Name → number, or `NaN`, `Infinity`, `-Infinity`.")
    requirements = serializers.ListField(child=serializers.CharField())
    signature = serializers.SerializerMethodField()
    mlmodel = serializers.JSONField(help_text="The `MLmodel` file; empty while unread.")
    mlmodel_problem = serializers.CharField(help_text="Why `mlmodel` is empty.")
    reading = serializers.SerializerMethodField()

    @extend_schema_field(ReadingShape)
    def get_reading(self, version: ModelVersion) -> dict[str, Any]:
        """What pre-flight has read of the version's files."""
        return ReadingShape(readings.reading_of(version)).data

    @extend_schema_field(SignatureShape(allow_null=True))
    def get_signature(self, version: ModelVersion) -> dict[str, Any] | None:
        """The declared inputs; null where there are none or pre-flight says they can't be read."""
        try:
            signature = preflight.signature_of(version.mlmodel)
        except Refused:
            return None
        return None if signature is None else dataclasses.asdict(signature)


class VerdictShape(serializers.Serializer[Any]):
    """Pre-flight's answer for one target."""

    target = serializers.CharField()
    answer = serializers.ChoiceField(choices=[(one.value, one.value) for one in preflight.Answer])
    code = serializers.CharField()
    sentence = serializers.CharField()
    flavor = serializers.CharField()
    depth = serializers.ChoiceField(
        choices=[(one.value, one.value) for one in preflight.Depth],
        help_text="What was read: the `MLmodel` alone, or the model's files too.",
    )
