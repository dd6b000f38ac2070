"""The databases that the environment names: the primary, a direct way past a pooler, and a replica for reads.

settings.py is the only caller of `from_environment`. A URL is parsed by libpq itself, so that every spelling that `psql` takes
is taken here: several hosts, `target_session_attrs`, TLS, a service name.
"""

import re
from pathlib import Path
from typing import Any

from arcadia import environment

URL = "ARCADIA_DATABASE_URL"
EXAMPLE = "postgresql://user:password@host:5432/arcadia"
_SQLITE = re.compile(r"sqlite:///(?P<path>.+)")
# SQLAlchemy's spelling of the scheme, which the service's older configurations carry.
_DRIVER_SCHEME = re.compile(r"^postgres(ql)?\+psycopg2?://")
# libpq's names for what Django's settings hold under names of their own.
_OWN_NAMES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
# Behind a pooler a thread keeps its connection for so many seconds; making one costs nine times a read.
_KEPT_SECONDS = 60


def from_environment(*, default_file: Path) -> dict[str, dict[str, Any]]:
    """Django's DATABASES: `default`, and `direct` and `replica` where they are configured.

    Raises ImproperlyConfigured for a value that cannot be understood. A URL may hold a password and is never part of the message.
    """
    name = URL if environment.text(URL) or not environment.text("DATABASE_URL") else "DATABASE_URL"
    behind_pooler = pooler() == "transaction"
    found = {"default": database(name, default_file=default_file, behind_pooler=behind_pooler)}
    for alias, variable in (
        ("direct", "ARCADIA_DATABASE_DIRECT_URL"),
        ("replica", "ARCADIA_DATABASE_REPLICA_URL"),
    ):
        if environment.text(variable):
            found[alias] = database(
                variable,
                default_file=default_file,
                behind_pooler=alias == "replica" and behind_pooler,
            )
            if alias == "replica" and (pool := found[alias]["OPTIONS"].get("pool")):
                # Whoever reads there can read from the primary instead.
                pool["timeout"] = min(pool["timeout"], 2)
            # In tests all of them are the one test database.
            found[alias]["TEST"] = {"MIRROR": "default"}
    return found


def pooler() -> str:
    """What lends connections to this service: `transaction`, or `none`."""
    return environment.choice("ARCADIA_DATABASE_POOLER", allowed=("none", "transaction"), default="none")


def database(name: str, *, default_file: Path, behind_pooler: bool = False) -> dict[str, Any]:
    """Django's settings for the database that the URL in the variable `name` names.

    PostgreSQL gets a pool of connections per process. Behind a transaction pooler it gets none, and nothing that outlives a
    transaction: no server-side cursor, no prepared statement. SQLite gets a write-ahead log, so that readers do not wait for a
    writer.
    """
    url = _DRIVER_SCHEME.sub("postgresql://", environment.text(name, f"sqlite:///{default_file}"))
    if sqlite := _SQLITE.fullmatch(url):
        return _sqlite(Path(sqlite["path"]).expanduser())
    if not re.match(r"postgres(ql)?://", url):
        raise environment.not_understood(name, "a PostgreSQL or SQLite URL", EXAMPLE)
    settings = _parsed(name, url)
    options = settings["OPTIONS"]
    # A server that cannot be reached must not hold a request for minutes; seconds.
    options.setdefault("connect_timeout", 5)
    if behind_pooler:
        return settings | {
            "CONN_MAX_AGE": _KEPT_SECONDS,
            "CONN_HEALTH_CHECKS": True,
            "DISABLE_SERVER_SIDE_CURSORS": True,
        }
    _add_timeouts(options)
    _add_pool(settings)
    return settings


def _parsed(name: str, url: str) -> dict[str, Any]:
    # The driver is needed only where there is a PostgreSQL.
    from psycopg import ProgrammingError, conninfo

    try:
        members: dict[str, Any] = dict(conninfo.conninfo_to_dict(url))
    except (ProgrammingError, UnicodeDecodeError) as error:
        # libpq quotes what it does not understand: only the name of a parameter may be repeated.
        unknown = re.search(r'invalid URI query parameter: "(\w+)"', str(error))
        shape = f"a PostgreSQL URL without the parameter {unknown[1]}" if unknown else "a PostgreSQL URL"
        raise environment.not_understood(name, shape, EXAMPLE) from None
    if not members.get("dbname") and not members.get("service"):
        raise environment.not_understood(name, "a URL that names a database", EXAMPLE)
    own = {_OWN_NAMES[member]: str(members.pop(member)) for member in _OWN_NAMES if members.get(member)}
    return {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": 0, **own, "OPTIONS": members}


def _add_timeouts(options: dict[str, Any]) -> None:
    """Settings of the session, of which a transaction pooler would know nothing. The web server sets them (gunicorn.py)."""
    seconds = {name: _seconds(name) for name in ("statement", "lock", "idle_in_transaction")}
    given = [
        f"-c {name}{'_session' if name == 'idle_in_transaction' else ''}_timeout={int(value * 1000)}"
        for name, value in seconds.items()
        if value
    ]
    if given:
        options["options"] = " ".join([options.get("options", ""), *given]).strip()


def _seconds(name: str) -> float:
    return environment.number(
        f"ARCADIA_DATABASE_{name.upper()}_TIMEOUT", default=0, least=0, most=86400, whole=False
    )


def _add_pool(settings: dict[str, Any]) -> None:
    least = environment.number("ARCADIA_DATABASE_POOL_SIZE", default=10, least=0, most=1000)
    more = environment.number("ARCADIA_DATABASE_MAX_OVERFLOW", default=10, least=0, most=1000)
    # Seconds that a request waits for a connection before it is answered with 503.
    timeout = environment.number("ARCADIA_DATABASE_POOL_TIMEOUT", default=5, least=0.1, most=60, whole=False)
    if not least + more:
        # Whoever makes a connection for each request may have a pooler, which loses a cursor between two statements.
        settings["DISABLE_SERVER_SIDE_CURSORS"] = True
        return
    from arcadia.serving import pooled_connections

    commit, statement = _seconds("commit"), _seconds("statement")
    pooled_connections.Connection.commit_seconds = commit or None
    pooled_connections.Connection.statement_seconds = commit + statement if commit and statement else None
    # A connection that died with a restarted server is replaced before it is handed out.
    settings["CONN_HEALTH_CHECKS"] = True
    # Nothing stands between this pool and the server that could not bear prepared statements (`ARCADIA_DATABASE_POOLER` says
    # otherwise); only the reads of `coach.models.database.prepared` use them.
    settings["OPTIONS"].setdefault("prepare_threshold", 5)
    settings["OPTIONS"]["pool"] = {
        "connection_class": pooled_connections.Connection,
        "min_size": least,
        "max_size": least + more,
        "timeout": timeout,
        # Between failed attempts the pool waits longer and longer. After it gives up, the next request starts a new
        # attempt at once, so that a long outage is over as quickly as a short one.
        "reconnect_timeout": 4,
    }


def _sqlite(file: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "OPTIONS": {
            # Take the write lock when a transaction begins: a lock taken half-way cannot wait.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
        # In-memory test databases cannot be shared by threads; a file can.
        "TEST": {"NAME": str(file.with_name(f"test-{file.name}"))},
    }
