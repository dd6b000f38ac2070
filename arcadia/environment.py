"""Reading the environment: one function a kind of value, each naming what it cannot understand.

Standard library and dj-database-url only; settings.py is the only caller.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_HASHED = re.compile(r"sha256=([0-9a-f]{64})")
SHORTEST_SECRET = 20
_SQLITE = re.compile(r"sqlite:///(?P<path>.+)")
# SQLAlchemy's spelling of the scheme, which the service's older configurations carry.
_DRIVER_SCHEME = re.compile(r"^postgres(ql)?\+psycopg2?://")


def text(name: str, default: str = "") -> str:
    """The variable's value, stripped; the default where it is unset or blank."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool) -> bool:
    """A switch. Raises ImproperlyConfigured for anything but true/false, yes/no, on/off, 1/0."""
    value = text(name).lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    if not value:
        return default
    raise _not_understood(name, "a switch", "true or false")


def number(name: str, *, default: float, least: float, most: float, whole: bool = True) -> Any:
    """A number within bounds. Raises ImproperlyConfigured outside them or for other text."""
    value = text(name)
    if not value:
        return default
    try:
        result = int(value) if whole else float(value)
    except ValueError:
        result = None
    if result is None or not least <= result <= most:
        kind = "a whole number" if whole else "a number"
        raise _not_understood(name, f"{kind} from {least:g} to {most:g}", f"{default:g}")
    return result


def words(name: str) -> list[str]:
    """A list separated by commas; blank entries are dropped."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def choice(name: str, *, allowed: tuple[str, ...], default: str) -> str:
    """One of a few words. Raises ImproperlyConfigured for any other."""
    value = text(name, default)
    if value not in allowed:
        raise _not_understood(name, f"one of {', '.join(allowed)}", allowed[0])
    return value


def rate(name: str, *, default: str) -> tuple[int, int] | None:
    """A number of requests and the seconds they are spread over; None for `off`.

    Raises ImproperlyConfigured for anything but `off` or a number per second, minute, hour or day.
    """
    value = text(name, default).lower()
    if value == "off":
        return None
    count, _, unit = value.partition("/")
    if not count.isascii() or not count.isdigit() or int(count) < 1 or unit not in _SECONDS:
        raise _not_understood(
            name, "`off` or a number of requests per second, minute, hour or day", "600/minute"
        )
    return int(count), _SECONDS[unit]


def secrets(name: str) -> dict[str, str]:
    """Named secrets, `name:secret` separated by commas; of each only the sha256 is kept, in hexadecimal.

    In place of a secret may stand `sha256=` and its 64 hexadecimal digits. Raises ImproperlyConfigured.
    """
    found: dict[str, str] = {}
    for entry in words(name):
        label, _, secret = entry.partition(":")
        hashed = _HASHED.fullmatch(secret)
        if not label.strip() or label in found or (not hashed and len(secret) < SHORTEST_SECRET):
            shape = f"a list of NAME:SECRET with different names and at least {SHORTEST_SECRET} characters a secret"
            raise _not_understood(name, shape, "app:a-long-random-text-of-your-own")
        found[label.strip()] = hashed[1] if hashed else hashlib.sha256(secret.encode()).hexdigest()
    return found


def object_storage(prefix: str) -> dict[str, Any]:
    """Django's settings for one part of an S3-compatible bucket, the objects whose names begin with `prefix/`.

    Without keys in ARCADIA_S3_* the client library looks where it always does: its own variables, files, the
    machine's role. Raises ImproperlyConfigured without a bucket.
    """
    if not text("ARCADIA_S3_BUCKET"):
        raise _not_understood("ARCADIA_S3_BUCKET", "the name of a bucket", "arcadia-attachments")
    return {
        "BACKEND": "coach.object_storage.ObjectStorage",
        "OPTIONS": {
            "bucket_name": text("ARCADIA_S3_BUCKET"),
            "endpoint_url": text("ARCADIA_S3_ENDPOINT") or None,
            "region_name": text("ARCADIA_S3_REGION") or None,
            "access_key": text("ARCADIA_S3_ACCESS_KEY") or None,
            "secret_key": text("ARCADIA_S3_SECRET_KEY") or None,
            "location": prefix,
            "default_acl": None,
        },
    }


def path(name: str, default: Path) -> Path:
    """A folder or file; `~` stands for the home folder."""
    value = text(name)
    return Path(value).expanduser().resolve() if value else default


def database(
    name: str, *, default_file: Path, pool_size: int, max_overflow: int, pool_timeout: float = 5
) -> dict[str, Any]:
    """Django's settings for the database that a URL names.

    PostgreSQL gets a psycopg pool of `pool_size` to `pool_size + max_overflow` connections per
    process (0 and 0: no pool), and a request waits `pool_timeout` seconds for one; SQLite a write-ahead
    log, so that readers do not wait for a writer.
    Raises ImproperlyConfigured for a URL of any other shape. The URL itself, which may hold a
    password, is never part of the message.
    """
    url = _DRIVER_SCHEME.sub("postgresql://", text(name, f"sqlite:///{default_file}"))
    sqlite = _SQLITE.fullmatch(url)
    if sqlite:
        return _sqlite(Path(sqlite["path"]).expanduser())
    if not re.match(r"postgres(ql)?://", url):
        raise _not_understood(
            name, "a PostgreSQL or SQLite URL", "postgresql://user:password@host:5432/arcadia"
        )
    try:
        # A persistent connection and a pool exclude each other.
        settings: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=0))
    except ValueError:
        raise _not_understood(
            name, "a PostgreSQL URL", "postgresql://user:password@host:5432/arcadia"
        ) from None
    if not settings.get("NAME"):
        raise _not_understood(name, "a URL that names a database", "postgresql://user@host/arcadia")
    options = settings.setdefault("OPTIONS", {})
    # A server that cannot be reached must not hold a request for minutes; seconds.
    options.setdefault("connect_timeout", 5)
    if pool_size + max_overflow:
        # A connection that died with a restarted server is replaced before anybody gets it.
        settings["CONN_HEALTH_CHECKS"] = True
        # With a pool of our own there is no pooler between us and the server that could not bear prepared
        # statements; only the reads of `coach.models.database.prepared` use them.
        options.setdefault("prepare_threshold", 5)
        options["pool"] = _pool(least=pool_size, most=pool_size + max_overflow, timeout=pool_timeout)
    return settings


def _pool(*, least: int, most: int, timeout: float) -> dict[str, Any]:
    """A pool of that many connections, for which a request waits `timeout` seconds."""
    # The driver is needed only where there is a PostgreSQL.
    from arcadia.serving import pooled_connections

    return {
        "connection_class": pooled_connections.Connection,
        "min_size": least,
        "max_size": most,
        "timeout": timeout,
        # Between failed attempts the pool waits longer and longer; giving up soon means that the next
        # request begins anew, so that a long outage is over as quickly as a short one.
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


def _not_understood(name: str, shape: str, example: str) -> ImproperlyConfigured:
    value = os.environ.get(name, "").strip()
    return ImproperlyConfigured(
        f"{name} must be {shape}, for example {name}={example}; it is set to {len(value)} characters of another shape."
    )
