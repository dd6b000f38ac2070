"""Whether a transaction pooler stands between this process and the server, without the settings knowing it."""

from __future__ import annotations

import contextlib
import secrets
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections

_SETTING = "arcadia.probe"


class UndeclaredPooler(ImproperlyConfigured):
    """Connections are shared between clients, transaction by transaction, and the settings say that they are not."""


def refuse_undeclared() -> None:
    """Raises UndeclaredPooler where a session setting does not survive from one transaction to the next.

    With a pool or prepared statements of our own, such a pooler gives wrong answers. A server that does not answer raises
    nothing: health reports it.
    """
    database = settings.DATABASES[DEFAULT_DB_ALIAS]
    if "postgresql" not in database["ENGINE"] or settings.DATABASE_POOLER == "transaction":
        return
    if _shares_sessions():
        raise UndeclaredPooler(
            "ARCADIA_DATABASE_URL leads to a transaction pooler: a setting made on one connection shows on another. "
            "Set ARCADIA_DATABASE_POOLER=transaction, and ARCADIA_DATABASE_DIRECT_URL to the server itself."
        )


def _shares_sessions() -> bool:
    import psycopg

    parameters = connections[DEFAULT_DB_ALIAS].get_connection_params()
    for ours in ("cursor_factory", "context", "prepare_threshold", "pool"):
        parameters.pop(ours, None)
    with contextlib.ExitStack() as stack:
        try:
            opened = [stack.enter_context(_connection(parameters)) for _ in range(3)]
            written = [_write(each) for each in opened]
            return [_read(each) for each in opened] != written
        except psycopg.OperationalError:
            return False


def _connection(parameters: dict[str, Any]) -> Any:
    import psycopg

    return psycopg.connect(**parameters, autocommit=True, prepare_threshold=None)


def _write(connection: Any) -> str:
    token = secrets.token_hex(8)
    connection.execute("SELECT set_config(%s, %s, false)", [_SETTING, token])
    return token


def _read(connection: Any) -> str | None:
    found = connection.execute("SELECT current_setting(%s, true)", [_SETTING]).fetchone()
    return str(found[0]) if found else None
