"""What may go wrong under load, done on purpose, and what clients see of it.

    python -m benchmarks.failures [restart] [exhausted] [rolling] [outage]

Each on a PostgreSQL server of its own (coach/tests/postgres) and a service with the configuration of production:

restart    the database is restarted, and then killed, while clients read and submit: errors must be 503, over within
           seconds, and every submission that was acknowledged must be there afterwards
outage     the database is away for half a minute: the service must be back within seconds of it
exhausted  more clients than the pool has connections, held up by a lock: 503 within the pool's timeout, no hang
rolling    the workers are replaced, again and again: no request may fail, kept-alive or not

Prints what was counted; status 1 when anything is not as it must be.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import functools
import itertools
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from benchmarks import load, servers
from coach.tests import postgres

LEARNERS = 20
RESTARTS = 3
RECOVERY_SECONDS = 5.0
POOL_TIMEOUT = 2.0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", metavar="WHAT", default=list(SCENES))
    chosen = parser.parse_args().what
    failed = [name for name in chosen if not SCENES[name]()]
    print(f"FAILED: {', '.join(failed)}" if failed else "all as it must be")
    return int(bool(failed))


def _prepared(cluster: postgres.Cluster, folder: Path, **changes: str) -> dict[str, str]:
    environment = servers.production(
        cluster.url, folder, DATABASE_POOL_SIZE="4", DATABASE_MAX_OVERFLOW="4",
        DATABASE_POOL_TIMEOUT=str(POOL_TIMEOUT), **changes
    )  # fmt: skip
    # In a process of its own: this one must be able to prepare several databases.
    _run(environment, "migrate_when_ready", "-v", "0")
    _run(environment, "shell", "-v", "0", "-c", _LEARNERS)
    return environment


_LEARNERS = f"""
from coach.tests import cast
for number in range({LEARNERS}):
    cast.learner(cast.AMARA, username=f"learner-{{number}}")
"""


def _run(environment: dict[str, str], *arguments: str) -> None:
    import subprocess

    subprocess.run(
        [sys.executable, "manage.py", *arguments], env=environment, check=True, stdout=subprocess.DEVNULL
    )


def _submissions(marks: list[str]) -> Iterator[bytes]:
    """Submissions, each with a mark of its own; the marks that were sent are collected."""
    for number in itertools.count():
        marks.append(f"mark-{number}")
        body = {"responses": [{"task_id": "sql-talk", "response": "Rows."}], "metadata": {"mark": marks[-1]}}
        path = f"/api/onboarding/learner-{number % LEARNERS}/assessment/submissions"
        yield load.post(path, json.dumps(body).encode())


def _reads() -> Iterator[bytes]:
    for number in itertools.count():
        yield load.get(f"/api/profile/learner-{number % LEARNERS}")


def restart() -> bool:
    """Restarted in good order, then killed, under load."""
    with postgres.cluster() as cluster, tempfile.TemporaryDirectory() as name:
        environment = _prepared(cluster, Path(name))
        _make_durable(cluster)
        with servers.serve(environment, log=Path(name) / "log") as service:
            events: list[tuple[str, float, float]] = []
            disturb = lambda: _disturb(cluster, events)  # noqa: E731
            master = service.process.pid
            written, read = _both(service, disturb)
            good = service.process.poll() is None and service.process.pid == master
        acknowledged = written.statuses[201]
        stored = _count(cluster)
    bad = [at for at, _ in (*written.bad_at, *read.bad_at)]
    for (what, began, ended), following in itertools.zip_longest(events, events[1:]):
        # Answers are timed from the load's beginning, and so are events.
        recovered = max(
            (at for at in bad if began <= at < (following[1] if following else ended + 60)), default=ended
        )
        took = max(0.0, recovered - ended)
        good &= took <= RECOVERY_SECONDS
        print(f"{what}: away for {ended - began:.1f} s; last 503 came {took:.1f} s after it was back")
    good &= _only({200, 201, 503}, written, read) and stored >= acknowledged
    print(
        f"submissions acknowledged {acknowledged:,}, stored {stored:,}: {'none lost' if stored >= acknowledged else 'LOST'}"
    )
    return good


def _make_durable(cluster: postgres.Cluster) -> None:
    """A commit is on disk before it is acknowledged; the tests' clusters trade that for speed."""
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET synchronous_commit = on")


def _disturb(cluster: postgres.Cluster, events: list[tuple[str, float, float]]) -> None:
    started = time.perf_counter()
    for what, stop in (("restarted", cluster.stop), ("killed", cluster.kill)):
        time.sleep(5)
        began = time.perf_counter() - started
        stop()
        cluster.start()
        events.append((what, began, time.perf_counter() - started))


def outage() -> bool:
    """Away for half a minute."""
    with postgres.cluster() as cluster, tempfile.TemporaryDirectory() as name:
        environment = _prepared(cluster, Path(name))
        with servers.serve(environment) as service:
            back: list[float] = []

            def away() -> None:
                started = time.perf_counter()
                time.sleep(2)
                cluster.stop()
                time.sleep(30)
                cluster.start()
                back.append(time.perf_counter() - started)

            written, read = _both(service, away)
    last = max((at for at, _ in (*written.bad_at, *read.bad_at)), default=0.0)
    took = max(0.0, last - back[0])
    slowest = max(written.slowest_bad, read.slowest_bad)
    print(
        f"away for 30 s: last 503 came {took:.1f} s after it was back; the slowest 503 took {slowest:.1f} s"
    )
    return took <= RECOVERY_SECONDS and _only({200, 201, 503}, written, read)


def exhausted() -> bool:
    """A lock holds up every writer, and with them all connections."""
    with postgres.cluster() as cluster, tempfile.TemporaryDirectory() as name:
        environment = _prepared(cluster, Path(name), WORKERS="1", THREADS="24")
        with servers.serve(environment) as service, psycopg.connect(cluster.url) as lock:
            lock.execute("LOCK TABLE coach_learnerprofile IN ACCESS EXCLUSIVE MODE")
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                # More connections than the service has threads would wait for a thread, not for the database.
                running = pool.submit(
                    load.run,
                    service.address,
                    itertools.islice(_submissions([]), 24),
                    connections=24,
                    seconds=30,
                )
                time.sleep(POOL_TIMEOUT + 3)
                lock.rollback()
                outcome = running.result()
            after = load.run(service.address, itertools.islice(_reads(), 100), connections=8, seconds=30)
    print(
        f"24 clients, 8 connections: {dict(outcome.statuses)} {dict(outcome.failures)}; the slowest 503 took "
        f"{outcome.slowest_bad:.1f} s (timeout {POOL_TIMEOUT:.0f} s); then {dict(after.statuses)}"
    )
    return (
        outcome.statuses[503] == 16
        and outcome.statuses[201] == 8
        and outcome.slowest_bad < POOL_TIMEOUT + 1
        and set(after.statuses) == {200}
    )


def rolling() -> bool:
    """Workers replaced under load, with kept-alive connections and with a new one for each request."""
    good = True
    with postgres.cluster() as cluster, tempfile.TemporaryDirectory() as name:
        environment = _prepared(cluster, Path(name))
        for keep_alive in (True, False):
            with servers.serve(environment) as service:
                took: list[float] = []
                replace = functools.partial(_replace_workers, service, took)
                written, read = _both(service, replace, keep_alive=keep_alive)
            kind = "kept-alive connections" if keep_alive else "a new connection each"
            answered = sum(read.statuses.values()) + sum(written.statuses.values())
            seconds = ", ".join(f"{one:.1f}" for one in took)
            print(
                f"all workers replaced {len(took)} times (within {seconds} s), {kind}: {answered:,} requests"
            )
            good &= _only({200, 201}, written, read) and len(took) == RESTARTS
    return good


def _replace_workers(service: servers.Server, took: list[float]) -> None:
    for _ in range(RESTARTS):
        time.sleep(2)
        old, began = set(service.workers()), time.perf_counter()
        service.reload()
        while old & set(service.workers()) and time.perf_counter() - began < 60:
            time.sleep(0.1)
        if not old & set(service.workers()):
            took.append(time.perf_counter() - began)


def _both(
    service: servers.Server, disturb: Callable[[], None], *, keep_alive: bool = True
) -> tuple[load.Outcome, load.Outcome]:
    """Load of readers and writers while something is done to the service, and a while longer; what each saw."""
    over = threading.Event()

    def disturb_and_wait() -> None:
        disturb()
        time.sleep(8)
        over.set()

    def until_over(requests: Iterator[bytes]) -> Iterator[bytes]:
        return itertools.takewhile(lambda _: not over.is_set(), requests)

    disturbing = threading.Thread(target=disturb_and_wait)
    options = {"seconds": 300.0, "keep_alive": keep_alive}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        writing = pool.submit(
            load.run, service.address, until_over(_submissions([])), connections=4, rate=40, **options
        )  # type: ignore[arg-type]
        reading = pool.submit(
            load.run, service.address, until_over(_reads()), connections=8, rate=200, **options
        )  # type: ignore[arg-type]
        disturbing.start()
        written, read = writing.result(), reading.result()
    disturbing.join()
    return written, read


def _only(statuses: set[int], *outcomes: load.Outcome) -> bool:
    good = True
    for name, outcome in zip(("submissions", "profiles"), outcomes, strict=True):
        good &= set(outcome.statuses) <= statuses and not outcome.failures
        print(
            f"  {name}: {dict(outcome.statuses)}, broken off: {dict(outcome.failures) or 'none'}, "
            f"p99 {outcome.quantile(0.99):.0f} ms, the slowest error {outcome.slowest_bad:.1f} s"
        )
    return good


def _count(cluster: postgres.Cluster) -> int:
    """Different marks that are stored."""
    with psycopg.connect(cluster.url) as connection:
        row = connection.execute(
            "SELECT count(DISTINCT metadata->>'mark') FROM coach_assessmentsubmission"
        ).fetchone()
        assert row is not None
        return int(row[0])


SCENES: dict[str, Callable[[], bool]] = {
    "restart": restart,
    "outage": outage,
    "exhausted": exhausted,
    "rolling": rolling,
}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arcadia.settings")
    sys.exit(main())
