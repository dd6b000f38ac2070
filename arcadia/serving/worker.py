"""Gunicorn's threaded worker: patient with slow clients only so far, and in office until its successors are ready."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from coach.api.http import slow_clients

# Seconds that an old worker waits for new ones at most: they may never come, when the new code does not start.
_LONGEST_HANDOVER = 60.0


class Worker(ThreadWorker):
    """Gunicorn waits for the first byte outside of its threads, but for the rest of the head inside of one.

    At a reload it starts new workers and ends the old ones at the same moment, so that nobody answers while the
    new ones load the application; here the old ones go on until as many new ones are ready.
    """

    _leaving = False

    def handle(self, conn: Any) -> Any:
        with contextlib.ExitStack() as head:
            conn.end_of_head = head.close
            head.enter_context(slow_clients.limit(conn.sock, slow_clients.HEADERS))
            return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        conn.end_of_head()
        return super().handle_request(req, conn)

    def handle_exit(self, sig: Any, frame: Any) -> None:
        # Gunicorn repeats the signal until the worker is gone.
        if self._leaving:
            return
        if self.age > last_old_worker():
            super().handle_exit(sig, frame)
            return
        self._leaving = True
        threading.Thread(target=self._leave, daemon=True).start()

    def _leave(self) -> None:
        until = time.monotonic() + _LONGEST_HANDOVER
        while time.monotonic() < until and ready_after(last_old_worker()) < self.cfg.workers:
            time.sleep(0.1)
        self.alive = False
        self.method_queue.defer(lambda: None)


def folder() -> Path:
    """Where the processes of one service leave each other notes; arcadia/serving/gunicorn.py makes it."""
    return Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])


def begin_handover(age: int) -> None:
    """Note that all workers up to that number (gunicorn counts them up) are to be replaced."""
    (folder() / "handover").write_text(str(age))


def report_ready(age: int) -> None:
    """Note that a worker has loaded the application."""
    (folder() / f"ready-{age}").touch()


def last_old_worker() -> int:
    """The number of the last worker that is to be replaced; 0 before the first reload."""
    with contextlib.suppress(OSError, ValueError):
        return int((folder() / "handover").read_text())
    return 0


def ready_after(age: int) -> int:
    """How many workers beyond that number have loaded the application."""
    return sum(int(path.name.removeprefix("ready-")) > age for path in folder().glob("ready-*"))
