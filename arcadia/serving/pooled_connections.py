"""The connections of the pool: whether one still works is seen without asking the server each time."""

from __future__ import annotations

import select
import time
from typing import Any

import psycopg

# Seconds after which the server is asked after all: of a network that swallows everything there is nothing to see.
_ASKED_EVERY = 30.0


class Connection(psycopg.Connection):
    """The pool executes an empty statement before it hands a connection out: a round trip for every request.

    Of a server that was stopped, restarted or killed, the end of the conversation is waiting to be read; where
    nothing is waiting the connection is as good as it was.
    """

    asked_at = 0.0
    drained_at = 0.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.made_at = time.monotonic()

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
        if query != "":
            return super().execute(query, *arguments, **options)
        if not self._doubtful():
            return None
        try:
            return super().execute(query, *arguments, **options)
        except psycopg.Error:
            self._discard_all()
            raise

    def _discard_all(self) -> None:
        """The others died with this one, and the pool would find them one by one, waiting longer each time."""
        pool = getattr(self, "_pool", None)
        if pool is not None and self.made_at > Connection.drained_at:
            Connection.drained_at = time.monotonic()
            pool.drain()

    def _doubtful(self) -> bool:
        now = time.monotonic()
        if now - self.asked_at < _ASKED_EVERY and not self.closed:
            waiting = select.poll()
            waiting.register(self.fileno(), select.POLLIN)
            return bool(waiting.poll(0))
        self.asked_at = now
        return True
