"""`manage.py add_source SLUG URL`: connect a registry, after asking it one question."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from registry.connectors import SourceProblem
from registry.models import SourceKind
from registry.sources import add_source


class Command(BaseCommand):
    help = "Connect a registry. A password or token is asked for, never given as an argument."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("url")
        parser.add_argument("--kind", default=SourceKind.MLFLOW, choices=SourceKind.values)
        parser.add_argument("--maven-group", default="models")
        parser.add_argument("--username", default="", help="ask for this user's password")
        parser.add_argument("--token", action="store_true", help="ask for a bearer token")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = options["username"] or options["token"]
        password = getpass.getpass("Password or token: ") if wanted else ""
        try:
            source = add_source(
                options["slug"],
                options["url"],
                options["kind"],
                options["maven_group"],
                options["username"],
                password,
                probe=True,
            )
        except SourceProblem as problem:
            raise CommandError(problem.sentence) from problem
        self.stdout.write(f"{source.slug} is connected; `manage.py sync {source.slug}` mirrors it.")
