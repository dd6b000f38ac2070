"""How a run ends early, and what is tried again before it does."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

from coach.legacy.running import ledger

T = TypeVar("T")
# Waits between attempts after a deadlock, a serialisation failure or a lost connection, in seconds.
PAUSES = (0.1, 0.3, 1, 3, 5, 10, 20)


class Stopped(Exception):
    """The run ended early; what was committed stays, and the run can be resumed. `state` is the ledger's word."""

    def __init__(self, state: str, reason: str) -> None:
        super().__init__(reason)
        self.state = state


class DatabaseFailed(Stopped):
    """The database, the disk or the storage took no more."""


def patiently(attempt: Callable[[], T]) -> T:
    """Try again after a deadlock, a serialisation failure or a lost connection; raises DatabaseFailed in the end."""
    for pause in PAUSES:
        try:
            return attempt()
        except (OperationalError, InterfaceError):
            _reconnect(pause)
    try:
        return attempt()
    except (OperationalError, InterfaceError) as error:
        reason = f"the database failed {len(PAUSES) + 1} times: {type(error).__name__}"
        raise DatabaseFailed(ledger.State.FAILED, reason) from error


def _reconnect(pause: float) -> None:
    time.sleep(pause)
    if not connection.in_atomic_block:
        connection.close()
        if pool := getattr(connection, "pool", None):
            # Its other connections are probably dead as well, and it would try them slowly, one by one.
            pool.drain()
