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

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
        if query == "" and not self._doubtful():
            return None
        return super().execute(query, *arguments, **options)

    def _doubtful(self) -> bool:
        now = time.monotonic()
        if now - self.asked_at < _ASKED_EVERY and not self.closed:
            waiting = select.poll()
            waiting.register(self.fileno(), select.POLLIN)
            return bool(waiting.poll(0))
        self.asked_at = now
        return True
