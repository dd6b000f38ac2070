"""`manage.py check_schema`: the live database against the models. Arguments in, rendering out."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from coach import schema_drift


class Command(BaseCommand):
    help = "Names every difference between the live database and the models; status 1 where there are any."

    def handle(self, *args: Any, **arguments: Any) -> None:
        found = schema_drift.differences()
        for difference in found:
            self.stdout.write(difference)
        if found:
            self.stderr.write(f"{len(found)} differences between the database and the models")
            sys.exit(1)
        self.stdout.write("The database is what the models say.")
