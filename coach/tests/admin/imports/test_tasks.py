"""Imports by the worker: what was shown, batch by batch, from where they stand, and nothing twice."""

from __future__ import annotations

import functools
import json
import logging
from types import SimpleNamespace

import pytest
from django.test import override_settings
from django_q.models import OrmQ, Task

from coach.admin.imports import resources, tasks
from coach.documents.base import utc_now
from coach.legacy.running.lock import LockHeld, RunLock
from coach.legacy.running.summary import Options
from coach.legacy.writing import apply
from coach.models import AuditEvent, BackfillFinding, BackfillRun, LearnerProfile
from coach.services.keeping import erasing, staged_files
from coach.services.operations import jobs
from coach.tests.admin.conftest import token_of
from coach.tests.legacy import people

pytestmark = pytest.mark.django_db(transaction=True)
LEARNERS = "learnerprofile"
BAD = {"username": "bad", "memory_records": 5}


@pytest.fixture(autouse=True)
def large(monkeypatch):
    """Every upload is large, and a batch holds two records."""
    monkeypatch.setattr(resources, "Options", functools.partial(Options, batch_size=2))
    with override_settings(BACKGROUND_IMPORT_BYTES=0):
        yield


@pytest.fixture
def queue(console, upload, confirm):
    """Uploads and confirms a store; the run that waits then."""

    def send(content, **options):
        shown = upload(console, LEARNERS, content, **options)
        confirm(console, LEARNERS, shown)
        return BackfillRun.objects.latest("pk")

    return send


def profiles(*names, **members):
    return {name: people.profile(name, **members) for name in names}


def after(run):
    return BackfillRun.objects.get(pk=run.pk)


def rejected(run):
    """The numbers of the records in a run's reject file."""
    with staged_files.open_rejects(run.pk) as lines:
        return [json.loads(line)["ordinal"] for line in lines]


def left(run):
    """What lies in the storage of a run's upload."""
    return staged_files.names_of(run.upload, "")


def test_a_confirmed_import_waits_for_the_worker_and_writes_nothing(queue):
    run = queue(profiles("amara", "felix"))
    assert (run.state, run.counted()) == ("queued", (0, 2))
    assert not LearnerProfile.objects.exists()
    assert AuditEvent.objects.get(action="import.confirmed").detail_members == {"run": run.pk}
    [task] = OrmQ.objects.all()
    assert (task.func(), task.task["args"]) == ("coach.admin.imports.tasks.work", (run.pk,))


def test_the_worker_imports_what_was_shown(queue):
    run = queue(profiles(*"abcde") | {"bad": BAD})
    tasks.work(run.pk)
    run = after(run)
    assert (run.state, run.counted(), run.per_cent) == ("done_with_rejects", (6, 6), 100)
    assert LearnerProfile.objects.count() == 5
    assert rejected(run) == [5]
    assert left(run) == []


def test_a_second_click_leads_to_the_same_run(console, upload, confirm):
    token = token_of(upload(console, LEARNERS, profiles("amara")))
    pages = [confirm(console, LEARNERS, token) for _ in range(2)]
    run = BackfillRun.objects.get()
    assert OrmQ.objects.count() == 1
    assert "confirmed already" in pages[1].content.decode()
    tasks.work(run.pk)
    assert "confirmed already" in confirm(console, LEARNERS, token).content.decode()


def test_a_task_that_is_given_out_again_does_nothing_more(queue):
    run = queue(profiles("amara"))
    tasks.work(run.pk)
    done = after(run)
    tasks.work(run.pk)
    assert after(run).__dict__ | {"_state": 0} == done.__dict__ | {"_state": 0}


def test_whoever_goes_on_with_a_run_ends_it_as_if_nothing_had_happened(queue, monkeypatch):
    """Rejects of the first worker, and counts, are there in the end."""
    names = ["b0", "b1", "b2", "b3", "b4", "b5"]
    store = {"bad": BAD, **profiles(*names), "worse": {**BAD, "username": "worse"}}
    run = queue(store)
    check, seen = tasks.as_shown, []

    class Killed(BaseException):
        pass

    def dying(shown):
        def checked(planned):
            seen.append(len(planned))
            if len(seen) == 3:
                raise Killed
            check(shown)(planned)

        return checked

    with monkeypatch.context() as patched:
        patched.setattr(tasks, "as_shown", dying)
        # The dead put nothing away.
        patched.setattr("coach.legacy.running.backfill.Backfill._end", lambda *_: None)
        with pytest.raises(Killed):
            tasks.work(run.pk)
    assert (after(run).state, after(run).counted()) == ("running", (4, 8))

    tasks.work(run.pk)
    run = after(run)
    assert (run.state, run.counted()) == ("done_with_rejects", (8, 8))
    assert run.outcome_counts["profiles"] | {"created": 6, "rejected": 2} == run.outcome_counts["profiles"]
    assert rejected(run) == [0, 7]
    assert sorted(BackfillFinding.objects.values_list("ordinal", flat=True)) == [0, 7]
    assert left(run) == []


def test_an_import_of_somebody_else_does_not_call_it_dead(queue, monkeypatch):
    run = queue(profiles("amara"))
    jobs.begin(BackfillRun, run.pk)
    tasks.ledger.mark_dead()
    assert after(run).state == "running"


def test_it_waits_for_another_import(queue):
    run = queue(profiles("amara"))
    with RunLock(), pytest.raises(jobs.NotNow, match="another import is at work"):
        tasks.work(run.pk)
    assert after(run).state == "queued"
    tasks.work(run.pk)
    assert after(run).state == "done"


def test_a_run_that_lost_its_lock_is_left_for_the_next_worker(queue, monkeypatch):
    run = queue(profiles("amara"))

    def lost(self):
        raise LockHeld("another")

    with monkeypatch.context() as patched:
        patched.setattr(RunLock, "confirm", lost)
        with pytest.raises(jobs.NotNow):
            tasks.work(run.pk)
    assert after(run).state == "running"
    tasks.work(run.pk)
    assert after(run).state == "done"


def test_what_changed_since_the_preview_stops_it_before_its_batch(queue):
    run = queue(profiles(*"abcd"))
    LearnerProfile.objects.create(username="d", last_updated=utc_now())
    tasks.work(run.pk)
    run = after(run)
    assert run.state == "interrupted"
    assert run.error.startswith("record 4 of profiles is not any more what the preview showed")
    assert sorted(LearnerProfile.objects.values_list("username", flat=True)) == ["a", "b", "d"]
    assert left(run) == []


def test_it_is_cancelled_between_batches(queue, staff, monkeypatch):
    run = queue(profiles(*"abcdef"))
    works = []

    class Heard(jobs.Work):
        def __enter__(self):
            works.append(self)
            return super().__enter__()

    check = tasks.as_shown

    def cancelling(shown):
        def checked(planned):
            jobs.cancel(user=staff("operator"), run=run)
            works[0].cancelled = True
            check(shown)(planned)

        return checked

    monkeypatch.setattr(jobs, "Work", Heard)
    monkeypatch.setattr(tasks, "as_shown", cancelling)
    tasks.work(run.pk)
    run = after(run)
    assert (run.state, run.counted()) == ("interrupted", (2, 6))
    assert run.error == "cancelled by operator; what was imported before that stays"
    assert LearnerProfile.objects.count() == 2
    assert left(run) == []


def test_who_is_erased_meanwhile_is_not_in_the_reject_file(queue, monkeypatch):
    run = queue({"bad": BAD, **profiles(*"abc"), "worse": {**BAD, "username": "worse"}})
    check = tasks.as_shown

    def erasing_one(shown):
        def checked(planned):
            if planned[0].record.ordinal == 2:
                erasing.erase(username="bad", unknown_too=True)
            check(shown)(planned)

        return checked

    monkeypatch.setattr(tasks, "as_shown", erasing_one)
    tasks.work(run.pk)
    assert list(BackfillFinding.objects.values_list("ordinal", flat=True)) == [4]
    assert rejected(run) == [4]


def test_one_that_waits_is_cancelled_at_once(queue, staff):
    run = queue(profiles("amara"))
    assert jobs.cancel(user=staff("operator"), run=run)
    assert after(run).state == "interrupted"
    assert not jobs.cancel(user=staff("operator"), run=run)
    tasks.work(run.pk)
    assert not LearnerProfile.objects.exists()
    assert left(run) == []
    [event] = AuditEvent.objects.filter(action="run.cancelled")
    assert (event.actor, event.detail_members) == ("staff operator", {"run": str(run)})


def test_an_upload_that_is_gone_fails_the_run(queue):
    run = queue(profiles("amara"))
    for path in left(run):
        staged_files.storage().delete(path)
    tasks.work(run.pk)
    assert (after(run).state, "is gone" in after(run).error) == ("failed", True)


def test_no_content_gets_into_the_queue_the_ledger_or_the_log(queue, monkeypatch, caplog):
    run = queue(profiles("amara", goal="A secret of hers."))

    def quoting(*_, **__):
        raise RuntimeError("A secret of hers.")

    monkeypatch.setattr(apply.tables, "insert", quoting)
    with caplog.at_level(logging.DEBUG):
        tasks.work(run.pk)
    run = after(run)
    assert (run.state, run.error) == ("failed", "unexpected RuntimeError")
    assert "secret" not in caplog.text
    [task] = OrmQ.objects.all()
    assert set(task.task) <= {"id", "name", "func", "args", "kwargs", "started", "timeout"}
    assert not Task.objects.exists()
    assert SimpleNamespace(**task.task).kwargs == {}
