"""A disk that takes no more, as the kernel says it: in the middle of the reject file, for a report, for an export."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from coach.models import BackfillRun, LearnerProfile
from coach.tests.legacy import processes
from coach.tests.legacy.people import profile, submission

pytestmark = pytest.mark.django_db(transaction=True)
# A device that is always full: ENOSPC, for whoever writes to it.
FULL = Path("/dev/full")
on_full = pytest.mark.skipif(not FULL.is_char_device(), reason="this system has no /dev/full")
BATCH = 5


def no_file_beyond(size):
    """Arguments for a process whose files the kernel lets grow to that many bytes: then EFBIG, in mid-write."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))}


# --- the reject file ------------------------------------------------------------------------------

# Rejects so large that their file meets the limit long before the files of SQLite do.
LARGE = 1 << 20


@pytest.fixture
def people(stores):
    """Batches of five learners, one of which is bad: with a large record, and in the last batch with a small one."""
    found = [profile(f"p{number}") for number in range(25)]
    for number in range(0, 25, BATCH):
        found[number] |= {"goal": number, "use_case": "x" * (LARGE if number < 20 else 1)}
    return stores.write(profiles=found)


@pytest.fixture
def expected(people):
    """Tables and reject file of a run that had room enough."""
    return processes.undisturbed(people)


@pytest.mark.parametrize(("missing", "reached"), [(LARGE // 2, 15), (10, 20)], ids=["large", "buffered"])
def test_a_reject_file_that_cannot_grow_stops_the_run_which_goes_on_once_it_can(
    people, expected, missing, reached
):
    limit = len(expected[1]) - missing
    words = ["--data-dir", people.folder, "--rejects", people.rejects, "--batch-size", BATCH, "--no-progress"]
    stopped = processes.manage("backfill", *words, **no_file_beyond(limit))
    assert stopped.status == 7, stopped.said
    assert "stopped: OSError: File too large" in stopped.err
    run = BackfillRun.objects.get()
    # The batch in which it happened is undone, though half a line of it is on the disk.
    assert (run.state, run.checkpoint_ordinal) == ("failed", reached)
    assert LearnerProfile.objects.count() == run.outcome_counts["profiles"]["created"]
    assert people.rejects.stat().st_size == limit

    resumed = processes.manage(*stopped.next_command, "--no-progress")
    assert resumed.status == 2, resumed.said
    assert processes.left_by(people) == expected


# --- the report -----------------------------------------------------------------------------------


@on_full
def test_a_report_that_finds_no_room_is_said_and_the_run_is_what_it_was(stores):
    stores.write(profiles=[profile("amara"), 7])
    ended = processes.manage("backfill", "--data-dir", stores.folder, "--report", FULL, "--no-progress")
    assert ended.status == 2, ended.said
    assert "the report could not be written: No space left on device" in ended.err
    assert LearnerProfile.objects.count() == 1
    assert BackfillRun.objects.get().state == "done_with_rejects"


# --- an export ------------------------------------------------------------------------------------


@pytest.fixture
def exported(stores):
    """A database that has changed since it was exported into a folder; and the files that lie there."""
    people = [profile(f"p{number}", goal="x" * 10_000) for number in range(20)]
    submitted = {f"p{number}": [submission(f"s{number}", f"p{number}")] for number in range(20)}
    stores.write(profiles=people, submissions=submitted)
    assert stores.backfill().clean
    folder = stores.folder / "export"
    assert processes.manage("export_stores", "--data-dir", folder, "--no-progress").status == 0
    LearnerProfile.objects.update(goal="y" * 10_000)
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("missing", [100_000, 10], ids=["in the middle", "in its last line"])
def test_an_export_that_finds_no_room_publishes_nothing(exported, missing):
    before = contents(exported)
    limit = len(before["learner_profiles.json"]) - missing
    ended = processes.manage(
        "export_stores", "--data-dir", exported, "--no-progress", **no_file_beyond(limit)
    )
    assert ended.status == 1, ended.said
    assert "nothing was published: File too large" in ended.err
    assert contents(exported) == before
