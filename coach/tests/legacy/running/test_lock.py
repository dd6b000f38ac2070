"""The lock of runs: one holder, who may die, freeze, or come back too late."""

from __future__ import annotations

import datetime as dt
import os
import shlex
import signal
import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from benchmarks import kills
from coach.legacy.running import lock
from coach.legacy.running.lock import LockHeld, RunLock
from coach.models import BackfillLock, BackfillRun
from coach.tests.legacy import processes
from coach.tests.legacy.people import profile
from coach.tests.legacy.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = dt.timedelta(hours=1)
ELSEWHERE = {"holder": "elsewhere 7", "process": "elsewhere 7 7"}


def held(**members):
    """Somebody of another machine holds the lock."""
    BackfillLock.objects.all().delete()
    BackfillLock.objects.create(name=lock.NAME, fence=3, **(ELSEWHERE | members))


def test_a_second_run_is_refused_and_names_the_first():
    with RunLock():
        holder = BackfillLock.objects.get().holder
        with pytest.raises(LockHeld, match=f"^{holder}, since "), RunLock():
            pass
        assert BackfillLock.objects.get().holder == holder
    with RunLock():
        assert BackfillLock.objects.get().fence == 2


def test_a_lock_of_another_machine_is_taken_over_when_its_heartbeat_is_old():
    held()
    with pytest.raises(LockHeld, match="elsewhere 7"), RunLock():
        pass
    BackfillLock.objects.update(heartbeat_at=timezone.now() - LONG_AGO)
    with RunLock():
        assert BackfillLock.objects.get().fence == 4


def test_a_lock_of_this_machine_is_taken_over_at_once_when_its_process_is_gone():
    gone = processes.start(program="-c pass")
    processes.end(gone)
    held(process=f"{lock._machine()} {gone.pid} 1")
    with RunLock():
        pass


def test_a_process_that_got_the_number_of_a_dead_one_is_another_one():
    held(process=f"{lock._machine()} {os.getpid()} 1")
    with RunLock():
        pass


def test_who_lost_the_lock_is_told_so_and_frees_nothing_that_is_not_its_own():
    with RunLock() as first:
        BackfillLock.objects.update(heartbeat_at=timezone.now() - LONG_AGO, process="")
        with RunLock() as second:
            with pytest.raises(LockHeld):
                first.confirm()
            first.__exit__()
            second.confirm()


def test_a_heartbeat_goes_on_while_no_batch_is_written(monkeypatch):
    if connection.vendor == "sqlite" and "mode=memory" in str(connection.settings_dict["NAME"]):
        pytest.skip("another thread cannot write to a database in memory")
    monkeypatch.setattr(lock, "HEARTBEAT_SECONDS", 0.01)
    with RunLock():
        BackfillLock.objects.update(heartbeat_at=timezone.now() - LONG_AGO)
        wait_until(lambda: BackfillLock.objects.get().heartbeat_at > timezone.now() - LONG_AGO / 2)
    assert not [thread for thread in threading.enumerate() if thread.name == "lock heartbeat"]


@pytest.mark.postgresql("SQLite knows one writer at a time")
def test_a_holder_in_the_middle_of_a_batch_keeps_the_lock_whatever_its_heartbeat_says():
    with RunLock() as first:
        BackfillLock.objects.update(heartbeat_at=timezone.now() - LONG_AGO)
        found = []

        def second():
            try:
                with RunLock():
                    found.append("taken")
            except LockHeld:
                found.append("refused")
            finally:
                connection.close()

        with transaction.atomic():
            first.confirm()
            thread = threading.Thread(target=second)
            thread.start()
            thread.join()
    assert found == ["refused"]


# --- whole runs -----------------------------------------------------------------------------------

# A run that freezes itself between its second and third batch.
FREEZING = """
import django, os, signal; django.setup()
from coach.legacy.running.backfill import Backfill
go_on = Backfill._may_go_on
def freeze(self, file):
    go_on(self, file)
    if self.summary.counts["profiles"]["read"] == 4:
        os.kill(os.getpid(), signal.SIGSTOP)
Backfill._may_go_on = freeze
import manage; manage.main()
"""


@pytest.fixture
def people(stores):
    return stores.write(profiles=[profile(f"p{number}") for number in range(10)] + [7])


@pytest.fixture
def expected(people):
    people.backfill()
    found = kills.digests()
    processes.empty()
    people.rejects.unlink()
    return found


@pytest.fixture
def frozen(people, expected):
    words = ["--data-dir", people.folder, "--batch-size", 2, "--no-progress", "--rejects", people.rejects]
    run = processes.start("backfill", *words, program="-c " + shlex.quote(FREEZING))
    os.waitid(os.P_PID, run.pid, os.WSTOPPED | os.WNOWAIT)
    yield run
    run.kill()
    run.communicate()


def second(people, *more):
    plain = ["--data-dir", people.folder, "--rejects", people.folder / "others.jsonl"]
    return processes.manage("backfill", *(more or plain), "--no-progress")


def test_a_run_that_is_frozen_keeps_the_lock_for_a_while(people, frozen):
    ended = second(people)
    assert ended.status == 5, ended.said
    assert f" {frozen.pid}, since " in ended.err


@pytest.mark.parametrize("words", [[], ["--resume"]])
def test_a_run_that_was_frozen_too_long_and_comes_back_writes_nothing_more(people, frozen, expected, words):
    BackfillLock.objects.update(heartbeat_at=timezone.now() - LONG_AGO)
    ended = second(people, *words)
    assert ended.status == 2, ended.said
    runs = list(BackfillRun.objects.order_by("pk").values())
    frozen.send_signal(signal.SIGCONT)
    back = processes.end(frozen)
    assert back.status == 5, back.said
    assert list(BackfillRun.objects.order_by("pk").values()) == runs
    assert kills.digests() == expected


def test_a_run_that_died_is_followed_at_once(people, frozen, expected):
    frozen.kill()
    frozen.communicate()
    ended = second(people)
    assert ended.status == 2, ended.said
    assert kills.digests() == expected
