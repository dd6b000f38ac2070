"""`manage.py migrate_when_ready`: wait for the database, then migrate it; what a deployment runs first."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from coach.services.operations import pooler

# "arcadia" in a number: migrations of two machines that start at once wait for each other.
_LOCK = 0x61726361
_ASKED_EVERY = 0.5


class Command(BaseCommand):
    help = (
        "Wait until the database answers (ARCADIA_DB_MIGRATION_TIMEOUT seconds at most), then migrate. Several may "
        "run at once: one migrates, the others wait for it. Status 1 when the database did not answer in time."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self._wait()
        with _one_at_a_time():
            call_command("migrate", interactive=False, verbosity=options["verbosity"], stdout=self.stdout)

    def _wait(self) -> None:
        started = time.monotonic()
        while True:
            try:
                connections[settings.DIRECT_DATABASE].ensure_connection()
                pooler.refuse_hopeless(settings.DIRECT_DATABASE)
                return
            except OperationalError as error:
                pooler.refuse_hopeless(settings.DIRECT_DATABASE)
                waited = time.monotonic() - started
                if waited >= settings.DB_MIGRATION_TIMEOUT:
                    raise CommandError(
                        f"The database did not answer within {waited:.0f} s: {error}"
                    ) from error
                self.stderr.write(f"The database does not answer yet ({waited:.0f} s); trying again.")
                connections[settings.DIRECT_DATABASE].close()
                time.sleep(min(settings.DB_MIGRATION_POLL_INTERVAL, settings.DB_MIGRATION_TIMEOUT))


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Wait for another machine that migrates: the lock is that of a transaction, on a connection of its own, and ends with it."""
    lock = connections[settings.DIRECT_DATABASE].copy()
    if lock.vendor != "postgresql":
        yield
        return
    with closing(lock):
        lock.set_autocommit(False)
        # Asked again and again, each time in a transaction of its own: an index that is built while others write waits for
        # every statement, and every transaction that was in the middle of one.
        while not _try(lock):
            lock.rollback()
            time.sleep(_ASKED_EVERY)
        yield
        lock.rollback()


def _try(lock: BaseDatabaseWrapper) -> bool:
    with lock.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])
