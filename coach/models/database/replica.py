"""Reads that may be a little behind: exports, the verification of an import, staff lists, metrics."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connections

ALIAS = "replica"
# How long a replica that did not answer is left alone, in seconds.
_LEFT_ALONE = 30.0
_REACHED = "SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= %s::pg_lsn"
# What the replica has still to do, against a place in the primary's log: bytes, and seconds since the last transaction it has.
_BEHIND = """
    SELECT size, CASE WHEN size > 0 THEN COALESCE(EXTRACT(EPOCH FROM now() - pg_last_xact_replay_timestamp()), 0) ELSE 0 END
    FROM (SELECT GREATEST(pg_wal_lsn_diff(%s, pg_last_wal_replay_lsn()), 0) * pg_is_in_recovery()::int AS size) AS behind
"""
_logger = logging.getLogger(__name__)
_away_until = 0.0


def configured() -> bool:
    """Whether there is a replica; nothing below does anything without one."""
    return ALIAS in settings.DATABASES and connections[ALIAS].vendor == "postgresql"


def position() -> str:
    """The place in the primary's log before which everything stands that was committed so far; "" without a replica."""
    if not configured():
        return ""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_lsn()")
        return str(cursor.fetchone()[0])


@contextmanager
def reading(*, after: str = "0/0", patience: float = 0.0) -> Iterator[None]:
    """Let this thread's queries of the block go to the replica, once it has everything up to `after`; it refuses to write.

    After `patience` seconds without that, and where the replica does not answer, they stay on the primary. The connection is
    exchanged, and not chosen by a database router: raw statements go there as well, and a row that was read there is still
    saved to the primary.
    """
    if not configured() or not _has_reached(after, patience):
        yield
        return
    primary = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = connections[ALIAS]
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = primary


@contextmanager
def reading_as_of_now() -> Iterator[None]:
    """`reading`, but nothing older than what was committed when the block begins."""
    with reading(after=position(), patience=5):
        yield


def behind() -> tuple[int, float] | None:
    """How far the replica is behind the primary: bytes, seconds. None where it does not answer."""
    place = position()
    row = _asked(_BEHIND, place)
    return (int(row[0]), float(row[1])) if row else None


def _has_reached(place: str, patience: float) -> bool:
    until = time.monotonic() + patience
    while row := _asked(_REACHED, place):
        if row[0] or time.monotonic() >= until:
            return bool(row[0])
        time.sleep(0.05)
    return False


def _asked(question: str, place: str) -> Any:
    """The replica's answer; None where there is none, and for a while after that."""
    global _away_until
    if time.monotonic() < _away_until:
        return None
    try:
        with connections[ALIAS].cursor() as cursor:
            cursor.execute(question, [place])
            return cursor.fetchone()
    except (DatabaseError, InterfaceError) as error:
        _logger.warning("the replica does not answer; reading from the primary", exc_info=error)
        connections[ALIAS].close()
        _away_until = time.monotonic() + _LEFT_ALONE
        return None
