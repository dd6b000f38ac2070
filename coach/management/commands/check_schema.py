"""`manage.py check_schema`: the live database against the migrations. Arguments in, rendering out."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import ngettext

from coach import schema_drift


class Command(BaseCommand):
    help = (
        "Names every difference between the live database and what the migrations build. "
        "Status 1 where there are any, 2 where the role may not compare."
    )

    def handle(self, *args: Any, **arguments: Any) -> None:
        try:
            found = schema_drift.differences()
        except schema_drift.NotComparable as error:
            raise CommandError(str(error), returncode=2) from error
        for difference in found:
            self.stdout.write(difference)
        if found:
            self.stderr.write(
                ngettext("%d difference", "%d differences", len(found)) % len(found)
                + " between the database and the migrations"
            )
            sys.exit(1)
        self.stdout.write("The database is what the migrations build.")
