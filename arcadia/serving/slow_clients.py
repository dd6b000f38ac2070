"""How long a client may keep a thread: a socket that bounds receiving and sending, below every view.

Standard library only: the worker uses this before the application is loaded.
"""

import errno
import select
import socket
import time
from collections.abc import Callable
from typing import Any

# Seconds for a request line with all its headers. They are read by the worker's main loop, without a thread.
HEAD_SECONDS = 5.0
# Seconds without a single byte, in either direction.
LONGEST_STALL = 10.0
# Seconds that a thread waits for one client at most: so many, and one more for each so many bytes moved.
PATIENCE_SECONDS = 20.0
SLOWEST_BYTES_PER_SECOND = 64 * 1024


class Socket(socket.socket):
    """A connection to a client. It never blocks in the kernel; a thread that has to wait does so within bounds.

    Only the time spent waiting for the client counts, so an answer that takes long to compute is not cut off.
    `before_waiting` is called before a thread waits.
    """

    before_waiting: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        super().setblocking(False)
        self._stall: float | None = None
        self.begin_request()

    def begin_request(self, patience: float = PATIENCE_SECONDS) -> None:
        """Start counting again: the bounds apply to each request of a connection. `patience` in seconds."""
        self._patience, self._waited, self._moved = patience, 0.0, 0

    def receive_now(self, size: int) -> bytes:
        """What has arrived. Raises BlockingIOError where nothing has."""
        return super().recv(size)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Raises TimeoutError where the client is too slow."""
        while True:
            try:
                data = super().recv(size, flags)
            except BlockingIOError:
                self._wait(select.POLLIN)
            else:
                self._moved += len(data)
                return data

    def send(self, data: Any, flags: int = 0) -> int:
        """Raises TimeoutError where the client does not read."""
        while True:
            try:
                sent = super().send(data, flags)
            except BlockingIOError:
                self._wait(select.POLLOUT)
            else:
                self._moved += sent
                return sent

    def sendall(self, data: Any, flags: int = 0) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self.send(rest, flags) :]

    # The server sets these around its own reads; the socket stays as it is.

    def setblocking(self, flag: bool) -> None:
        self._stall = None if flag else 0.0

    def settimeout(self, value: float | None) -> None:
        self._stall = value

    def gettimeout(self) -> float | None:
        return self._stall

    def _wait(self, event: int) -> None:
        self.before_waiting()
        left = self._patience + self._moved / SLOWEST_BYTES_PER_SECOND - self._waited
        seconds = min(LONGEST_STALL, left, LONGEST_STALL if self._stall is None else self._stall)
        poll = select.poll()
        poll.register(self.fileno(), event)
        started = time.monotonic()
        ready = seconds > 0 and poll.poll(seconds * 1000)
        self._waited += time.monotonic() - started
        if not ready:
            # Of the kinds of errors that the server takes for a client that went away.
            raise TimeoutError(errno.ECONNRESET, "the client is too slow")
