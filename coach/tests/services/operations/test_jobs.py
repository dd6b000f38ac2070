"""Tasks of the worker: what gets out of them, and how a run at work is told from one that was left."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from django.contrib.auth.models import User
from django_q.models import OrmQ

from coach.documents.base import utc_now
from coach.models import BackfillRun, ExportRun
from coach.services.operations import jobs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run():
    return ExportRun.objects.create(what="learnerprofile", form="json", keys="[]", state="queued", actor="a")


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.02)


def test_of_an_exception_only_its_kind_gets_out():
    @jobs.task
    def quoting(pk):
        raise ValueError("A secret of hers.")

    with pytest.raises(jobs.NotNow) as caught:
        quoting(1)
    assert str(caught.value) == "ValueError"
    assert caught.value.__context__ is None


def test_what_begins_is_at_work_from_now_on(run):
    ExportRun.objects.update(started_at=utc_now() - dt.timedelta(hours=1))
    begun = jobs.begin(ExportRun, run.pk)
    assert begun.state == "running"
    assert utc_now() - begun.started_at < dt.timedelta(minutes=1)


def test_what_was_left_begins_again_with_its_first_start(run):
    first = jobs.begin(ExportRun, run.pk)
    assert jobs.begin(ExportRun, run.pk).started_at == first.started_at


@pytest.mark.parametrize("state", ["done", "failed", "interrupted"])
def test_what_is_over_does_not_begin(run, state):
    ExportRun.objects.update(state=state)
    assert jobs.begin(ExportRun, run.pk) is None
    assert jobs.begin(BackfillRun, run.pk) is None


def test_what_was_cancelled_while_its_worker_was_dead_ends_when_it_begins(run):
    jobs.begin(ExportRun, run.pk)
    assert jobs.cancel(user=User(username="operator"), run=run)
    assert ExportRun.objects.get().state == "running"
    assert jobs.begin(ExportRun, run.pk) is None
    assert ExportRun.objects.get().state == "interrupted"


def test_a_run_at_work_gives_signs_of_life_keeps_its_claim_and_hears_of_its_end(run, monkeypatch):
    monkeypatch.setattr(jobs, "_BEAT_SECONDS", 0.01)
    claim = OrmQ.objects.create(key="arcadia", payload="", lock=utc_now())
    monkeypatch.setattr(jobs, "_claim", claim.pk)
    ExportRun.objects.update(heartbeat_at=utc_now() - dt.timedelta(hours=1))
    run = jobs.begin(ExportRun, run.pk)
    with jobs.Work(run, told=lambda: {"done": 7}) as work:
        until(lambda: ExportRun.objects.get().done == 7)
        until(lambda: OrmQ.objects.get().lock > utc_now() + dt.timedelta(seconds=10))
        assert not work.cancelled
        jobs.cancel(user=User(username="operator"), run=run)
        until(lambda: work.cancelled)


def test_what_a_run_tells_of_itself():
    began = utc_now()
    row = ExportRun(done=30, total=120, started_at=began, heartbeat_at=began + dt.timedelta(seconds=10))
    assert (row.per_cent, row.rate, row.seconds_left) == (25, 3.0, 30.0)
    assert ExportRun(started_at=began, heartbeat_at=began).seconds_left is None
