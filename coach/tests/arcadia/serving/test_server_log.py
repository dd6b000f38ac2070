"""The server's own lines, of real processes: complete where no client's words are, and without them otherwise."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from benchmarks import servers

pytestmark = pytest.mark.postgresql("no database is asked; once is enough")


def lines(log: Path, words: str) -> list[str]:
    """The messages with these words, once there are some."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        messages = [json.loads(line)["message"] for line in log.read_text().splitlines()]
        if found := [message for message in messages if words in message]:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{words!r} is not in the log:\n{log.read_text()}")


def test_the_master_names_its_workers_and_no_line_quotes_a_client(tmp_path: Path):
    environment = servers.production(f"sqlite:///{tmp_path / 'db'}", tmp_path, WORKERS="1", THREADS="2")
    with servers.serve(environment, log=tmp_path / "log") as service:
        host, port = service.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(b"GET /secret-of-a-client HTTP/9.7\r\n\r\n")
            client.recv(1000)
        [worker] = service.workers()
        os.kill(worker, signal.SIGKILL)
        assert any(str(worker) in message for message in lines(tmp_path / "log", "SIGKILL"))
    assert lines(tmp_path / "log", "Invalid request")
    assert "secret-of-a-client" not in (tmp_path / "log").read_text()
    assert "%s" not in (tmp_path / "log").read_text()
