"""`manage.py migrate_when_ready`: wait for the database, then migrate it; what a deployment runs first."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

# "arcadia" in a number: migrations of two machines that start at once wait for each other.
_LOCK = 0x61726361


class Command(BaseCommand):
    help = (
        "Wait until the database answers (ARCADIA_DB_MIGRATION_TIMEOUT seconds at most), then migrate. Several may "
        "run at once: one migrates, the others wait for it. Status 1 when the database did not answer in time."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self._wait()
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
            try:
                call_command("migrate", interactive=False, verbosity=options["verbosity"], stdout=self.stdout)
            finally:
                if connection.vendor == "postgresql":
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])

    def _wait(self) -> None:
        started = time.monotonic()
        while True:
            try:
                connection.ensure_connection()
                return
            except OperationalError as error:
                waited = time.monotonic() - started
                if waited >= settings.DB_MIGRATION_TIMEOUT:
                    raise CommandError(
                        f"The database did not answer within {waited:.0f} s: {error}"
                    ) from error
                self.stderr.write(f"The database does not answer yet ({waited:.0f} s); trying again.")
                connection.close()
                time.sleep(min(settings.DB_MIGRATION_POLL_INTERVAL, settings.DB_MIGRATION_TIMEOUT))
