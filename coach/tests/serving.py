"""A server of this code on a free port, for whatever has to ask over a socket."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping

PATIENCE_SECONDS = 30


@contextlib.contextmanager
def server(environment: Mapping[str, str], *, workers: int = 1, threads: int = 4) -> Iterator[str]:
    """Serve under gunicorn until the block ends; gives the address. Raises SystemExit where it does not start."""
    port = free_port()
    options = ["--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--threads", str(threads)]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "arcadia.wsgi", "--log-level", "error", *options],
        env=dict(environment),
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/healthz", process)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the process answers at that address. Raises SystemExit where it does not."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            # Whatever it says, it answers.
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not start; `python manage.py check` says why")
