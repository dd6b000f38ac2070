"""The connections of the pool: whether one still works is seen without asking the server each time."""

import contextlib
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
    # Seconds that a commit may take, and any statement beside it; None: as long as it takes. Set by arcadia/databases.py.
    commit_seconds: float | None = None
    statement_seconds: float | None = None

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

    def commit(self) -> None:
        """The server bounds statements, and not the wait for a standby that is gone."""
        with self.lock:
            self.wait(self._commit_gen(), timeout=self.commit_seconds)

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Raises OperationalError, with the connection closed, after too long: what was committed may be there or not."""
        try:
            return super().wait(gen, interval, timeout or self.statement_seconds)
        except psycopg.errors._WaitTimeout as error:
            # Otherwise the server would keep the session, and soon have none left.
            with contextlib.suppress(psycopg.Error):
                self.cancel_safe(timeout=1)
            self.close()
            raise psycopg.OperationalError("the server took too long") from error

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
