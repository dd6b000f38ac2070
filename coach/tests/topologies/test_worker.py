"""The worker as it runs (`manage.py qcluster`), killed in the middle: what it was at ends as if nothing had happened."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.test import override_settings
from django_q.models import OrmQ, Task

from coach.models import BackfillFinding, BackfillRun, ExportRun, LearnerProfile
from coach.services.keeping import staged_files
from coach.tests.admin.conftest import as_role, confirm, console, groups, staff, upload
from coach.tests.legacy import people
from coach.tests.management.commands.test_backfill import environment

__all__ = ["as_role", "confirm", "console", "groups", "staff", "upload"]
pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[3]
LEARNERS = 1200


@pytest.fixture
def start():
    """Starts workers; the processes, killed in the end."""
    started = []

    def one():
        process = subprocess.Popen(
            [sys.executable, "manage.py", "qcluster"],
            cwd=ROOT,
            env={**environment(), "ARCADIA_WORKER_CLAIM_SECONDS": "2"},
            start_new_session=True,
        )
        started.append(process)
        return process

    yield one
    for process in started:
        end(process)


def end(process):
    """Kill a worker with all its processes."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until(condition):
    deadline = time.monotonic() + 120
    while not (found := condition()):
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.02)
    return found


def at_work(run, more_than=-1):
    """The process that is at work on a run, once it has come further than that."""
    row = type(run).objects.get(pk=run.pk)
    assert not row.is_over, f"too late: {row.state} {row.error}"
    return int(row.process.split()[1]) if row.state == "running" and row.counted()[0] > more_than else None


def over(run):
    row = type(run).objects.get(pk=run.pk)
    return row if row.is_over else None


def test_an_import_and_an_export_survive_kill_9(start, console, upload, confirm):
    names = [f"learner{number:05d}" for number in range(LEARNERS)]
    bad = {"username": "bad", "memory_records": 5}
    store = {
        "bad": bad,
        **{name: people.profile(name) for name in names},
        "worse": bad | {"username": "worse"},
    }
    with override_settings(BACKGROUND_IMPORT_BYTES=0):
        confirm(console, "learnerprofile", upload(console, "learnerprofile", store))
    run = BackfillRun.objects.get()

    worker = start()
    # One of its processes, at once and after some batches; then all of them.
    for come_to in (-1, 0):
        killed = until(lambda come_to=come_to: at_work(run, come_to))
        os.kill(killed, signal.SIGKILL)
        until(lambda killed=killed: (over(run) or at_work(run)) != killed)
    until(lambda: at_work(run, 500))
    end(worker)
    worker = start()
    run = until(lambda: over(run))

    assert run.state == "done_with_rejects"
    assert run.counted() == (LEARNERS + 2, LEARNERS + 2)
    counts = run.outcome_counts["profiles"]
    assert (counts["created"], counts["rejected"], counts["unchanged"]) == (LEARNERS, 2, 0)
    assert LearnerProfile.objects.count() == LEARNERS
    assert sorted(BackfillFinding.objects.values_list("ordinal", flat=True)) == [0, LEARNERS + 1]
    until(lambda: staged_files.has_rejects(run.pk))
    with staged_files.open_rejects(run.pk) as lines:
        assert [json.loads(line)["ordinal"] for line in lines] == [0, LEARNERS + 1]

    chosen = {"_selected_action": LearnerProfile.objects.values_list("pk", flat=True)[:1], "select_across": 1}
    asked = {"action": "export", "confirmed_count": LEARNERS, "choice": "json", **chosen}
    console.post("/admin/coach/learnerprofile/", asked)
    run = ExportRun.objects.get()
    os.kill(until(lambda: at_work(run)), signal.SIGKILL)
    until(lambda: at_work(run, 0))
    end(worker)
    start()
    assert until(lambda: over(run)).state == "done"
    answer = console.get(f"/admin/coach/exportrun/{run.pk}/download/")
    exported = [row["username"] for row in json.loads(b"".join(answer.streaming_content))]
    assert sorted(exported) == names
    until(lambda: not OrmQ.objects.exists())
    # Nothing of it is left in the library's tables.
    assert not Task.objects.exists()
