"""The error document, for the schema."""

from __future__ import annotations

from rest_framework import serializers


class ProblemShape(serializers.Serializer[dict[str, object]]):
    """RFC 9457 problem details with a stable code."""

    type = serializers.CharField(help_text="Where the code is explained, or `about:blank`.")
    title = serializers.CharField(help_text="The same for every occurrence of the code.")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What is wrong and what to do, one sentence or two.")
    code = serializers.CharField(help_text="Stable; programs branch on it.")
    # `errors` is a property of Serializer, so the field cannot be declared as an attribute.

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        """The declared fields and `errors`."""
        fields = super().get_fields()
        fields["errors"] = serializers.DictField(
            child=serializers.ListField(child=serializers.CharField()),
            required=False,
            help_text="Field path → sentences; with code `invalid` alone.",
        )
        return fields
