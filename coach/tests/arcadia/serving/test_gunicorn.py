"""The service as it runs: gunicorn with the configuration of production, on a PostgreSQL of its own."""

import concurrent.futures
import contextlib
import itertools
import json
import socket
import subprocess
import sys
import time
import urllib.request

import psycopg
import pytest

from benchmarks import load, servers
from coach.tests import postgres

pytestmark = pytest.mark.postgresql("it brings its own server; once is enough")

LEARNER = "from coach.tests import cast; cast.learner(cast.AMARA)"
SUBMISSIONS = "/api/onboarding/amara/assessment/submissions"
CHAT = json.dumps(
    {
        "type": "threads.create",
        "params": {"input": {"content": [], "attachments": [], "inference_options": {}}},
    }
).encode()
LINKS = "/api/onboarding/amara/assessment/attachments/links"


@pytest.fixture(scope="module")
def cluster():
    with postgres.cluster() as made:
        yield made


@pytest.fixture(scope="module")
def service(cluster, tmp_path_factory):
    environment = servers.production(
        cluster.url,
        tmp_path_factory.mktemp("api_json"),
        DATABASE_POOL_SIZE="2",
        DATABASE_MAX_OVERFLOW="2",
        DATABASE_POOL_TIMEOUT="1",
        DATABASE_COMMIT_TIMEOUT="1",
        WORKERS="1",
        THREADS="12",
    )
    for arguments in (("migrate_when_ready", "-v", "0"), ("shell", "-v", "0", "-c", LEARNER)):
        subprocess.run([sys.executable, "manage.py", *arguments], env=environment, check=True)
    with servers.serve(environment) as running:
        yield running


def submission():
    body = {"responses": [{"task_id": "sql-talk", "response": "Rows."}]}
    return load.post(SUBMISSIONS, json.dumps(body).encode())


def read(service, count=20):
    return load.run(
        service.address, itertools.repeat(load.get("/api/profile/amara"), count), connections=4, seconds=30
    )


def test_a_pool_that_is_used_up_answers_503_in_time_and_recovers(service, cluster):
    with psycopg.connect(cluster.url) as lock, concurrent.futures.ThreadPoolExecutor(1) as pool:
        lock.execute("LOCK TABLE coach_learnerprofile IN ACCESS EXCLUSIVE MODE")
        asked = pool.submit(
            load.run, service.address, itertools.repeat(submission(), 12), connections=12, seconds=20
        )
        time.sleep(3)
        lock.rollback()
        outcome = asked.result()

    assert outcome.statuses == {503: 8, 201: 4}
    assert outcome.slowest_bad < 2.5
    assert read(service).statuses == {200: 20}


def test_a_restarted_database_is_found_again_without_a_restart_of_the_service(service, cluster):
    assert read(service).statuses == {200: 20}

    cluster.restart()

    deadline = time.monotonic() + 10
    while read(service, 4).statuses != {200: 4}:
        assert time.monotonic() < deadline
    assert read(service).statuses == {200: 20}


def test_metrics_count_over_all_workers(service):
    read(service)
    with urllib.request.urlopen(f"{service.address}/metrics") as answer:
        text = answer.read().decode()

    counted = [line for line in text.splitlines() if line.startswith("arcadia_http_requests_total{")]
    assert any('route="api/profile/<str:username>"' in line and 'status="200"' in line for line in counted)
    assert 'arcadia_database_pool_connections{state="limit"} 4.0' in text


def test_clients_that_do_not_finish_their_request_hold_nobody_up(service):
    host, port = service.address.removeprefix("http://").split(":")
    with contextlib.ExitStack() as stack:
        for head in (
            b"",
            b"GET /healthz HTT",
            b"POST /api/session/reset HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
        ):
            for _ in range(3):
                slow = stack.enter_context(socket.create_connection((host, int(port))))
                slow.sendall(head)
        time.sleep(0.3)
        # Nine of twelve threads wait for them; the rest go on.
        assert read(service).statuses == {200: 20}


def test_a_reload_drops_no_request(service):
    old = set(service.workers())
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(
            load.run,
            service.address,
            itertools.repeat(load.get("/api/profile/amara")),
            connections=3,
            seconds=12,
            rate=40,
        )
        time.sleep(0.5)
        service.reload()
        outcome = asked.result()

    assert not outcome.failures
    assert set(outcome.statuses) == {200}
    assert not old & set(service.workers())


@contextlib.contextmanager
def altered(cluster, setting, value):
    """The server with another setting, for the length of a block."""
    with psycopg.connect(cluster.url, autocommit=True, options="-c default_transaction_read_only=off") as own:
        own.execute(f"ALTER SYSTEM SET {setting} = '{value}'")
        own.execute("SELECT pg_reload_conf()")
        time.sleep(0.3)
        try:
            yield
        finally:
            own.execute(f"ALTER SYSTEM RESET {setting}")
            own.execute("SELECT pg_reload_conf()")
            time.sleep(0.3)


def asked(service, path, body=None):
    """Status, `Retry-After`, body and seconds of one answer."""
    request = urllib.request.Request(service.address + path, body, {"Content-Type": "application/json"})
    began = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, None, answer.read().decode(), time.monotonic() - began
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Retry-After"], error.read().decode(), time.monotonic() - began


def test_commits_that_hang_are_503_and_hold_nobody_else_up(service, cluster):
    with (
        altered(cluster, "synchronous_standby_names", "nobody"),
        concurrent.futures.ThreadPoolExecutor(1) as pool,
    ):
        writing = pool.submit(
            load.run, service.address, itertools.repeat(submission(), 36), connections=12, seconds=30
        )
        while not writing.done():
            status, _, _, seconds = asked(service, "/healthz")
            assert (status, seconds < 1) == (200, True)
            time.sleep(0.2)
        assert writing.result().statuses == {503: 36}
        assert not writing.result().failures
        assert asked(service, "/healthz/database")[0] == 503
        assert asked(service, LINKS, b'{"url": "https://a.example"}')[:2] == (503, "1")
        assert read(service, 4).statuses == {200: 4}
        with psycopg.connect(cluster.url) as database:
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            assert database.execute(waiting).fetchone() == (0,)

    assert asked(service, "/healthz/database")[0] == 200
    assert asked(service, LINKS, b'{"url": "https://a.example"}')[0] == 201


def test_a_server_that_only_reads_is_unwell_and_answers_writes_with_503(service, cluster):
    with altered(cluster, "default_transaction_read_only", "on"):
        status, _, body, _ = asked(service, "/healthz/database")
        assert (status, "read-only" in body) == (503, True)
        before = sessions(cluster)
        status, retry_after, body, _ = asked(service, LINKS, b'{"url": "https://a.example"}')
        assert (status, retry_after, "read-only" in body) == (503, "1", True)
        # A stream that cannot even begin is no stream.
        assert asked(service, "/chatkit", CHAT)[:2] == (503, "1")
        assert read(service, 4).statuses == {200: 4}
        # The next connection may lead to the server that takes writes.
        assert before - sessions(cluster)

    assert asked(service, "/healthz/database")[0] == 200


def test_a_session_that_the_server_ends_is_503_and_the_next_request_is_answered(service, cluster):
    body = b'{"url": "https://a.example"}'
    with psycopg.connect(cluster.url) as lock, concurrent.futures.ThreadPoolExecutor(1) as pool:
        lock.execute("SELECT 1 FROM coach_learnerprofile FOR UPDATE")
        writing = pool.submit(asked, service, LINKS, body)
        with psycopg.connect(cluster.url, autocommit=True) as own:
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            while not own.execute(ended).fetchall():
                time.sleep(0.05)
        assert writing.result()[:2] == (503, "1")

    assert asked(service, LINKS, body)[0] == 201


def sessions(cluster):
    """The process ids of the server's sessions with clients."""
    with psycopg.connect(cluster.url) as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
        return {pid for (pid,) in rows} - {connection.info.backend_pid}


@pytest.mark.parametrize(
    ("command", "old", "new", "words"),
    [
        (
            ["manage.py", "migrate_when_ready"],
            "postgres:",
            "postgres:wrong-",
            "password authentication failed",
        ),
        (["manage.py", "migrate_when_ready"], "/arcadia", "/nowhere", "does not exist"),
        (["-m", "gunicorn"], "/arcadia", "/arcadia?sslmode=require", "SSL"),
    ],
)
def test_what_can_never_be_reached_is_named_at_once(cluster, tmp_path, command, old, new, words):
    environment = servers.production(
        cluster.url.replace(old, new), tmp_path, BIND="127.0.0.1:0", DATABASE_POOL_SIZE="1"
    )
    options = ["--config", "python:arcadia.serving.gunicorn", "arcadia.wsgi"] if "gunicorn" in command else []
    ended = subprocess.run(
        [sys.executable, *command, *options], env=environment, capture_output=True, timeout=120
    )

    assert ended.returncode
    assert words in ended.stderr.decode()
    assert cluster.url.split("@")[0].rpartition(":")[2] not in ended.stderr.decode()
