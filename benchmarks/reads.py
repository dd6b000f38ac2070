"""How fast a full profile and a schedule are read, against the limit; and how fast schedules and grades are written.

    ARCADIA_DATABASE_URL=postgresql://… python -m benchmarks.reads [--seconds 4] [--rounds 5]

on an EMPTY PostgreSQL database. Service and limit (`benchmarks.limit`) run under gunicorn with the same
settings and take turns, so that a busy machine slows both: believe the ratios (medians of the rounds), not the
rates. `ms` is the processor time of the server's workers for one answer, which the load generator and
PostgreSQL have no part in. Every answer of the service is compared with the limit's, to the byte.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import statistics
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import django

from benchmarks import generate_stores, load, servers

LEARNERS = 50
SUBMISSIONS = 12
CONNECTIONS = (1, 8, 32)


@dataclass
class Round:
    """One turn of one server."""

    rate: float
    p50: float
    p99: float
    processor_ms: float


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=4, help="of one turn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, nargs="*", default=CONNECTIONS)
    parser.add_argument("--reads-only", action="store_true")
    arguments = parser.parse_args()
    url = os.environ["ARCADIA_DATABASE_URL"]
    with tempfile.TemporaryDirectory(prefix="arcadia-reads-") as name:
        environment = servers.production(url, Path(name))
        os.environ.update(environment)
        usernames = prepare(Path(name))
        with (
            servers.serve(environment) as service,
            servers.serve(
                environment, application="benchmarks.limit:application", probe="/api/profile/x"
            ) as limit,
        ):
            size = _same_answers(service, limit, usernames)
            print(f"full profile: {size:,} bytes on average, equal to the byte for {len(usernames)} learners")
            for work, path in (
                ("full profile", "/api/profile/{}"),
                ("schedule read", "/api/profile/{}/schedule"),
            ):
                for connections in arguments.connections:
                    _compare(work, path, service, limit, usernames, connections, arguments)
            if not arguments.reads_only:
                _writes(service, usernames, arguments.seconds * arguments.rounds)
    return 0


def prepare(folder: Path) -> list[str]:
    """Fill the database with learners whose full profile has about 100 KB; their usernames."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arcadia.settings")
    django.setup()
    from django.core.management import call_command

    from coach.models import LearnerProfile

    call_command("migrate", verbosity=0)
    if not LearnerProfile.objects.exists():
        generate_stores.generate(learners=LEARNERS, out=folder, submissions_per_learner=SUBMISSIONS)
        _shorten(folder / "assessment_submissions.json")
        # The command ends with its status.
        with open(os.devnull, "w") as nowhere, contextlib.suppress(SystemExit):
            call_command("backfill", "--data-dir", str(folder), "--no-progress", stdout=nowhere)
        _vacuum()
    return list(LearnerProfile.objects.values_list("username", flat=True)[:LEARNERS])


def _shorten(file: Path) -> None:
    """Keep a third of each submission's answers: twelve of the generator's make a profile larger than wanted."""
    store = json.loads(file.read_bytes())
    for submission in itertools.chain.from_iterable(store.values()):
        submission["responses"] = submission["responses"][: -(-len(submission["responses"]) // 3)]
        results = submission["grading"]["task_results"] if submission["grading"] else []
        del results[-(-len(results) // 3) :]
    file.write_text(json.dumps(store))
    # The manifest names the file as the generator wrote it.
    (file.parent / "manifest.json").unlink()


def _vacuum() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _same_answers(service: servers.Server, limit: servers.Server, usernames: Sequence[str]) -> int:
    sizes = []
    for username in usernames:
        for path in (f"/api/profile/{username}", f"/api/profile/{username}/schedule"):
            ours, theirs = (_body(server.address + path) for server in (service, limit))
            if ours != theirs:
                raise SystemExit(f"{path} differs from the limit's answer")
        sizes.append(len(_body(f"{service.address}/api/profile/{username}")))
    return sum(sizes) // len(sizes)


def _body(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return bytes(answer.read())


def _compare(
    work: str,
    path: str,
    service: servers.Server,
    limit: servers.Server,
    usernames: Sequence[str],
    connections: int,
    arguments: argparse.Namespace,
) -> None:
    ours, theirs = [], []
    for server in (service, limit):
        _turn(server, path, usernames, connections, 1.0)
    for number in range(arguments.rounds):
        turns = [(service, ours), (limit, theirs)]
        for server, rounds in turns if number % 2 else reversed(turns):
            rounds.append(_turn(server, path, usernames, connections, arguments.seconds))
    ratios = [mine.rate / other.rate for mine, other in zip(ours, theirs, strict=True)]
    costs = [other.processor_ms / mine.processor_ms for mine, other in zip(ours, theirs, strict=True)]
    print(f"{work}, {connections} connections")
    for name, rounds in (("service", ours), ("limit", theirs)):
        print(
            f"  {name:8} {_median(rounds, 'rate'):7.0f}/s   p50 {_median(rounds, 'p50'):6.2f} ms   "
            f"p99 {_median(rounds, 'p99'):6.2f} ms   {_median(rounds, 'processor_ms'):.3f} ms processor"
        )
    print(
        f"  ratio {statistics.median(ratios):.2f} (rounds: {' '.join(f'{ratio:.2f}' for ratio in ratios)}); "
        f"of processor time {statistics.median(costs):.2f}; p99/p50 {_median(ours, 'p99') / _median(ours, 'p50'):.1f}",
        flush=True,
    )


def _turn(
    server: servers.Server, path: str, usernames: Sequence[str], connections: int, seconds: float
) -> Round:
    before = server.processor_seconds()
    requests = itertools.cycle([load.get(path.format(username)) for username in usernames])
    outcome = load.run(server.address, requests, connections=connections, seconds=seconds)
    if outcome.failures or set(outcome.statuses) != {200}:
        raise SystemExit(f"{path}: {dict(outcome.statuses)} {dict(outcome.failures)}")
    spent = server.processor_seconds() - before
    return Round(
        outcome.rate, outcome.quantile(0.5), outcome.quantile(0.99), spent / len(outcome.latencies) * 1000
    )


def _median(rounds: Sequence[Round], name: str) -> float:
    return statistics.median(getattr(one, name) for one in rounds)


def _writes(service: servers.Server, usernames: Sequence[str], seconds: float) -> None:
    for work, requests in (
        ("schedule refresh", _refreshes), ("adjust", _adjustments), ("submission", _submissions)
    ):  # fmt: skip
        for connections in (1, 8):
            outcome = load.run(
                service.address, requests(usernames), connections=connections, seconds=seconds / 2
            )
            statuses = ", ".join(f"{count} × {status}" for status, count in outcome.statuses.items())
            print(
                f"{work}, {connections} connections: {outcome.rate:.0f}/s, p50 {outcome.quantile(0.5):.1f} ms, "
                f"p99 {outcome.quantile(0.99):.1f} ms ({statuses}; {_queries(work, usernames[0])} SQL statements)"
            )


def _refreshes(usernames: Sequence[str]) -> Iterator[bytes]:
    for username in itertools.cycle(usernames):
        yield load.get(f"/api/profile/{username}/schedule?refresh=true")


def _adjustments(usernames: Sequence[str]) -> Iterator[bytes]:
    from coach.models import ScheduleItem

    items = {
        username: list(
            ScheduleItem.objects.filter(schedule__learner__username=username).values_list(
                "item_id", flat=True
            )
        )
        for username in usernames
    }
    # Each of a learner's items in turn: an item that is moved on and on ends far in the future.
    for number in itertools.count():
        username = usernames[number % len(usernames)]
        chosen = items[username][number // len(usernames) % len(items[username])]
        yield load.post(f"/api/profile/{username}/schedule/adjust", json.dumps({"item_id": chosen}).encode())


def _submissions(usernames: Sequence[str]) -> Iterator[bytes]:
    from coach.models import LearnerProfile

    bodies = {}
    for learner in LearnerProfile.objects.filter(username__in=usernames):
        tasks = learner.assessment.tasks if learner.assessment else []
        answers = [
            {"task_id": task.task_id, "response": "Rows that match on both sides. " * 5} for task in tasks
        ]
        bodies[learner.username] = json.dumps({"responses": answers}).encode()
    for username in itertools.cycle(usernames):
        yield load.post(f"/api/onboarding/{username}/assessment/submissions", bodies[username])


def _queries(work: str, username: str) -> int:
    """SQL statements of one such request, savepoints and transaction brackets not counted."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    makers: dict[str, Callable[[Sequence[str]], Iterator[bytes]]] = {
        "schedule refresh": _refreshes, "adjust": _adjustments, "submission": _submissions
    }  # fmt: skip
    head, _, body = next(makers[work]([username])).partition(b"\r\n\r\n")
    method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
    with CaptureQueriesContext(connection) as captured:
        Client().generic(method, path, body, content_type="application/json", SERVER_NAME="localhost")
    statements = [query["sql"] for query in captured.captured_queries]
    return len([sql for sql in statements if not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))])


if __name__ == "__main__":
    sys.exit(main())
