"""Requests that clients repeat under a key: carried out once, and answered the same every time.

What a request changes and its answer are committed together. Where a model is asked or bytes are moved, the transaction
ends and another one begins; a row that says so keeps repetitions away meanwhile, for as long as such a pause may take.
"""

import contextlib
import datetime as dt
import hashlib
import itertools
import secrets
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction

from coach.documents.base import utc_now
from coach.models import IdempotencyKey, LearnerProfile
from coach.services.operations import callers

# A pause is as long as an answer of the model may take, and a little more.
_PAUSE = 1.2
LONGEST_KEY = 255


class UnusableKey(ValueError):
    """The key is blank, or too long."""


class KeyReused(ValueError):
    """The key belongs to another request."""


class StillAtWork(Exception):
    """The first request with the key has no answer yet."""


class Answered(Exception):
    """The request was carried out before; `row` holds what it got."""

    def __init__(self, row: IdempotencyKey) -> None:
        super().__init__("answered before")
        self.row = row


class Turn:
    """A request with a key, from the moment its body has arrived until its answer is stored."""

    def __init__(self, key: str, route: str) -> None:
        self._key, self._route = key, route
        self._transaction: Any = None
        self._row: IdempotencyKey | None = None
        self._ids = itertools.count()

    def begin(self, body: bytes) -> None:
        """Open the transaction of what follows; `body` is a digest. Raises UnusableKey, KeyReused, StillAtWork, Answered."""
        if not 0 < len(self._key) <= LONGEST_KEY:
            raise UnusableKey(f"An Idempotency-Key has 1 to {LONGEST_KEY} characters.")
        key, request = _digest(callers.current().token, self._key), _digest(self._route, body.hex())
        self._open(key, wait=False)
        IdempotencyKey.objects.filter(key=key).expired().delete()
        row = IdempotencyKey.objects.filter(key=key).first()
        if row and row.request != request:
            raise KeyReused("The Idempotency-Key was used for another request.")
        if row and row.status:
            raise Answered(row)
        if row and row.busy_until and row.busy_until > utc_now():
            raise StillAtWork(_STILL_AT_WORK)
        self._row = row or IdempotencyKey(key=key, request=request)
        self._row.holder = secrets.token_hex(16)

    def pause(self) -> None:
        """Commit what was changed so far and keep repetitions away; nothing where a use case's transaction is open."""
        if self._row and self._transaction and connection.atomic_blocks[-1] is self._transaction:
            self._row.busy_until = utc_now() + dt.timedelta(seconds=_PAUSE * settings.AGENT_TIMEOUT)
            self._save()
            self._close()

    def resume(self) -> None:
        """Go on after a pause. Raises StillAtWork where a repetition took over, or the learner was removed."""
        if self._row is None or self._transaction:
            return
        self._open(self._row.key, wait=True)
        mine = IdempotencyKey.objects.filter(key=self._row.key, holder=self._row.holder)
        if not mine.select_for_update().exists():
            self._row = None
            raise StillAtWork(_STILL_AT_WORK)

    def end(
        self, *, status: int | None = None, content_type: str = "", error_code: str = "", body: bytes = b""
    ) -> None:
        """Commit, together with the answer if it is to be kept; without a status a repetition may follow at once."""
        if (row := self._row) and self._transaction:
            row.busy_until = None
            row.status, row.content_type, row.error_code, row.body = status, content_type, error_code, body
            if status or not row._state.adding:
                self._save()
            self._close()
            self._row = None

    def abandon(self) -> None:
        """Roll back whatever is open; a repetition may follow at once. Nothing after `end`."""
        if self._transaction:
            with contextlib.suppress(DatabaseError, InterfaceError):
                self._close(roll_back=True)
        if self._row and not self._row._state.adding:
            mine = IdempotencyKey.objects.filter(key=self._row.key, holder=self._row.holder)
            # Where the database is away, a repetition has to wait until the pause would have ended.
            with contextlib.suppress(DatabaseError, InterfaceError), transaction.atomic():
                mine.update(busy_until=None)
        self._row = None

    def new_id(self) -> str:
        """32 hexadecimal digits; a repetition of a request that broke off gets the same ones in the same order."""
        if self._row is None:
            return secrets.token_hex(16)
        return _digest(self._row.key, self._row.made_at.isoformat(), str(next(self._ids)))[:32]

    def _open(self, key: str, *, wait: bool) -> None:
        opened: Any = transaction.atomic()
        opened.__enter__()
        self._transaction = opened
        # On SQLite the transaction itself keeps all others away.
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                number = int.from_bytes(bytes.fromhex(key[:16]), signed=True)
                cursor.execute(_WAIT if wait else _TRY, [number])
                if not wait and not cursor.fetchone()[0]:
                    raise StillAtWork(_STILL_AT_WORK)

    def _save(self) -> None:
        assert self._row is not None
        if self._row.learner_id is None:
            named = LearnerProfile.objects.named(callers.named())
            # Locked, so that a learner who is being removed takes the answer along.
            self._row.learner = named.select_for_update(no_key=True).only("pk").first()
        self._row.save(force_insert=self._row._state.adding)

    def _close(self, *, roll_back: bool = False) -> None:
        opened, self._transaction = self._transaction, None
        opened.__exit__(Exception if roll_back else None, None, None)


_STILL_AT_WORK = "The first request with this Idempotency-Key is still at work."
_TRY, _WAIT = "SELECT pg_try_advisory_xact_lock(%s)", "SELECT pg_advisory_xact_lock(%s)"
_turn: ContextVar[Turn | None] = ContextVar("turn", default=None)


def current() -> Turn | None:
    """The turn of the request at work, where it has a key."""
    return _turn.get()


@contextlib.contextmanager
def taking(turn: Turn) -> Iterator[None]:
    """A block that is a request's turn."""
    token = _turn.set(turn)
    try:
        yield
    finally:
        _turn.reset(token)


def once_committed(function: Callable[[], None]) -> None:
    """Do what cannot be undone: now, or when the transaction of the turn is committed."""
    if current():
        transaction.on_commit(function)
    else:
        function()


def ids() -> Callable[[], str]:
    """A source of new ids, for what is made outside of the turn's transaction."""
    turn = current()
    return turn.new_id if turn else lambda: secrets.token_hex(16)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
