"""Letting go of the database while somebody outside is asked."""

import contextlib
from collections.abc import Iterator

from django.db import connection

from coach.services.operations import retries


class StillInTransaction(RuntimeError):
    """A mistake of ours: a transaction is open while somebody outside is to be asked."""


def release() -> None:
    """Give this thread's connection back before a call that may take minutes; the next query takes another.

    Raises StillInTransaction: locks must never be held that long. (The transaction that a test case
    wraps around itself does not count.)
    """
    if not connection.in_atomic_block:
        connection.close()
    elif not all(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise StillInTransaction("The language model must not be asked inside a transaction.")


def discard() -> None:
    """Give up all connections of this process: the server that they lead to is not the one to write to any more."""
    pool = getattr(connection, "pool", None)
    connection.close()
    if pool is not None:
        pool.drain()


@contextlib.contextmanager
def released() -> Iterator[None]:
    """A block that may take minutes, without this thread's connection; a repeatable request's transaction ends before it.

    Raises StillInTransaction as `release` does, and retries.StillAtWork where a repetition has taken over.
    """
    turn = retries.current()
    if turn:
        turn.pause()
    release()
    try:
        yield
    finally:
        if turn:
            turn.resume()


@contextlib.contextmanager
def letting_go() -> Iterator[None]:
    """A block, or a function, that releases the connection when it has ended or raised."""
    try:
        yield
    finally:
        release()
