"""Gunicorn's threaded worker: slow clients are bounded, probes have threads of their own, a reload drops nothing."""

import errno
import os
import selectors
import threading
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from gunicorn import http, util
from gunicorn.workers.gthread import ThreadWorker

from arcadia.serving import slow_clients

# Seconds that an old worker waits for new ones at most: they may never come, when the new code does not start.
_LONGEST_HANDOVER = 60.0
_END_OF_HEAD = b"\r\n\r\n"
# More than a head of any client of ours; the parser's own limits decide beyond it, in a thread.
_GATHERED_BYTES = 64 * 1024
_PROBES = (b"/healthz", b"/healthz/database")
# A probe with a body could keep its thread waiting.
_BODY_HEADERS = (b"\ncontent-length:", b"\ntransfer-encoding:")


class Worker(ThreadWorker):
    """The heads of requests are gathered by the main loop, so that an unfinished one costs no thread.

    At a reload gunicorn starts new workers and ends the old ones at the same moment, so that nobody answers while
    the new ones load the application; here the old ones go on until as many new ones are ready.
    """

    _leaving = False

    def init_process(self) -> None:
        self.probes = {path: ThreadPoolExecutor(1, "probe") for path in _PROBES}
        super().init_process()

    # --- requests ---------------------------------------------------------------------------------

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection to a thread once the head of its next request has arrived."""
        if self.cfg.is_ssl:
            super().enqueue_req(conn)
            return
        if conn.parser is None:
            _bound(self.cfg, conn)
        if getattr(conn, "head_until", None) is None:
            conn.head_until = time.monotonic() + slow_clients.HEAD_SECONDS
        try:
            head = _gathered(conn)
        except OSError:
            self._drop(conn)
            return
        if head is not None:
            conn.head_until = None
            self._submit(conn, head)
        elif time.monotonic() > conn.head_until:
            self._drop(conn)
        else:
            conn.timeout = conn.head_until
            self.pending_conns.append(conn)
            readable = partial(self.on_pending_socket_readable, conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, readable)

    def _submit(self, conn: Any, head: bytes) -> None:
        probe = self._probe(head)
        # The only thread of a probe waits for no client.
        conn.sock.begin_request(slow_clients.PATIENCE_SECONDS if probe is None else 0.0)
        future = (probe or self.tpool).submit(self.handle, conn)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def _probe(self, head: bytes) -> Executor | None:
        method, path = [*head[:64].split(b" ", 2), b"", b""][:2]
        probe = self.probes.get(path.partition(b"?")[0]) if method == b"GET" else None
        has_body = probe is not None and any(name in head.lower() for name in _BODY_HEADERS)
        return None if has_body else probe

    def _drop(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()

    def handle_request(self, req: Any, conn: Any) -> Any:
        req.body.reader = _Reader(req.body.reader)
        return super().handle_request(req, conn)

    def handle(self, conn: Any) -> Any:
        kept = super().handle(conn)
        if kept is False:
            # It lingers until the client has read its answer: not in the main loop, where all others would wait.
            util.close_graceful(conn.sock)
        return kept

    # --- a reload ---------------------------------------------------------------------------------

    def handle_exit(self, sig: Any, frame: Any) -> None:
        # Gunicorn repeats the signal until the worker is gone.
        if self._leaving:
            return
        if self.age > max(_noted("old"), default=0):
            super().handle_exit(sig, frame)
            return
        self._leaving = True
        threading.Thread(target=self._leave, daemon=True).start()

    def _leave(self) -> None:
        last, until = max(_noted("old")), time.monotonic() + _LONGEST_HANDOVER
        while time.monotonic() < until and sum(age > last for age in _noted("ready")) < self.cfg.workers:
            time.sleep(0.1)
        self.alive = False
        self.method_queue.defer(lambda: None)


class _Reader:
    """Reads a request's body. Faults of its framing look like a broken connection: they are the client's."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def read(self, size: int) -> bytes:
        try:
            return self._reader.read(size)
        except (http.errors.ParseException, http.errors.NoMoreData) as error:
            raise ConnectionAbortedError(errno.ECONNRESET, "the body is malformed or incomplete") from error


def _bound(cfg: Any, conn: Any) -> None:
    """Replace a new connection's socket by one that bounds its client."""
    conn.sock = slow_clients.Socket(fileno=conn.sock.detach())
    conn.sock.before_waiting = _release_database
    conn.parser = http.get_parser(cfg, conn.sock, conn.client)
    conn.initialized = True


def _gathered(conn: Any) -> bytes | None:
    """The head of the next request; None while it is incomplete. Raises OSError where the client is gone."""
    head: bytes = conn.parser.unreader.take_buffered()
    try:
        while _END_OF_HEAD not in head and len(head) < _GATHERED_BYTES:
            if not (data := conn.sock.receive_now(_GATHERED_BYTES)):
                raise ConnectionResetError
            head += data
        return head
    except BlockingIOError:
        return None
    finally:
        conn.parser.unreader.unread(head)


def _release_database() -> None:
    """Give the thread's connections back while a client is waited for."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


def note(kind: str, age: int) -> None:
    """Note of a worker (gunicorn counts them up) that it is `ready`, or that it and all before it are `old`.

    The processes of one service read these notes in a folder that arcadia/serving/gunicorn.py makes.
    """
    (_folder() / f"{kind}-{age}").touch()


def _noted(kind: str) -> list[int]:
    return [int(path.name.removeprefix(f"{kind}-")) for path in _folder().glob(f"{kind}-*")]


def _folder() -> Path:
    return Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
