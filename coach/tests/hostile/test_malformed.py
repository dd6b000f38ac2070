"""Malformed requests are the client's fault, and the log stays one JSON object a line; the database comes and goes."""

import concurrent.futures
import contextlib
import json
import socket
import time

import psycopg
import pytest

from coach.tests.hostile import clients

pytestmark = pytest.mark.postgresql("it brings its own server; once is enough")

HEAD = b"POST /api/onboarding/plan HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MALFORMED = {
    "chunk size": CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
    "chunk without end": CHUNKED + b"2\r\n{}x\r\n0\r\n\r\n",
    "chunk extension": CHUNKED + b"2;\x01\r\n{}\r\n0\r\n\r\n",
    "trailer": CHUNKED + b"2\r\n{}\r\n0\r\nbad trailer\r\n\r\n",
    "header name": HEAD + b"Bad Name: x\r\n\r\n",
    "version": b"GET / HTTP/9.9\r\n\r\n",
    "request line": b"\x00\x01\x02\r\n\r\n",
    "length": HEAD + b"Content-Length: -5\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
}


def status(address, request):
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=15) as made:
        made.sendall(request)
        answer = made.recv(1 << 16)
    return int(answer[9:12])


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_request_is_a_400(service, kind):
    assert status(service.address, MALFORMED[kind]) == 400


def test_every_line_of_the_log_is_one_json_object(service, log):
    for request in MALFORMED.values():
        status(service.address, request)
    lines = log.read_text().splitlines()

    assert lines
    assert all(isinstance(json.loads(line), dict) for line in lines)


def test_options_on_the_documentation_is_answered(service):
    assert status(service.address, b"OPTIONS /docs HTTP/1.1\r\nHost: localhost\r\n\r\n") == 405


def test_the_description_is_asked_for_by_many_at_once(service):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        asked = pool.map(lambda _: clients.ask(service.address, "/openapi.json", seconds=30)[0], range(8))

    assert set(asked) == {200}


def test_the_first_request_after_a_restart_of_the_database_is_answered(service, cluster):
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: clients.ask(service.address, "/healthz/database", seconds=10), range(24)))
    cluster.restart()
    answers = [clients.ask(service.address, "/healthz/database", seconds=10) for _ in range(5)]

    assert {found for found, _ in answers} == {200}


OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = %s
"""


@contextlib.contextmanager
def read_only(cluster):
    with psycopg.connect(cluster.url, autocommit=True) as admin:
        name = admin.info.dbname
        admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        admin.execute(OTHERS, [name])
        try:
            yield
        finally:
            admin.execute("SET default_transaction_read_only = off")
            admin.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
            admin.execute(OTHERS, [name])


def test_a_read_only_database_is_not_healthy(service, cluster):
    with read_only(cluster):
        assert clients.ask(service.address, "/healthz/database", seconds=10)[0] == 503
        assert clients.ask(service.address, "/healthz", seconds=10)[0] == 200
    time.sleep(0.5)
    assert clients.ask(service.address, "/healthz/database", seconds=10)[0] == 200
