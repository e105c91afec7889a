"""`manage.py build_environments [NAME …]`: environments of large frameworks, before a job asks."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from converters.catalog import ROUTES, TARGETS
from converters.environments import STANDARD
from workers import environments, jars, libraries
from workers.jvm import runtime


def used() -> list[str]:
    """The environments that a route or a target of the catalogue names."""
    rows = [row.environment for row in (*ROUTES, *TARGETS)]
    return [name for name in dict.fromkeys(rows) if name != STANDARD]


def jars_used() -> list[str]:
    """The sets of jars that a target, the JVM check or a library of ours needs."""
    named = [*(row.jars for row in TARGETS if row.jars), runtime.JARS]
    named += [name for row in libraries.LIBRARIES for name in row.jars]
    return list(dict.fromkeys(named))


def everything() -> list[str]:
    """What jobs would build or fetch."""
    return [*used(), *jars_used()]


class Command(BaseCommand):
    """Builds what is missing under CROSSPORT_ENVIRONMENTS; what is there stays as it is."""

    help = "Build the Python environments of large frameworks; all that a route uses without NAME."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "names", nargs="*", metavar="NAME", help=f"of {', '.join(everything())}"
        )

    def handle(self, *args: object, **options: list[str]) -> None:
        names, known = options["names"] or everything(), everything()
        if unknown := [name for name in names if name not in known]:
            raise CommandError(f"There is no {', '.join(unknown)}; there is {', '.join(known)}.")
        folder = Path(settings.ENVIRONMENTS_FOLDER)
        for name in names:
            try:
                build = jars.ready if name in jars_used() else environments.ready
                place = build(name, folder, self._log, lambda: False)
                place = place.parent if name in jars_used() else place.parents[1]
            except environments.EnvironmentProblem as problem:
                raise CommandError(f"{problem.sentence} [{problem.code}]") from problem
            self.stdout.write(f"{name} is ready: {place}")

    def _log(self, text: str) -> None:
        self.stderr.write(text, ending="")
