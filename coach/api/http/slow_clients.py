"""How long a client may take to send something: a slow one must not hold a thread that others wait for.

The server reads a request in the thread that answers it, without any limit of its own. Standard library
only: the server's worker uses this before the application is loaded.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

# Seconds without a single byte.
LONGEST_STALL = 10.0
# Seconds for a request line with all its headers.
HEADERS = 5.0
# For a body: this many seconds, and one more for so many bytes.
BODY = 20.0
SLOWEST_BYTES_PER_SECOND = 64 * 1024
_LOOKED_EVERY = 0.5


class Limit:
    """One reading that must end in time; `expired` tells that it did not, and was ended."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self.connection = connection
        self.until = time.monotonic() + seconds
        self.expired = False

    def end(self) -> None:
        """Let the blocked reader see the end of its input; an answer can still be written."""
        self.expired = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)


class _Watch:
    """One thread a process that looks for readings that take too long."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._limits: set[Limit] = set()
        self._thread: threading.Thread | None = None

    def add(self, limit: Limit) -> None:
        with self._changed:
            self._limits.add(limit)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="patience", daemon=True)
                self._thread.start()
            elif len(self._limits) == 1:
                self._changed.notify()

    def remove(self, limit: Limit) -> None:
        with self._changed:
            self._limits.discard(limit)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._limits:
                    self._changed.wait()
                now = time.monotonic()
                late = [limit for limit in self._limits if limit.until < now]
                self._limits.difference_update(late)
                for limit in late:
                    limit.end()
            time.sleep(_LOOKED_EVERY)


_watch = _Watch()


@contextlib.contextmanager
def limit(connection: socket.socket, seconds: float) -> Iterator[Limit]:
    """End the reading from a connection that takes longer than so many seconds, all in all."""
    running = Limit(connection, seconds)
    _watch.add(running)
    try:
        yield running
    finally:
        _watch.remove(running)


@contextlib.contextmanager
def reading_body(connection: socket.socket | None, size: int) -> Iterator[Limit | None]:
    """The same for a body of so many bytes, and for a stall in it; without a connection there is nothing to limit."""
    if connection is None or not size:
        yield None
        return
    before = connection.gettimeout()
    connection.settimeout(LONGEST_STALL)
    try:
        with limit(connection, BODY + size / SLOWEST_BYTES_PER_SECOND) as running:
            yield running
    finally:
        with contextlib.suppress(OSError):
            connection.settimeout(before)
