"""`manage.py erase_learner NAME`: everything of a learner is removed, and no import brings it back."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from coach.documents import usernames
from coach.services import audit
from coach.services.keeping import erasing


class Command(BaseCommand):
    help = (
        "Remove learners with everything that belongs to them, and every mention of the name. Nothing brings them back "
        "but `backfill --restore-erased`. Somebody who is not here (any more) can be named too."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", nargs="+")

    def handle(self, *, username: list[str], **options: Any) -> None:
        with audit.acting_as("command"):
            for name in username:
                try:
                    alias = erasing.erase(username=name, unknown_too=True)
                except usernames.UnusableUsername as error:
                    raise CommandError(str(error)) from None
                self.stdout.write(f"erased; events that stay name {alias}")
