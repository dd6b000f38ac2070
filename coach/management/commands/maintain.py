"""`manage.py maintain`: remove what is older than its retention, and bytes that nothing refers to."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from coach.services.operations import upkeep


class Command(BaseCommand):
    help = "Remove what is older than its retention (docs/operations.md). Run it from a timer, on any number of machines."

    def handle(self, **options: Any) -> None:
        try:
            counts = upkeep.maintain()
        except upkeep.StorageAway as error:
            raise CommandError(str(error)) from error
        removed = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
        self.stdout.write(f"removed: {removed or 'nothing'}")
