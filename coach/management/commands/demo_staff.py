"""Make the staff account with which a developer looks at the console."""

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

USERNAME = "staff"


class Command(BaseCommand):
    help = (
        "Make (or keep) the demo superuser and print a new random password for it. Only with ARCADIA_DEBUG."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--address", default="127.0.0.1:8000", help="where the server will listen")

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        # A well-known account on a real deployment would be a way in.
        if not settings.DEBUG:
            raise CommandError(
                "The demo account exists only with ARCADIA_DEBUG=1; use createsuperuser instead."
            )
        user, _ = get_user_model().objects.get_or_create(username=USERNAME)
        user.is_staff = user.is_superuser = user.is_active = True
        password = secrets.token_urlsafe(12)
        user.set_password(password)
        user.save()
        self.stdout.write(
            f"Staff console: http://{address}/admin/  username: {USERNAME}  password: {password}"
        )
