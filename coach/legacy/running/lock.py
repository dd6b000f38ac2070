"""One run at a time: held by a connection of its own on PostgreSQL, by a locked file beside the database on SQLite.

Both vanish with the process, however it ends, so nobody ever has to clear a stale lock away.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Any, BinaryIO

import psycopg
from django.db import connection

from coach.documents.base import utc_now
from coach.legacy.running.ledger import this_process

# Any two numbers, as long as nothing else in the database uses them: "Arca", "back".
_ADVISORY = (0x41726361, 0x6261636B)
_NAME = "arcadia backfill: "


class LockHeld(Exception):
    """Another run holds the lock; the message says who."""


class RunLock:
    """The lock; use it in a `with` statement. Raises LockHeld at once where somebody else has it, Django's OperationalError
    where the server cannot be reached.

    `ensure` takes it again where the server dropped its connection.
    """

    def __init__(self) -> None:
        self._connection: psycopg.Connection[Any] | None = None
        self._file: BinaryIO | None = None

    def __enter__(self) -> RunLock:
        if connection.vendor == "postgresql":
            self._lock_database()
        elif (path := _lock_path()) is not None:
            self._lock_file(path)
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            # Said aloud: a busy server notices a closed connection late, and would refuse the next run.
            with contextlib.suppress(psycopg.Error):
                self._connection.execute("SELECT pg_advisory_unlock(%s, %s)", _ADVISORY)
            self._connection.close()
            self._connection = None
        if self._file is not None:
            self._file.close()
            self._file = None

    def ensure(self) -> None:
        """Take the lock again if its connection is gone.

        Raises LockHeld where another run was faster, OperationalError where the server is not back yet.
        """
        if self._connection is None:
            return
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            self._connection.close()
            self._lock_database()

    def _lock_database(self) -> None:
        parameters = {**connection.get_connection_params(), "application_name": (_NAME + this_process())[:63]}
        with connection.wrap_database_errors:
            found = psycopg.connect(**parameters, autocommit=True)
            cursor = found.execute("SELECT pg_try_advisory_lock(%s, %s)", _ADVISORY)
        if _first(cursor):
            self._connection = found
            return
        holder = found.execute(_HOLDER, _ADVISORY).fetchone()
        found.close()
        raise LockHeld(_holder(*holder) if holder else "another run")

    def _lock_file(self, path: Path) -> None:
        file = path.open("a+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read(200).decode(errors="replace").strip()
            file.close()
            raise LockHeld(holder or "another run") from None
        file.truncate(0)
        file.write(f"{this_process()}, since {utc_now():%Y-%m-%d %H:%M:%S} UTC\n".encode())
        file.flush()
        os.fsync(file.fileno())
        self._file = file


_HOLDER = """
SELECT activity.application_name, activity.backend_start
FROM pg_locks AS locks JOIN pg_stat_activity AS activity ON activity.pid = locks.pid
WHERE locks.locktype = 'advisory' AND locks.granted AND locks.classid::bigint = %s AND locks.objid::bigint = %s
  AND locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def _holder(name: str, since: Any) -> str:
    return f"{name.removeprefix(_NAME)}, since {since:%Y-%m-%d %H:%M:%S %Z}"


def _first(cursor: Any) -> bool:
    row = cursor.fetchone()
    return bool(next(iter(row.values())) if isinstance(row, dict) else row[0])


def _lock_path() -> Path | None:
    name = str(connection.settings_dict["NAME"])
    # A database in memory belongs to this process alone.
    return None if ":memory:" in name or "mode=memory" in name else Path(f"{name}.backfill-lock")
