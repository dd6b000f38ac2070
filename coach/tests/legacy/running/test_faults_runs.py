"""What else comes between the beginning and the end of a run: a signal, a second run, a store that is rewritten."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from pathlib import Path

import pytest

from coach.models import BackfillRun, LearnerProfile
from coach.tests.legacy import processes
from coach.tests.legacy.people import profile
from coach.tests.legacy.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
BATCH, LEARNERS = 4, 602


@pytest.fixture
def people(stores):
    """Every fortieth learner is bad."""
    found = [profile(f"p{number}", goal="to learn" if number % 40 else 7) for number in range(LEARNERS)]
    return stores.write(profiles=found)


@pytest.fixture
def expected(people):
    """Tables and reject file of a run that nothing came between."""
    return processes.undisturbed(people)


@pytest.fixture
def begin(people):
    """A run that has committed something, and has most of its way before it."""
    with contextlib.ExitStack() as ends:

        def begin():
            words = (*backfill(people), "--rejects", people.rejects, "--batch-size", BATCH)
            run = processes.start(*words, start_new_session=True)
            ends.callback(run.kill)
            wait_until(LearnerProfile.objects.exists)
            return run

        yield begin


def backfill(people):
    return "backfill", "--data-dir", people.folder, "--no-progress"


def replace(people):
    """Another store in the place of this one, in one step, and its former content."""
    path = people.path("profiles")
    before = path.read_bytes()
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps([*json.loads(before), profile("late")]))
    fresh.replace(path)
    return before


def interrupted(run):
    """How a run ended that was told to."""
    ended = processes.end(run)
    ledger = BackfillRun.objects.get()
    counts = ledger.outcome_counts["profiles"]
    assert ended.status == 130, ended.said
    assert "stopped: interrupted after a whole batch" in ended.err
    assert (ledger.state, ledger.checkpoint_ordinal % BATCH) == ("interrupted", 0)
    assert counts["read"] == ledger.checkpoint_ordinal < LEARNERS
    assert counts["created"] == LearnerProfile.objects.count()
    return ended


def test_a_signal_ends_the_run_after_a_batch_and_the_command_it_prints_goes_on(people, expected, begin):
    run = begin()
    run.send_signal(signal.SIGTERM)
    ended = interrupted(run)
    resumed = processes.manage(*ended.next_command, "--no-progress")
    assert resumed.status == 2, resumed.said
    assert processes.left_by(people) == expected


def test_a_run_is_not_resumed_over_another_store_but_begun_anew(people, expected, begin):
    run = begin()
    # As a terminal does: to all of its processes.
    os.killpg(run.pid, signal.SIGINT)
    ended = interrupted(run)
    committed = LearnerProfile.objects.count()
    before = replace(people)
    refused = processes.manage(*ended.next_command)
    assert refused.status == 6, refused.said
    reason = "the input changed since the run that is to be resumed: learner_profiles.json: its sha256 is "
    assert reason in refused.err
    assert LearnerProfile.objects.count() == committed

    people.path("profiles").write_bytes(before)
    people.rejects.unlink(missing_ok=True)
    again = processes.manage(*backfill(people), "--rejects", people.rejects)
    assert again.status == 2, again.said
    assert processes.left_by(people) == expected


@pytest.fixture
def held(begin):
    """A run that stands still while something is done, and goes on afterwards."""

    @contextlib.contextmanager
    def held():
        run = begin()
        run.send_signal(signal.SIGSTOP)
        yield run
        run.send_signal(signal.SIGCONT)

    return held


def test_a_second_run_is_refused_and_a_store_replaced_in_one_step_leaves_the_first_run_alone(
    people, expected, held
):
    with held() as first:
        second = processes.manage(*backfill(people))
        replace(people)
    assert second.status == 5, second.said
    assert f"another run holds the lock: {socket.gethostname()} {first.pid}, since " in second.err
    assert BackfillRun.objects.count() == 1
    ended = processes.end(first)
    assert ended.status == 2, ended.said
    assert processes.left_by(people) == expected


def test_a_store_that_is_written_to_while_it_is_read_ends_the_run(people, expected, held):
    path = people.path("profiles")
    before = path.read_bytes()
    with held() as run, path.open("ab") as file:
        file.write(b" ")
    ended = processes.end(run)
    assert ended.status == 6, ended.said
    reason = "learner_profiles.json: the file was changed while it was being read"
    assert f"stopped: {reason}" in ended.err
    assert (BackfillRun.objects.get().state, BackfillRun.objects.get().error) == ("failed", reason)
    assert ended.next_command == ["backfill", "--data-dir", str(people.folder)]
    path.write_bytes(before)
    people.rejects.unlink(missing_ok=True)
    again = processes.manage(*ended.next_command, "--rejects", people.rejects, "--no-progress")
    assert again.status == 2, again.said
    assert processes.left_by(people) == expected


# --- the process that decodes ---------------------------------------------------------------------


def decoder_of(run):
    """The number of the one process that a run has begun."""
    [number] = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    return int(number)


def is_there(number):
    """Whether that process still runs; a zombie does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="there is no /proc to find processes in")
def test_a_run_whose_decoding_process_is_killed_says_so_and_can_be_resumed(people, expected, begin):
    run = begin()
    os.kill(decoder_of(run), signal.SIGKILL)
    ended = processes.end(run)
    assert ended.status == 7, ended.said
    assert "stopped: ChildProcessError: the process that decodes has ended" in ended.err
    resumed = processes.manage(*ended.next_command, "--no-progress")
    assert resumed.status == 2, resumed.said
    assert processes.left_by(people) == expected


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="there is no /proc to find processes in")
def test_a_killed_run_leaves_no_decoding_process_behind(people, begin):
    run = begin()
    decoder = decoder_of(run)
    assert is_there(decoder)
    run.kill()
    assert processes.end(run).status == -signal.SIGKILL
    wait_until(lambda: not is_there(decoder))
