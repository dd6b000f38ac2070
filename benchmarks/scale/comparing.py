"""Clients that know what they wrote, and compare every answer with it: one learner each, who nobody else writes."""

from __future__ import annotations

import collections
import contextlib
import http.client
import itertools
import json
import re
import threading
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

# It begins on day 0 and nothing stands before it: each adjustment moves it by one day.
FIRST_ITEM = "lesson-joins"
PAGE = 50
# The service closes a connection that is idle for longer than ARCADIA_KEEPALIVE.
IDLE_SECONDS = 3
LEARNERS = """
from coach.services import schedules
from coach.tests import cast
for name in {names}:
    cast.learner(cast.AMARA, username=name, goal=f"The goal of {{name}}")
    schedules.read(username=name)
"""
STAFF = "from django.contrib.auth.models import User; User.objects.create_superuser('staff', password='{password}')"
PASSWORD = "long-and-of-this-run"


class Failed(Exception):
    """A request that got a 5xx or no answer: what it was to write may have been written or not."""


@dataclass
class Seen:
    """What one client saw: its answers by status, what was wrong, and the longest time without a good answer."""

    statuses: collections.Counter[str] = field(default_factory=collections.Counter)
    wrong: list[str] = field(default_factory=list)
    good_at: float = field(default_factory=time.monotonic)
    gap: float = 0.0

    def good(self) -> None:
        now = time.monotonic()
        self.gap, self.good_at = max(self.gap, now - self.good_at), now


class Connection:
    """Requests to several addresses in turn, kept alive; the cookies are carried along."""

    def __init__(self, addresses: Sequence[str]) -> None:
        hosts = [address.removeprefix("http://") for address in addresses]
        self._all = [http.client.HTTPConnection(host, timeout=60) for host in hosts]
        self._connections = itertools.cycle(self._all)
        self._used_at: dict[http.client.HTTPConnection, float] = {}
        self.cookies: dict[str, str] = {}
        self.seen = Seen()

    def close(self) -> None:
        for connection in self._all:
            connection.close()

    def ask(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> bytes:
        """The answer's body. Raises Failed."""
        connection = next(self._connections)
        if time.monotonic() - self._used_at.get(connection, 0.0) > IDLE_SECONDS:
            connection.close()
        self._used_at[connection] = time.monotonic()
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Content-Type": kind} | ({"Cookie": cookies} if cookies else {})
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            self.seen.statuses[type(error).__name__] += 1
            raise Failed(type(error).__name__) from error
        self.seen.statuses[str(answer.status)] += 1
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        if answer.status >= 500:
            raise Failed(str(answer.status))
        if answer.status >= 400:
            self.seen.wrong.append(f"{method} {path}: {answer.status} {text[:200]!r}")
        self.seen.good()
        return text


class Learner(Connection):
    """Writes and reads one learner in turns. What failed may have been written; everything else must be as it was."""

    def __init__(self, addresses: Sequence[str], name: str) -> None:
        super().__init__(addresses)
        self.name = name
        # What was acknowledged, in order; and what was sent at all.
        self.marks: dict[str, None] = {}
        self.sent: set[str] = set()
        self._least = self._most = 0
        self._numbers = itertools.count()

    def run(self, over: threading.Event, pause: float) -> None:
        steps = itertools.cycle(
            (self.submit, self.submissions, self.profile, self.adjust, self.schedule, self.file)
        )
        while not over.is_set():
            try:
                next(steps)()
            except Failed:
                time.sleep(0.05)
            except (ValueError, LookupError, TypeError) as error:
                self.seen.wrong.append(f"{self.name}: an answer of another shape: {error!r}")
            over.wait(pause)
        self.close()

    def submit(self) -> None:
        mark = f"{self.name}-{next(self._numbers)}"
        self.sent.add(mark)
        body = {
            "responses": [{"task_id": "sql-talk", "response": f"Rows of {mark}."}],
            "metadata": {"mark": mark},
        }
        answer = self._post(f"/api/onboarding/{self.name}/assessment/submissions", body)
        self.marks[mark] = None
        self._same("a submission", (answer["username"], answer["metadata"]["mark"]), (self.name, mark))

    def submissions(self) -> None:
        shown = self._get(f"/api/onboarding/{self.name}/assessment/submissions?limit={PAGE}")
        marks = [entry["metadata"]["mark"] for entry in shown]
        known = [mark for mark in marks if mark in self.marks]
        self._same("owners of submissions", {entry["username"] for entry in shown} - {self.name}, set())
        self._same("submissions of nobody", set(marks) - self.sent, set())
        self._same("the newest submissions", known, list(reversed(self.marks))[: len(known)])
        self._same("submissions missing", len(marks) < min(PAGE, len(self.marks)), False)

    def profile(self) -> None:
        shown = self._get(f"/api/profile/{self.name}")
        self._same("a profile", (shown["username"], shown["goal"]), (self.name, f"The goal of {self.name}"))

    def adjust(self) -> None:
        self._most += 1
        shown = self._post(f"/api/profile/{self.name}/schedule/adjust", {"item_id": FIRST_ITEM, "days": 1})
        self._least += 1
        self._check_day(shown)

    def schedule(self) -> None:
        self._check_day(self._get(f"/api/profile/{self.name}/schedule"))

    def file(self) -> None:
        content = f"file {next(self._numbers)} of {self.name}"
        part = 'Content-Disposition: form-data; name="file"; filename="f.txt"\r\nContent-Type: text/plain'
        body = f"--b\r\n{part}\r\n\r\n{content}\r\n--b--\r\n".encode()
        path = f"/api/onboarding/{self.name}/assessment/attachments"
        made = json.loads(self.ask("POST", f"{path}/files", body, "multipart/form-data; boundary=b"))
        self._same("a file", self.ask("GET", made["url"]).decode(), content)
        self.ask("DELETE", f"{path}/{made['attachment_id']}")

    def _check_day(self, shown: Any) -> None:
        day = next(item["recommended_day_offset"] for item in shown["items"] if item["item_id"] == FIRST_ITEM)
        self._same("a schedule", self._least <= day <= self._most, True)
        # What failed may still be written after it was answered, and then be seen.
        self._least = day

    def _get(self, path: str) -> Any:
        return json.loads(self.ask("GET", path))

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return json.loads(self.ask("POST", path, json.dumps(body).encode()))

    def _same(self, what: str, found: Any, wanted: Any) -> None:
        if found != wanted:
            self.seen.wrong.append(f"{self.name}: {what}: {found!r} instead of {wanted!r}"[:300])


class Staff(Connection):
    """A member of staff, who exports."""

    def sign_in(self) -> None:
        self.ask("GET", "/admin/login/")
        self.form("/admin/login/", username="staff", password=PASSWORD)

    def form(self, path: str, **members: str) -> bytes:
        fields = {"csrfmiddlewaretoken": self.cookies["csrftoken"], **members}
        return self.ask(
            "POST", path, urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded"
        )

    def export(self, model: str, choice: str = "json") -> bytes:
        """All rows of a list, confirmed as the page asks."""
        path = f"/admin/coach/{model}/"
        key = _found(rb'_selected_action" value="(\d+)', self.ask("GET", path))
        asked = {"action": "export", "select_across": "1", "index": "0", "_selected_action": key}
        count = _found(rb'confirmed_count" value="(\d+)', self.form(path, **asked))
        return self.form(path, **asked, confirmed_count=count, choice=choice)


def _found(pattern: bytes, page: bytes) -> str:
    found = re.search(pattern, page)
    assert found, page[:2000]
    return found[1].decode()


@contextlib.contextmanager
def at_once(learners: Sequence[Learner], pause: float = 0.0) -> Iterator[threading.Event]:
    """Let all of them work while the block does something else, until it sets the event."""
    over = threading.Event()
    threads = [threading.Thread(target=learner.run, args=(over, pause)) for learner in learners]
    for thread in threads:
        thread.start()
    try:
        yield over
    finally:
        over.set()
        for thread in threads:
            thread.join()


def acknowledged(learners: Sequence[Learner]) -> set[str]:
    """The marks of everything that was acknowledged so far."""
    return set().union(*(set(learner.marks) for learner in learners))


def statuses(learners: Sequence[Connection]) -> dict[str, int]:
    """The answers of all of them by status."""
    return dict(sum((learner.seen.statuses for learner in learners), collections.Counter[str]()))


def faults(learners: Sequence[Connection]) -> list[str]:
    """What any of them found wrong."""
    return [each for learner in learners for each in learner.seen.wrong]
