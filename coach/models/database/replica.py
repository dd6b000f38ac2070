"""Reads that may be a little behind: exports, the verification of an import, staff lists, metrics."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

ALIAS = "replica"


@contextmanager
def reading() -> Iterator[None]:
    """Let this thread's queries of the block go to the replica, where one is configured; it refuses to write.

    The connection is exchanged, and not chosen by a database router: raw statements go there as well, and a row that was read
    there is still saved to the primary.
    """
    if ALIAS not in settings.DATABASES:
        yield
        return
    primary = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = connections[ALIAS]
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = primary


def lag_seconds() -> float | None:
    """How far the replica is behind; 0 where it has replayed all it received, None where none is configured.

    Raises OperationalError where it does not answer.
    """
    if ALIAS not in settings.DATABASES:
        return None
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(_LAG)
        return float(cursor.fetchone()[0])


# While nothing is written on the primary, the time of the last replayed transaction alone would look like a growing lag.
_LAG = """
SELECT CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
    ELSE coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0) END
"""
