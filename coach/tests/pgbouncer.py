"""A real PgBouncer in front of the test database: transaction mode, few connections to the server."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from coach.tests.serving import free_port

CONFIGURATION = """
[databases]
* = host={host} port={port} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 500
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
"""


def installed() -> bool:
    """Whether there is a PgBouncer; in CI there must be one."""
    found = shutil.which("pgbouncer") is not None
    assert found or os.environ.get("CI") != "true", "CI needs Debian's package pgbouncer"
    return found


def members(url: str) -> dict[str, Any]:
    """The members of a PostgreSQL's URL, as Django's settings name them."""
    found = urllib.parse.urlsplit(url)
    return {
        "HOST": found.hostname,
        "PORT": found.port,
        "USER": found.username,
        "PASSWORD": found.password,
        "NAME": found.path[1:],
    }


@contextlib.contextmanager
def in_front_of(database: dict[str, Any], *, size: int = 3, mode: str = "transaction") -> Iterator[str]:
    """Start one in front of the server of Django's settings `database`; gives the URL of that database behind it."""
    listen = free_port()
    members = {name.lower(): database[name] for name in ("HOST", "PORT", "USER", "PASSWORD")}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder, "pgbouncer.ini")
        file.write_text(CONFIGURATION.format(**members, listen=listen, size=size, mode=mode))
        # It refuses to run as root.
        account = ["-u", "nobody"] if os.geteuid() == 0 else []
        process = subprocess.Popen(["pgbouncer", "-q", *account, str(file)])
        try:
            _wait(listen, process)
            yield f"postgresql://{members['user']}:x@127.0.0.1:{listen}/{database['NAME']}"
        finally:
            process.terminate()
            process.wait(10)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("pgbouncer did not start")
