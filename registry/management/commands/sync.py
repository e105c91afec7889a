"""`manage.py sync [SLUG …]`: mirror sources now, in this process."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from registry.models import Source, SyncState
from registry.sync import sync_source


class Command(BaseCommand):
    help = "Mirror the sources of these names, or all of them, now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", nargs="*")

    def handle(self, *args: Any, slug: list[str], **options: Any) -> None:
        sources = Source.objects.filter(slug__in=slug) if slug else Source.objects.all()
        unknown = set(slug) - {source.slug for source in sources}
        if unknown:
            raise CommandError(f"There is no source {', '.join(sorted(unknown))}.")
        failed = []
        for source in sources:
            run = sync_source(source)
            if run.state == SyncState.FAILED:
                failed.append(f"{source.slug}: {run.sentence}")
                continue
            self.stdout.write(
                f"{source.slug}: {run.models_seen} models, {run.versions_seen} versions, "
                f"{run.added} added, {run.changed} changed, {run.gone} gone, {run.calls} calls"
            )
        if failed:
            raise CommandError("\n".join(failed))
