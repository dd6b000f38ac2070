"""A database of one's own, beside the one that the tests run on: of the same kind, with real commits."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit


@contextlib.contextmanager
def another(folder: Path) -> Iterator[str]:
    """The URL of a new, empty database, which is gone afterwards."""
    url = os.environ["ARCADIA_DATABASE_URL"]
    if not url.startswith("postgres"):
        yield f"sqlite:///{folder / 'model.sqlite3'}"
        return
    import psycopg

    name = f"model_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
