"""API tokens and the idempotency keys that were seen with them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from registry.models import Source
from workers.models import Export


class ApiToken(models.Model):
    """A person's key to the API; only its sha256 is kept, the text is shown once."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)  # the text's first characters, to tell tokens apart
    sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # The sources that it may see, by id, so that one that is removed leaves no token unlimited;
    # null: all.
    source_ids = ArrayField(models.BigIntegerField(), null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)  # to the minute
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"

    @property
    def sources(self) -> list[str] | None:
        """The slugs of the sources that it may see; None: all."""
        if self.source_ids is None:
            return None
        return list(Source.objects.filter(pk__in=self.source_ids).values_list("slug", flat=True))


class IdempotencyKey(models.Model):
    """One `Idempotency-Key` of one person: the body it came with and the export it led to."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    body_sha256 = models.CharField(max_length=64)
    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="+")
    status = models.PositiveSmallIntegerField()  # what the first request was answered with
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_key_a_user")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return self.key
