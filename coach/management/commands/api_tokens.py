"""`manage.py api_tokens`: make, list and revoke the bearer tokens of the API's clients."""

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from coach.models import ApiToken
from coach.services.operations import tokens

_LONGEST_DAYS = 3650


class Command(BaseCommand):
    help = "Make, list and revoke API tokens. A new one is printed once; only its sha256 is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="make a token and print it")
        create.add_argument("name", help="who or what uses it")
        create.add_argument(
            "--days", type=int, metavar="DAYS", help="refuse it after so many days (default: never)"
        )
        create.add_argument("--learner", default="", metavar="USERNAME", help="it is for this learner alone")
        create.add_argument("--read-only", action="store_true", help="it may read, and change nothing")
        actions.add_parser("list", help="name all tokens, with their state")
        revoke = actions.add_parser("revoke", help="refuse a token from now on")
        revoke.add_argument("name")

    def handle(self, *, action: str, **options: Any) -> None:
        {"create": self._create, "list": self._list, "revoke": self._revoke}[action](**options)

    def _create(self, *, name: str, days: int | None, learner: str, read_only: bool, **options: Any) -> None:
        if days is not None and not 1 <= days <= _LONGEST_DAYS:
            raise CommandError(f"--days takes a number from 1 to {_LONGEST_DAYS}.")
        expires_at = timezone.now() + dt.timedelta(days=days) if days else None
        try:
            created = tokens.create(
                name=name, expires_at=expires_at, learner=learner, read_only=read_only, by="command"
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        # Nothing else on standard output, so that it can be caught in a variable.
        self.stdout.write(created.text)
        self.stderr.write(f"Made {created.row.name!r}. It cannot be shown again.")

    def _list(self, **options: Any) -> None:
        now = timezone.now()
        for row in ApiToken.objects.all():
            self.stdout.write(
                f"{row.name}\t{row.state(now)}\t{row.scope}\tcreated {row.created_at:%Y-%m-%d} by {row.created_by}"
                f"\texpires {_day(row.expires_at)}\tlast used {_day(row.last_used_at)}"
            )

    def _revoke(self, *, name: str, **options: Any) -> None:
        try:
            tokens.revoke(name=name)
        except tokens.UnknownToken as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{name!r} is refused from now on.")


def _day(instant: dt.datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M}" if instant else "never"
