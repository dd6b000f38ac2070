"""Doubled requests under an Idempotency-Key, while workers are killed: one effect each, and the same answer.

    python -m benchmarks.retries [--requests 1000] [--kill-every 10] [--log FILE]

On a PostgreSQL server of its own (coach/tests/postgres). Every POST route gets so many requests, each about a learner of its
own. Two clients send each of them at the same time and repeat it until it is answered; all the while a random worker is
killed (`kill -9`) every few seconds. At the end each request is sent once more. Status 1 where an answer differs or an
effect is there twice.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import servers
from coach.tests import postgres
from coach.tests.hostile import routes

CLIENTS = 16
PATIENCE_SECONDS = 120
# How often the audit trail mentions each learner of whom all requests are answered.
EVENTS = {
    "assessment.status": 1,
    "attachment.linked": 1,
    "attachment.uploaded": 1,
    "learner.told": 5,
    "plan.made": 1,
    "schedule.adjusted": 1,
    "schedule.completed": 1,
    "schedule.launched": 1,
    "schedule.reopened": 1,
    "submission.graded": 1,
}
ROWS = ("chatfile", "chatthread", "assessmentsubmission", "sessionattachment")
LEARNERS = """
from coach.tests import cast
from coach.services import schedules
for number in range({}):
    learner = cast.learner(cast.AMARA, username=f"learner-{{number}}")
    schedules.read(username=learner.username)
    cast.learner(cast.FELIX, username=f"doomed-{{number}}")
from coach.models import ScheduleItem
print(ScheduleItem.objects.filter(kind="lesson").order_by("position").first().item_id)
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=1000, help="of each route")
    parser.add_argument("--kill-every", type=float, default=10, help="seconds")
    parser.add_argument("--log", type=Path, help="keep the server's log here")
    arguments = parser.parse_args()
    os.environ.update(ARCADIA_DEBUG="1", DJANGO_SETTINGS_MODULE="arcadia.settings")
    faults = trial(arguments.requests, arguments.kill_every, arguments.log)
    print("\n".join(faults) or "one effect each, and the same answers")
    return int(bool(faults))


def trial(requests: int, kill_every: float, log: Path | None = None) -> list[str]:
    """What is not as it must be after so many doubled requests to each route."""
    with postgres.cluster() as cluster, tempfile.TemporaryDirectory() as name:
        environment = servers.production(
            cluster.url,
            Path(name),
            AGENT="offline",
            AGENT_TIMEOUT="5",
            DEBUG_ENDPOINTS="1",
            WORKERS="3",
            THREADS="32",
            LOG_LEVEL="ERROR",
        )
        _manage(environment, "migrate_when_ready", "-v", "0")
        item = _manage(environment, "shell", "-v", "0", "-c", LEARNERS.format(requests)).split()[-1]
        seen: Counter[str] = Counter()
        with (
            servers.serve(environment, log=log or Path(name) / "log") as service,
            _killing(service, kill_every, seen),
        ):
            clients = [_Client(service.address, seen) for _ in range(CLIENTS)]
            faults = list(_sent(clients, requests, item))
        print(", ".join(f"{count:,} times {what}" for what, count in sorted(seen.items())))
        return [*faults, *_effects(cluster.url, requests)]


def _sent(clients: list[_Client], requests: int, item: str) -> Iterator[str]:
    """Send everything; what was answered differently."""
    paths = [*routes.posts(), *routes.UPLOADS]
    # An item is launched before it is completed, and a new plan has other items.
    order = ("adjust", "launch", "complete", "reopen", "", "plan")
    paths.sort(key=lambda path: order.index(last if (last := path.rpartition("/")[2]) in order else ""))
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        for path in paths:
            began = time.monotonic()
            jobs = [(path, number, item) for number in range(requests) for _ in range(2)]
            answers = list(pool.map(lambda job: clients.pop().sent(clients, *job), jobs))
            again = list(pool.map(lambda job: clients.pop().sent(clients, *job), jobs[::2]))
            for number in range(requests):
                found = {answers[2 * number], answers[2 * number + 1], again[number]}
                if len(found) > 1 or next(iter(found))[0] >= 300:
                    yield f"{path} {number}: {[(status, body[:200]) for status, body in found]}"
            print(f"{path}: {requests:,} requests in {time.monotonic() - began:.1f} s", flush=True)


class _Client:
    """One client, which goes back to the others when its request is answered."""

    def __init__(self, address: str, seen: Counter[str]) -> None:
        self._address = address.removeprefix("http://")
        self._seen = seen

    def sent(self, idle: list[_Client], path: str, number: int, item: str) -> tuple[int, bytes]:
        try:
            return self._answered(path, number, item)
        finally:
            idle.append(self)

    def _answered(self, path: str, number: int, item: str) -> tuple[int, bytes]:
        """The answer, after as many repetitions as it takes."""
        target, kind, body = _request(path, number, item)
        headers = {"Content-Type": kind, "Idempotency-Key": f"{path} {number}"}
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            connection = http.client.HTTPConnection(self._address, timeout=PATIENCE_SECONDS)
            try:
                connection.request("POST", target, body, headers)
                answer = connection.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException):
                self._seen["broken off"] += 1
            else:
                if answer.headers["Error-Code"] != "still_at_work" and answer.status < 500:
                    self._seen["answered"] += 1
                    return answer.status, content
                self._seen[f"{answer.status} {answer.headers['Error-Code']}"] += 1
            finally:
                connection.close()
            time.sleep(0.05)
        return 0, b"no answer"


def _request(path: str, number: int, item: str) -> tuple[str, str, bytes]:
    """Target, type and body of a route's request of that number."""
    name = f"doomed-{number}" if path.endswith("reset") else f"learner-{number}"
    target = path.replace("amara", name)
    if path in routes.UPLOADS:
        return target, "multipart/form-data; boundary=x", routes.FORM.replace(b"hello", name.encode())
    about = {"username": name, "item_id": item}
    body: dict[str, Any] = {**routes.SOUND.get(path, about)}
    if "metadata" in body and "session_id" in body:
        session = f"{path} {number}"
        body |= {"metadata": {"username": name, "session_id": session}, "session_id": session}
    changes = {
        "/api/onboarding/plan": {"username": name, "force": True},
        "/api/developer/reset": {"username": name},
        "/api/session/reset": {"session_id": f"none {number}"},
        "/api/profile/amara/schedule/adjust": {"item_id": item},
        "/api/session/schedule/launch": {"force": True},
    }
    if path == "/chatkit":
        said = {"content": [{"type": "input_text", "text": name}], "attachments": [], "inference_options": {}}
        body = {"type": "threads.create", "params": {"input": said}}
    return target, "application/json", json.dumps({**body, **changes.get(path, {})}).encode()


def _effects(url: str, requests: int) -> Iterator[str]:
    """What the database holds more or less often than once for each request."""
    with psycopg.connect(url) as database:
        counted = dict(
            database.execute("SELECT action, count(*) FROM coach_auditevent GROUP BY action").fetchall()
        )
        wanted = {**EVENTS, "learner.forgotten": 1}
        for action, times in wanted.items():
            if counted.get(action) != times * requests:
                yield f"{action}: {counted.get(action)} events in place of {times * requests}"
        for table in ROWS:
            count = database.execute(f"SELECT count(*) FROM coach_{table}").fetchone()
            if count != (requests,):
                yield f"{table}: {count} rows in place of {requests}"
        said = database.execute("SELECT count(*) FROM coach_chatitem WHERE kind = 'user_message'").fetchone()
        if said != (requests,):
            yield f"messages in chats: {said} in place of {requests}"
        print({action: count for action, count in counted.items() if action not in wanted})


@contextlib.contextmanager
def _killing(service: servers.Server, every: float, seen: Counter[str]) -> Iterator[None]:
    """Kill a worker now and then; the master starts another one."""
    over = threading.Event()

    def kill() -> None:
        while not over.wait(every * random.uniform(0.5, 1.5)):
            # Its successor takes a few seconds to start; the oldest one is at work.
            with contextlib.suppress(ProcessLookupError, IndexError):
                os.kill(min(service.workers()), signal.SIGKILL)
                seen["a worker killed"] += 1

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
