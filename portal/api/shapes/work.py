"""Exports, their jobs and bundles as the API shows them, and what asking for one needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from rest_framework import serializers

from converters import contract
from converters.catalog import TARGETS
from portal.api.shapes.mirror import VersionShape
from registry.models import ModelVersion
from workers.models import Bundle, Export, Job, JobState, Step, StepName, StepState


class Ref(serializers.Serializer[Any]):
    """A version by its name: `version`, or an `alias` instead."""

    source = serializers.CharField(max_length=60)  # type: ignore[assignment]
    model = serializers.CharField(max_length=500)
    version = serializers.RegexField(r"^[1-9][0-9]{0,8}$", required=False)
    alias = serializers.CharField(max_length=250, required=False)

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        """Exactly one of `version` and `alias`."""
        if ("version" in attrs) == ("alias" in attrs):
            raise serializers.ValidationError("name a `version` or an `alias`, one of the two")
        return attrs


class OptionsShape(serializers.Serializer[Any]):
    """What the one who asks may choose (converters.contract.Options)."""

    inputs = serializers.ChoiceField(
        choices=["auto", "columns", "tensor"],
        default="auto",
        help_text="auto: one tensor where all columns share a numeric type, else one input each.",
    )
    opset = serializers.IntegerField(
        min_value=0, max_value=99, default=0, help_text="ONNX opset; 0 for the route's own choice."
    )

    tolerance = serializers.FloatField(
        min_value=0,
        max_value=contract.TOLERANCE_MOST,
        default=0.0,
        help_text="How far numbers may be off, in place of the usual tolerance; administrators "
        "only, and shown in the bundle for ever. 0 for the usual one.",
    )

    def to_internal_value(self, data: Any) -> Any:
        """The options; an unknown one is an error rather than silently without effect."""
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        if unknown:
            known = ", ".join(self.fields)
            raise serializers.ValidationError(
                {name: [f"there is no such option; there are {known}"] for name in sorted(unknown)}
            )
        return super().to_internal_value(data)


class NewExport(serializers.Serializer[Any]):
    """The request for an export."""

    ref = Ref()
    target = serializers.ChoiceField(choices=[(row.name, row.title) for row in TARGETS])
    options = OptionsShape(required=False)
    profile = serializers.CharField(max_length=60, default="java-cpu")

    def chosen(self) -> contract.Options:
        """The validated options as the contract's document."""
        return contract.Options(**self.validated_data.get("options", {}))


class StepShape(serializers.Serializer[Step]):
    """One stage of the newest attempt."""

    name = serializers.ChoiceField(choices=StepName.choices)
    state = serializers.ChoiceField(choices=StepState.choices)
    detail = serializers.CharField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class RefShape(serializers.Serializer[ModelVersion]):
    """The version that an export or a bundle belongs to; valid as the `ref` of a new export."""

    source = serializers.CharField(source="model.source.slug")  # type: ignore[assignment]
    model = serializers.CharField(source="model.name")
    version = serializers.SerializerMethodField()

    get_version = VersionShape.get_version


class BundleInShort(serializers.Serializer[Bundle]):
    """What an export led to."""

    id = serializers.IntegerField(read_only=True)
    build = serializers.IntegerField()
    file_name = serializers.CharField()
    sha256 = serializers.CharField()
    size = serializers.IntegerField(help_text="Of the archive, in bytes.")


@dataclass(frozen=True)
class Shown:
    """An export with the job that speaks for it, the newest, and its newest bundle."""

    export: Export
    job: Job | None
    bundle: Bundle | None

    @classmethod
    def of(cls, export: Export) -> Shown:
        """From the prefetched rows; no query."""
        return cls(
            export,
            max(export.jobs.all(), key=lambda job: job.pk, default=None),
            max(export.bundles.all(), key=lambda bundle: bundle.pk, default=None),
        )

    @property
    def state(self) -> str:
        return self.job.state if self.job else JobState.QUEUED

    @property
    def requested_by(self) -> str | None:
        return self.export.requested_by.get_username() if self.export.requested_by else None

    @property
    def steps(self) -> list[Step]:
        """The steps of the attempt that counts, in their order."""
        if self.job is None:
            return []
        mine = [step for step in self.job.steps.all() if step.attempt == self.job.attempt]
        return sorted(mine, key=lambda step: step.position)


class ExportShape(serializers.Serializer[Any]):
    """An export with the state of its newest job."""

    id = serializers.IntegerField(source="export.id")
    ref = RefShape(source="export.version")
    version_id = serializers.IntegerField(source="export.version_id")
    target = serializers.CharField(source="export.target")
    flavor = serializers.CharField(source="export.flavor")
    options = serializers.JSONField(source="export.options")
    profile = serializers.CharField(source="export.profile")
    requested_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField(source="export.created_at")
    state = serializers.ChoiceField(choices=JobState.choices)
    code = serializers.CharField(
        source="job.code", default="", help_text="Why it was refused or crashed."
    )
    sentence = serializers.CharField(
        source="job.sentence", default="", help_text="The same for people."
    )
    queue = serializers.CharField(source="job.queue", default="")
    attempt = serializers.IntegerField(source="job.attempt", default=0)
    worker = serializers.CharField(source="job.worker", default="")
    cancel_requested = serializers.BooleanField(source="job.cancel_requested", default=False)
    started_at = serializers.DateTimeField(source="job.started_at", default=None, allow_null=True)
    finished_at = serializers.DateTimeField(source="job.finished_at", default=None, allow_null=True)
    steps = StepShape(many=True)
    bundle = BundleInShort(allow_null=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Of an Export with its jobs, steps and bundles prefetched."""
        return dict(super().to_representation(Shown.of(instance)))


class ExportDetail(ExportShape):
    """An export with what its children reported."""

    report = serializers.JSONField(
        source="job.report",
        default=dict,
        help_text="Conversion, parity per output, versions, times; empty until there is one.",
    )


class BundleShape(serializers.Serializer[Bundle]):
    """A published bundle."""

    id = serializers.IntegerField(read_only=True)
    ref = RefShape(source="version")
    version_id = serializers.IntegerField()
    export_id = serializers.IntegerField()
    target = serializers.CharField()
    build = serializers.IntegerField()
    file_name = serializers.CharField()
    sha256 = serializers.CharField(help_text="Of the archive; also the download's ETag.")
    size = serializers.IntegerField(help_text="Of the archive, in bytes.")
    created_at = serializers.DateTimeField()
    download = serializers.SerializerMethodField()

    def get_download(self, bundle: Bundle) -> str:
        """Where the archive is, as a path on this server."""
        return reverse("api:bundle-download", args=[bundle.pk])


class BundleDetail(BundleShape):
    """A bundle with its manifest."""

    manifest = serializers.JSONField(help_text="The bundle's manifest.json.")
