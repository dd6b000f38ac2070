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
