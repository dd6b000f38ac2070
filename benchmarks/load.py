"""A load generator: many kept-alive connections in one thread, so that it takes little of the machine itself."""

from __future__ import annotations

import collections
import itertools
import selectors
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

PATIENCE_SECONDS = 60.0


@dataclass
class Outcome:
    """What a load ended in: seconds of each answer, statuses, bodies if they were kept, and broken connections."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: collections.Counter[int] = field(default_factory=collections.Counter)
    # Requests that got no answer: refused, reset, or nothing for a minute.
    failures: collections.Counter[str] = field(default_factory=collections.Counter)
    # When each answer other than 2xx came, in seconds since the beginning.
    bad_at: list[tuple[float, int]] = field(default_factory=list)
    slowest_bad: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def quantile(self, share: float) -> float:
        """The latency in milliseconds that this share of the answers did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


class _Connection:
    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.socket: socket.socket | None = None
        self.buffer = bytearray()
        self.wanted = 0
        self.started = 0.0
        self.due = 0.0

    def send(self, request: bytes) -> None:
        self.started = time.perf_counter()
        if self.socket is None:
            self.socket = socket.create_connection(self.address, timeout=PATIENCE_SECONDS)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer.clear()
        self.wanted = 0
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """The status, once the answer is complete. Raises ConnectionError where it never will be."""
        assert self.socket is not None
        chunk = self.socket.recv(1 << 18)
        if not chunk:
            raise ConnectionError("closed without an answer" if not self.buffer else "closed in an answer")
        self.buffer += chunk
        if not self.wanted:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return None
            self.wanted = end + 4 + _content_length(bytes(self.buffer[:end]).lower())
        if len(self.buffer) < self.wanted:
            return None
        if b"\r\nconnection: close" in bytes(self.buffer[:2000]).lower():
            self.close()
        return int(self.buffer[9:12])

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def run(
    address: str,
    requests: Iterable[bytes],
    *,
    connections: int,
    seconds: float,
    rate: float | None = None,
    keep_alive: bool = True,
) -> Outcome:
    """Ask for so many seconds (or until the requests are used up), each connection one request at a time.

    With a `rate` (requests a second, all connections together) they are sent evenly; else as fast as answers come.
    """
    host, port = address.removeprefix("http://").split(":")
    outcome, source = Outcome(), iter(requests)
    selector = selectors.DefaultSelector()
    started = time.perf_counter()
    waiting = collections.deque(_Connection((host, int(port))) for _ in range(connections))
    busy: set[_Connection] = set()
    slots = _slots(started, rate)
    exhausted = False
    due = next(slots)
    while True:
        now = time.perf_counter()
        over = exhausted or now - started >= seconds
        while waiting and not over and due <= now:
            request = next(source, None)
            if request is None:
                exhausted = over = True
                break
            _begin(waiting.popleft(), request, outcome, busy, selector, waiting, started)
            due = next(slots)
        if over and not busy:
            break
        wait = max(0.0, min(0.5, due - now)) if waiting and not over else 0.5
        for key, _ in selector.select(wait):
            _proceed(key.data, outcome, busy, selector, waiting, started, keep_alive)
        for connection in [one for one in busy if time.perf_counter() - one.started > PATIENCE_SECONDS]:
            _fail(connection, "no answer", outcome, busy, selector, waiting)
    outcome.seconds = time.perf_counter() - started
    for connection in waiting:
        connection.close()
    selector.close()
    return outcome


def get(path: str) -> bytes:
    """A request for a path."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(path: str, body: bytes, content_type: str = "application/json") -> bytes:
    """A request that sends a body."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


def _slots(started: float, rate: float | None) -> Iterator[float]:
    """When each request is due."""
    return (started + number / rate for number in itertools.count()) if rate else itertools.repeat(started)


def _begin(connection, request, outcome, busy, selector, waiting, started) -> None:  # noqa: ANN001
    try:
        connection.send(request)
    except OSError as error:
        outcome.failures[f"sending: {type(error).__name__}"] += 1
        connection.close()
        waiting.append(connection)
        time.sleep(0.01)
        return
    busy.add(connection)
    selector.register(connection.socket, selectors.EVENT_READ, connection)


def _proceed(connection, outcome, busy, selector, waiting, started, keep_alive) -> None:  # noqa: ANN001
    receiving = connection.socket
    try:
        status = connection.receive()
    except OSError as error:
        _fail(connection, f"{type(error).__name__}: {error}", outcome, busy, selector, waiting)
        return
    if status is None:
        return
    now = time.perf_counter()
    selector.unregister(receiving)
    busy.discard(connection)
    outcome.latencies.append(now - connection.started)
    outcome.statuses[status] += 1
    if status >= 300:
        outcome.bad_at.append((now - started, status))
        outcome.slowest_bad = max(outcome.slowest_bad, now - connection.started)
    if not keep_alive:
        connection.close()
    waiting.append(connection)


def _fail(connection, reason, outcome, busy, selector, waiting) -> None:  # noqa: ANN001
    outcome.failures[reason] += 1
    selector.unregister(connection.socket)
    busy.discard(connection)
    connection.close()
    waiting.append(connection)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0
