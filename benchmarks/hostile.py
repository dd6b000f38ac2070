"""Whether stalled connections keep anybody waiting: the service alone at its defaults, and behind the shipped nginx.

    ARCADIA_DATABASE_URL=postgresql://… python -m benchmarks.hostile [--alone 120] [--proxied 500] [--seconds 30]

on an EMPTY PostgreSQL database; needs nginx. While the connections stall, probes and a profile read are asked twice a
second; each must be answered within a second.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import servers
from coach.tests import serving
from coach.tests.hostile import clients
from coach.tests.hostile.routes import PREPARE

CONFIGURATION = Path(__file__).parents[1] / "deployment" / "nginx.conf"
SETTLE_SECONDS = 8
ASKED = ("/healthz", "/healthz/database", "/api/profile/amara")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--alone", type=int, default=120, help="stalled connections to the service itself")
    parser.add_argument("--proxied", type=int, default=500, help="stalled connections to nginx")
    parser.add_argument("--seconds", type=float, default=30, help="of each kind of stalled connection")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="arcadia-hostile-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        environment = servers.production(os.environ["ARCADIA_DATABASE_URL"], folder)
        for command in (
            ["migrate", "-v0"],
            ["collectstatic", "-v0", "--no-input"],
            ["shell", "-v0", "-c", PREPARE],
        ):
            subprocess.run([sys.executable, "manage.py", *command], env=environment, check=True)
        with servers.serve(environment) as service:
            late = _rounds("alone", service, service.address, arguments.alone, arguments.seconds)
        with (
            servers.serve({**environment, "ARCADIA_PROXIES": "1"}) as service,
            _nginx(service, folder) as address,
        ):
            late += _rounds("behind nginx", service, address, arguments.proxied, arguments.seconds)
    print(f"{late} answers took longer than a second" if late else "every answer came within a second")
    return 1 if late else 0


def _rounds(where: str, service: servers.Server, address: str, count: int, seconds: float) -> int:
    late = 0
    for kinds in (*((kind,) for kind in clients.KINDS), clients.KINDS):
        name = kinds[0].__name__ if len(kinds) == 1 else "all kinds"
        before = service.memory()
        with clients.stalled(address, count, kinds=kinds):
            # Those that do not read their answers ask for something first, which is work like any other.
            time.sleep(SETTLE_SECONDS)
            slowest = {path: 0.0 for path in ASKED}
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                for path in ASKED:
                    slowest[path] = max(slowest[path], _seconds(address, path))
                time.sleep(0.5)
            grown = (service.memory() - before) >> 20
        late += sum(taken > 1 for taken in slowest.values())
        shown = ", ".join(f"{path} {taken * 1000:.0f} ms" for path, taken in slowest.items())
        print(f"{where}, {count} × {name}: slowest {shown}; memory {grown:+d} MiB", flush=True)
    return late


def _seconds(address: str, path: str) -> float:
    with contextlib.suppress(OSError):
        status, taken = clients.ask(address, path, seconds=10)
        return taken if status == 200 else float("inf")
    return float("inf")


@contextlib.contextmanager
def _nginx(service: servers.Server, folder: Path) -> Iterator[str]:
    """The shipped configuration without TLS, on free ports."""
    port, other = serving.free_port(), serving.free_port()
    changes = {
        "listen 80;": f"listen 127.0.0.1:{other};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port};",
        "ssl_certificate ": "# ",
        "ssl_certificate_key ": "# ",
        "127.0.0.1:8000": service.address.removeprefix("http://"),
    }
    text = CONFIGURATION.read_text()
    for old, new in changes.items():
        text = text.replace(old, new)
    (folder / "nginx.conf").write_text(text)
    options = f"daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;"
    command = ["nginx", "-c", str(folder / "nginx.conf"), "-g", options]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        serving.wait_for(f"http://127.0.0.1:{port}/healthz", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    sys.exit(main())
