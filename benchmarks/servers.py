"""Servers under gunicorn with the configuration of production, for benchmarks; and what they cost."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from coach.tests import serving

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """A running server: its address and its master process."""

    address: str
    process: subprocess.Popen[bytes]

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def processor_seconds(self) -> float:
        """Processor time that its workers have used so far."""
        return sum(_processor_seconds(pid) for pid in self.workers())

    def memory(self) -> int:
        """Anonymous memory of its workers, in bytes."""
        return sum(_anonymous(pid) for pid in self.workers())

    def reload(self) -> None:
        """Replace its workers by new ones, as a rolling restart does."""
        self.process.send_signal(signal.SIGHUP)


def production(url: str, folder: Path, **changes: str) -> dict[str, str]:
    """The environment of a production server on that database; `changes` are settings without ARCADIA_."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARCADIA_", "OPENAI_"))}
    ours = {
        "DATABASE_URL": url,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "ATTACHMENTS_DIR": str(folder / "attachments"),
        "THROTTLE_UPLOADS": "off",
        "THROTTLE_SUBMISSIONS": "off",
        **changes,
    }
    # The worker's hooks need the settings, and the limit's application does not name them.
    kept.setdefault("DJANGO_SETTINGS_MODULE", "arcadia.settings")
    return {**kept, **{f"ARCADIA_{name}": value for name, value in ours.items()}}


@contextlib.contextmanager
def serve(
    environment: Mapping[str, str],
    *,
    application: str = "arcadia.wsgi",
    probe: str = "/healthz",
    log: Path | None = None,
) -> Iterator[Server]:
    """Serve until the block ends. The log goes to a file, or nowhere; it is written in any case."""
    port = serving.free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "python:arcadia.serving.gunicorn", application]
    environment = {**environment, "ARCADIA_BIND": f"127.0.0.1:{port}"}
    with (log or Path(os.devnull)).open("ab") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        server = Server(f"http://127.0.0.1:{port}", process)
        serving.wait_for(server.address + probe, process)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _processor_seconds(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
    return 0.0


def _anonymous(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    return 0
