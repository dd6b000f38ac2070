"""Clients that mean harm: connections that send or read nothing, or next to nothing. No account, no token."""

from __future__ import annotations

import contextlib
import itertools
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

HEAD = "POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\nCookie: csrftoken={cookie}\r\n"
COOKIE = "x" * 32
FORM = "application/x-www-form-urlencoded"
UPLOAD = "multipart/form-data; boundary=x"
# One route of each kind, and the type of its bodies.
BODIES = {
    "/admin/login/": FORM,
    "/chatkit": "application/json",
    "/api/chatkit/upload": UPLOAD,
    "/api/onboarding/amara/assessment/attachments/files": UPLOAD,
    "/api/onboarding/plan": "application/json",
    "/api/session/chat": "application/json",
    "/static/admin/css/base.css": "text/plain",
    "/healthz": "application/json",
}
ANSWERS = (
    "/static/admin/css/base.css",
    "/openapi.json",
    "/docs",
    "/api/profile/amara",
    "/api/onboarding/amara/assessment/attachments/att_big/download",
    "/admin/login/",
    "/healthz",
    "/metrics",
)


def silent(_: int) -> bytes:
    """Nothing at all."""
    return b""


def half_head(number: int) -> bytes:
    path = list(BODIES)[number % len(BODIES)]
    return HEAD.format(path=path, cookie=COOKIE).encode()


def silent_body(number: int) -> bytes:
    """A head that promises a body, and nothing of it."""
    path, kind = list(BODIES.items())[number % len(BODIES)]
    size = f"Content-Type: {kind}\r\nContent-Length: 4000\r\n\r\n"
    return half_head(number) + size.encode() if path else b""


def half_body(number: int) -> bytes:
    return silent_body(number) + b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n{'


def chunked_body(number: int) -> bytes:
    kind = list(BODIES.values())[number % len(BODIES)]
    head = f"Content-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"
    return half_head(number) + head.encode()


def unread(number: int) -> bytes:
    """More requests than the buffers hold answers to, of which none is read."""
    path = ANSWERS[number % len(ANSWERS)]
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\n\r\n".encode() * 40


KINDS = (silent, half_head, silent_body, half_body, chunked_body, unread)


@contextlib.contextmanager
def stalled(address: str, count: int, *, kinds: tuple = KINDS, drip_every: float = 2.0) -> Iterator[None]:
    """Keep so many connections open, of all kinds by turns; those that the server ends are made again.

    Every `drip_every` seconds each sends one byte more, except those that read nothing.
    """
    url, stop = urlsplit(address), threading.Event()
    target = (url.hostname, url.port)
    numbers = itertools.count()
    opened = [_open(target, kinds, next(numbers)) for _ in range(count)]

    def keep() -> None:
        while not stop.wait(drip_every):
            for place, connection in enumerate(opened):
                if _is_over(connection) or not _drip(connection):
                    connection[0].close()
                    opened[place] = _open(target, kinds, next(numbers))

    keeper = threading.Thread(target=keep)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()
        for made, _ in opened:
            made.close()


def _open(target, kinds, number: int):
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.settimeout(5)
    kind = kinds[number % len(kinds)]
    with contextlib.suppress(OSError):
        made.connect(target)
        made.setblocking(False)
        made.send(kind(number // len(kinds)))
    return made, kind is not unread


def _is_over(connection) -> bool:
    """Whether the server closed a connection; what it answered stays unread."""
    made, _ = connection
    with selectors.DefaultSelector() as selector:
        selector.register(made, selectors.EVENT_READ)
        if not selector.select(0):
            return False
    try:
        return made.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


def _drip(connection) -> bool:
    made, drips = connection
    if not drips:
        return True
    try:
        return made.send(b"x") > 0
    except BlockingIOError:
        return True
    except OSError:
        return False


def ask(address: str, path: str, *, seconds: float) -> tuple[int, float]:
    """The status of an answer and the seconds it took. Raises OSError where there is none in time."""
    url = urlsplit(address)
    started = time.monotonic()
    with socket.create_connection((url.hostname, url.port), timeout=seconds) as made:
        made.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while time.monotonic() - started < seconds and (piece := made.recv(1 << 16)):
            answer += piece
    if b"\r\n\r\n" not in answer:
        raise TimeoutError(f"{path}: no answer in {seconds} s")
    return int(answer[9:12]), time.monotonic() - started
