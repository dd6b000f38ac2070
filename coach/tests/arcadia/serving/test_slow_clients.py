"""A connection to a client: complete whatever its pieces are, and given up when it is too slow."""

import collections
import contextlib
import socket
import threading

import pytest

from arcadia.serving import slow_clients


@pytest.fixture
def ends():
    near, far = socket.socketpair()
    bounded = slow_clients.Socket(fileno=near.detach())
    yield bounded, far
    bounded.close()
    far.close()


@contextlib.contextmanager
def every(seconds, act):
    stop = threading.Event()

    def run():
        while not stop.wait(seconds):
            with contextlib.suppress(OSError):
                act()

    running = threading.Thread(target=run)
    running.start()
    try:
        yield
    finally:
        stop.set()
        running.join()


def test_a_client_that_stalls_is_given_up(ends, monkeypatch):
    monkeypatch.setattr(slow_clients, "LONGEST_STALL", 0.1)
    with pytest.raises(TimeoutError):
        ends[0].recv(100)


def test_a_client_that_drips_is_given_up_although_it_never_stalls(ends, monkeypatch):
    near, far = ends
    near.begin_request(0.3)
    with every(0.02, lambda: far.send(b"x")), pytest.raises(TimeoutError):
        collections.deque(iter(lambda: near.recv(1), b""), maxlen=0)


def test_a_client_that_does_not_read_is_given_up(ends, monkeypatch):
    monkeypatch.setattr(slow_clients, "LONGEST_STALL", 0.1)
    with pytest.raises(TimeoutError):
        ends[0].sendall(bytes(1 << 24))


def test_a_client_that_reads_a_little_at_a_time_is_given_up(ends, monkeypatch):
    near, far = ends
    near.begin_request(0.3)
    with every(0.02, lambda: far.recv(100)), pytest.raises(TimeoutError):
        near.sendall(bytes(1 << 26))


def test_a_steady_client_gets_everything(ends):
    near, far = ends
    content = bytes(range(256)) * (1 << 14)
    received = bytearray()

    def read():
        while piece := far.recv(1 << 16):
            received.extend(piece)

    reading = threading.Thread(target=read)
    reading.start()
    near.sendall(b"head")
    near.sendall(content)
    near.shutdown(socket.SHUT_WR)
    reading.join()

    assert received == b"head" + content


def test_the_database_is_released_while_a_client_is_waited_for(ends, monkeypatch):
    monkeypatch.setattr(slow_clients, "LONGEST_STALL", 0.01)
    near, _ = ends
    released = []
    near.before_waiting = lambda: released.append(True)
    with pytest.raises(TimeoutError):
        near.recv(1)

    assert released
