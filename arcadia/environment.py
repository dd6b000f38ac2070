"""Reading the environment: one function a kind of value, each naming what it cannot understand.

Standard library only; settings.py, databases.py and serving/gunicorn.py are the callers.
"""

import hashlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_HASHED = re.compile(r"sha256=([0-9a-f]{64})")
SHORTEST_SECRET = 20


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
    raise not_understood(name, "a switch", "true or false")


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
        raise not_understood(name, f"{kind} from {least:g} to {most:g}", f"{default:g}")
    return result


def words(name: str) -> list[str]:
    """A list separated by commas; blank entries are dropped."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def choice(name: str, *, allowed: Sequence[str], default: str) -> str:
    """One of a few words. Raises ImproperlyConfigured for any other."""
    value = text(name, default)
    if value not in allowed:
        raise not_understood(name, f"one of {', '.join(allowed)}", allowed[0])
    return value


def table(rows: Mapping[str, Mapping[str, Any]], *, debug: bool) -> dict[str, Any]:
    """Values by name, each of the variable, the kind and the bounds that its row names (settings.toml says how)."""
    return {name: _of_row(name, **row, is_debug=debug) for name, row in rows.items()}


def _of_row(setting: str, *, kind: str, is_debug: bool, default: Any, **row: Any) -> Any:
    variable, on_debug = row.pop("name", f"ARCADIA_{setting}"), row.pop("debug", default)
    return _KINDS[kind](variable, default=on_debug if is_debug else default, **row)


def rate(name: str, *, default: str) -> tuple[int, int] | None:
    """A number of requests and the seconds they are spread over; None for `off`.

    Raises ImproperlyConfigured for anything but `off` or a number per second, minute, hour or day.
    """
    value = text(name, default).lower()
    if value == "off":
        return None
    count, _, unit = value.partition("/")
    if not count.isascii() or not count.isdigit() or int(count) < 1 or unit not in _SECONDS:
        raise not_understood(
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
            raise not_understood(name, shape, "app:a-long-random-text-of-your-own")
        found[label.strip()] = hashed[1] if hashed else hashlib.sha256(secret.encode()).hexdigest()
    return found


def object_storage(prefix: str) -> dict[str, Any]:
    """Django's settings for one part of an S3-compatible bucket, the objects whose names begin with `prefix/`.

    Without keys in ARCADIA_S3_* the client library looks where it always does: its own variables, files, the
    machine's role. Raises ImproperlyConfigured without a bucket.
    """
    if not text("ARCADIA_S3_BUCKET"):
        raise not_understood("ARCADIA_S3_BUCKET", "the name of a bucket", "arcadia-attachments")
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


def not_understood(name: str, shape: str, example: str) -> ImproperlyConfigured:
    """The error for a value of another shape; it never shows the value, which may be a secret."""
    value = os.environ.get(name, "").strip()
    return ImproperlyConfigured(
        f"{name} must be {shape}, for example {name}={example}; it is set to {len(value)} characters of another shape."
    )


_KINDS: dict[str, Callable[..., Any]] = {kind.__name__: kind for kind in (text, flag, number, choice, rate)}
