"""Databases that this process cannot be served with: refused at start, with the reason."""

import contextlib
import re
import secrets
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections

_SETTING = "arcadia.probe"


class Refused(ImproperlyConfigured):
    """The server will never let us in like this (password, account, name of the database, TLS), or it is a pooler that
    shares connections between clients, transaction by transaction, and the settings say that they are not shared.
    """


_DECLARE = (
    "ARCADIA_DATABASE_URL leads to a transaction pooler: {}. "
    "Set ARCADIA_DATABASE_POOLER=transaction, and ARCADIA_DATABASE_DIRECT_URL to the server itself."
)
# What libpq and the server say; of a server that is away or starting they say something else.
_NEVER = re.compile(
    r"authentication failed|no password supplied|does not exist|no pg_hba.conf entry|is not permitted to log in"
    r"|permission denied for database|does not support SSL|certificate|not currently accepting connections"
    # A URL that libpq or the server does not understand.
    r"|invalid (\w+ )?(value|port number)|unrecognized configuration parameter|definition of service .* not found"
    r"|[Cc]hannel binding|auth(entication)? method"
    # PgBouncer's own words.
    r"|no such (database|user)|statement pooling mode"
)
# PgBouncer does so, too, unless `ignore_startup_parameters` names it.
_NO_OPTIONS = "unsupported startup parameter"


def refuse_unusable() -> None:
    """Raises Refused, also where a session setting does not survive from one transaction to the next.

    With a pool or prepared statements of our own, such a pooler gives wrong answers. A server that does not answer raises
    nothing: health reports it.
    """
    database = settings.DATABASES[DEFAULT_DB_ALIAS]
    if "postgresql" not in database["ENGINE"]:
        return
    refuse_hopeless(DEFAULT_DB_ALIAS)
    if settings.DATABASE_POOLER != "transaction" and _shares_sessions():
        raise Refused(_DECLARE.format("a setting made on one connection shows on another"))


def refuse_hopeless(alias: str) -> None:
    """Raises Refused where trying again cannot help; a pool would only say that there was no connection in time."""
    import psycopg

    if connections[alias].vendor != "postgresql":
        return
    try:
        with _connection(alias) as connection, connection.transaction():
            encoding = connection.info.parameter_status("server_encoding")
    except psycopg.Error as error:
        if _NO_OPTIONS in str(error):
            raise Refused(_DECLARE.format("what it leads to takes no settings of a session")) from error
        if _NEVER.search(str(error)):
            raise Refused(f"The database's URL cannot be used: {error}") from error
        return
    if encoding != "UTF8":
        raise Refused(
            f"The database's encoding is {encoding}, and must be UTF8: not every text could be stored."
        )


def _shares_sessions() -> bool:
    import psycopg

    with contextlib.ExitStack() as stack:
        try:
            opened = [stack.enter_context(_connection(DEFAULT_DB_ALIAS)) for _ in range(3)]
            written = [secrets.token_hex(8) for _ in opened]
            for each, token in zip(opened, written, strict=True):
                each.execute("SELECT set_config(%s, %s, false)", [_SETTING, token])
            # In the opposite order: taking turns, three servers would give each connection its own again.
            read = [each.execute("SELECT current_setting(%s, true)", [_SETTING]) for each in opened[::-1]]
            return [found.fetchone()[0] for found in read] != written[::-1]
        except psycopg.OperationalError:
            return False


def _connection(alias: str) -> Any:
    import psycopg

    parameters = connections[alias].get_connection_params()
    for ours in ("cursor_factory", "context", "prepare_threshold", "pool"):
        parameters.pop(ours, None)
    return psycopg.connect(**parameters, autocommit=True, prepare_threshold=None)
