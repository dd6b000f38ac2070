"""Whether the database answers, is migrated, and has connections to spare."""

import functools
import time
from typing import Literal

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils.translation import ngettext

from coach import attachments, telemetry
from coach.documents.base import Document
from coach.models.database import replica
from coach.services.operations import connections


class Unhealthy(Exception):
    """The database does not answer, or is not migrated; the message says which."""


class Liveness(Document):
    status: Literal["ok"] = "ok"
    mode: Literal["custom-chatkit"] = "custom-chatkit"


class Migrations(Document):
    """How many migrations are applied; those that are not are a reason to be unhealthy."""

    applied: int
    pending: list[str] = []


class Replica(Document):
    """How far the replica is behind the primary; what is unknown is null, while the replica does not answer."""

    lag_bytes: int | None = None
    lag_seconds: float | None = None


class DatabaseHealth(Document):
    """`pool` holds the counters of this process's connection pool, empty without one; `replica` is null without one.

    `object_store` is null where attachments lie in a folder. While it is away only uploads and downloads fail.
    """

    status: Literal["ok"] = "ok"
    vendor: str
    migrations: Migrations
    pool: dict[str, int]
    replica: Replica | None = None
    object_store: Literal["ok", "away"] | None = None


def database() -> DatabaseHealth:
    """The state of the database, and of what else machines share. Raises Unhealthy."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_WRITING.get(connection.vendor, "SELECT 'off'"))
            read_only = cursor.fetchone()[0] == "on"
        pending = pending_migrations()
    except (DatabaseError, InterfaceError) as error:
        raise Unhealthy(unavailable(error)) from error
    if read_only:
        connections.discard()
        raise Unhealthy("The database is read-only.")
    if pending:
        raise Unhealthy(
            ngettext("%d migration is", "%d migrations are", len(pending)) % len(pending)
            + f" not applied: {', '.join(pending)}. Run `manage.py migrate`."
        )
    return DatabaseHealth(
        vendor=connection.vendor,
        migrations=Migrations(applied=len(_known_migrations())),
        pool=pool_counters(),
        replica=_replica(),
        object_store=_object_store(),
    )


def _replica() -> Replica | None:
    if not replica.configured():
        return None
    size, seconds = replica.behind() or (None, None)
    return Replica(lag_bytes=size, lag_seconds=seconds)


def _object_store() -> Literal["ok", "away"] | None:
    # It may take two seconds to say nothing.
    connections.release()
    answers: dict[bool | None, Literal["ok", "away"] | None] = {True: "ok", False: "away", None: None}
    return answers[attachments.is_reachable()]


# A transaction that left something in the log is committed to disk, and to a synchronous standby, although it changes nothing;
# a number alone is not waited for.
_WRITING = {
    "postgresql": """
        SELECT CASE WHEN current_setting('transaction_read_only') = 'on' THEN 'on'
            ELSE left(pg_logical_emit_message(true, 'arcadia', 'healthz')::text, 0) END
    """
}


def unavailable(error: Exception) -> str:
    """Why the database cannot be asked, for clients: without hosts, names or passwords."""
    if is_exhausted(error):
        return "All database connections of this process are in use, or none can be made; try again."
    if is_read_only(error):
        return "The database is read-only at the moment; try again."
    if isinstance(error, OperationalError | InterfaceError):
        return "The database is not available at the moment; try again."
    return f"The database does not answer ({type(error).__name__})."


def is_exhausted(error: Exception) -> bool:
    """Whether no connection could be had from the pool in time."""
    # By name: the pool is there only with PostgreSQL.
    return type(error.__cause__).__name__ in ("PoolTimeout", "TooManyRequests")


def is_read_only(error: Exception) -> bool:
    """Whether a server that only reads, such as a standby, was asked to write."""
    return getattr(error.__cause__, "sqlstate", None) == "25006"


def pending_migrations() -> list[str]:
    """The names of the migrations that are not applied yet."""
    applied = MigrationRecorder(connection).applied_migrations()
    return [f"{app}.{name}" for app, name in _known_migrations() if (app, name) not in applied]


@functools.cache
def _known_migrations() -> list[tuple[str, str]]:
    """All migrations on disk, by app and name; read once, since they do not change under a running process."""
    return sorted(MigrationLoader(None).graph.nodes)


def pool_counters() -> dict[str, int]:
    """The counters of the connection pool, those that are zero included; empty where there is no pool."""
    pool = getattr(connection, "pool", None)
    if pool is None:
        return {}
    counted = pool.get_stats()
    return {name: counted.get(name, 0) for name in _COUNTERS}


def observe_pool(**signal: object) -> None:
    """Report the pool's counters to the metrics, once a second: each worker its own, since a scrape reaches one of them.

    Connected to the end of every request.
    """
    global _observed_at
    now = time.monotonic()
    if now - _observed_at >= 1:
        _observed_at = now
        telemetry.pool_observed(pool_counters())


_observed_at = 0.0

# The pool leaves out those that are zero.
_COUNTERS = (
    "pool_min pool_max pool_size pool_available requests_waiting requests_num requests_queued requests_errors "
    "requests_wait_ms connections_num connections_errors connections_lost returns_bad"
).split()
