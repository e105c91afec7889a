"""Tokens and the caller as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from portal.models import ApiToken
from registry.models import Source


class TokenShape(serializers.Serializer[ApiToken]):
    """An API token, without its text."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="How its text begins.")
    sources = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        read_only=True,
        help_text="Slugs of the sources whose models it may see; null: all.",
    )
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")


class NewToken(serializers.Serializer[Any]):
    """What a new token needs."""

    name = serializers.CharField(max_length=100, help_text="What it is for.")
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    sources = serializers.SlugRelatedField(
        queryset=Source.objects.all(),
        slug_field="slug",
        many=True,
        required=False,
        allow_null=True,
        allow_empty=False,
        default=None,
        help_text="Slugs of the sources whose models it may see; left out: all.",
    )

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        """A moment still to come."""
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError("this moment is over; name a later one")
        return value


class IssuedToken(TokenShape):
    """A new token with its text, which is shown this once."""

    token = serializers.CharField(read_only=True)


class Me(serializers.Serializer[Any]):
    """Who is calling."""

    username = serializers.CharField()
    staff = serializers.BooleanField()
    token_id = serializers.IntegerField(
        allow_null=True, help_text="The token that was used; null for a signed-in browser."
    )
