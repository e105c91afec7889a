"""`manage.py make_admin NAME`: an administrator whose password comes from the environment."""

from __future__ import annotations

import os
from argparse import ArgumentParser

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Makes the account, or resets its password and rights where it exists."""

    help = "Make NAME an administrator with the password in CROSSPORT_ADMIN_PASSWORD."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")

    def handle(self, *args: object, **options: str) -> None:
        # Not an argument: the process list would show it to every user of the machine.
        password = os.environ.get("CROSSPORT_ADMIN_PASSWORD", "")
        if not password:
            raise CommandError("Set CROSSPORT_ADMIN_PASSWORD to the account's password.")
        users = get_user_model()
        user, created = users.objects.get_or_create(username=options["name"])
        user.is_staff = user.is_superuser = user.is_active = True
        user.set_password(password)
        user.save()
        self.stdout.write(f"{'Made' if created else 'Updated'} administrator {options['name']}.")
