"""One run at a time: a row of the ledger with holder, heartbeat and fence, taken and renewed in ordinary transactions.

Nothing rests on a database session, so it works through a transaction pooler. Each taking has a higher fence, and every batch
checks its own within its transaction: a run that lost the lock commits nothing more.
"""

import datetime as dt
import os
import threading
import time
from pathlib import Path
from typing import Self

from django.db import Error, OperationalError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from coach.models import BackfillLock
from coach.models.backfills import this_process

NAME = "backfill"
HEARTBEAT_SECONDS = 10.0
# Without a heartbeat for that long, a holder on another machine, or one that is frozen, has lost the lock.
STALE_SECONDS = 60.0
# The server may need a moment to notice that a process is gone, and to undo its last transaction.
_UNDO_SECONDS = 5.0


class LockHeld(Exception):
    """Another run holds the lock; the message says who."""


class RunLock:
    """The lock; use it in a `with` statement. Raises LockHeld at once where another run has it."""

    def __init__(self) -> None:
        self._fence = 0
        self._released = threading.Event()
        self._heart: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._fence = _take()
        self._released.clear()
        self._heart = threading.Thread(target=self._beat, name="lock heartbeat", daemon=True)
        self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        if self._heart:
            self._heart.join()
        try:
            self._mine().update(holder="", process="")
        except Error:
            connection.close()  # a later run finds that the process is gone

    def confirm(self) -> None:
        """Make sure, within the transaction that writes a batch, that the lock is still ours, until it is committed.

        Raises LockHeld where another run has taken it since.
        """
        if not self._mine().update(heartbeat_at=Now()):
            raise LockHeld(_described(_row()))

    def _mine(self) -> QuerySet[BackfillLock]:
        return BackfillLock.objects.filter(name=NAME, fence=self._fence)

    def _beat(self) -> None:
        """Where no batch is written for long: while files are checked, or nothing has changed."""
        while not self._released.wait(HEARTBEAT_SECONDS):
            try:
                self._mine().update(heartbeat_at=Now())
            except Error:
                pass  # the next batch shows whether the lock is lost
            finally:
                connection.close()


def _take() -> int:
    BackfillLock.objects.get_or_create(name=NAME)
    until = time.monotonic() + _UNDO_SECONDS
    while True:
        try:
            return _try_to_take()
        except OperationalError as error:
            # The row is locked: its holder is in the middle of a transaction, dead or alive.
            if connection.in_atomic_block or not _is_busy(error):
                raise
            if time.monotonic() > until or not _is_gone(_row().process):
                raise LockHeld(_described(_row())) from None
            time.sleep(0.1)


def _try_to_take() -> int:
    with transaction.atomic():
        row = BackfillLock.objects.select_for_update(nowait=True).get(name=NAME)
        free = Q(holder="") | Q(heartbeat_at__lt=Now() - dt.timedelta(seconds=STALE_SECONDS))
        if not _is_gone(row.process) and not BackfillLock.objects.filter(free, name=NAME).exists():
            raise LockHeld(_described(row))
        BackfillLock.objects.filter(name=NAME).update(
            fence=F("fence") + 1,
            holder=this_process(),
            process=_identity(os.getpid()),
            taken_at=Now(),
            heartbeat_at=Now(),
        )
        return row.fence + 1


def _is_busy(error: OperationalError) -> bool:
    """Whether the row (on SQLite the database) is locked, and nothing worse."""
    return getattr(error.__cause__, "sqlstate", None) == "55P03" or "locked" in str(error)


def _row() -> BackfillLock:
    return BackfillLock.objects.get(name=NAME)


def _described(row: BackfillLock) -> str:
    return f"{row.holder}, since {row.taken_at:%Y-%m-%d %H:%M:%S} UTC" if row.holder else "another run"


# --- processes --------------------------------------------------------------------------------------


def _is_gone(process: str) -> bool:
    """Whether a process of this machine has certainly ended; one of another machine never has."""
    machine, _, rest = process.partition(" ")
    if not rest or machine != _machine():
        return False
    return _identity(int(rest.split(" ")[0])) != process


def _identity(pid: int) -> str:
    """What tells a process from all others, those that get its number later included; empty where that is not known."""
    machine = _machine()
    if not machine:
        return ""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "gone"
    return "gone" if fields[0] in "ZX" else f"{machine} {pid} {fields[19]}"


def _machine() -> str:
    """This start of this machine, and the numbering of processes within it; empty where there is no /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return ""
