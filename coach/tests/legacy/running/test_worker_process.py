"""Decoding beside the writing: a thread and a process of its own make what is made on the spot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from coach.documents.base import utc_now
from coach.documents.profile import Profile
from coach.legacy.decoding.records import Rejected
from coach.legacy.running import worker_process
from coach.legacy.stores import Store
from coach.legacy.writing import decode_jobs
from coach.legacy.writing.decode_jobs import DecodeJob
from coach.legacy.writing.tables import Maker
from coach.services import assessments
from coach.tests.legacy import people
from coach.tests.legacy.people import FULL_AMARA
from coach.tests.management.commands.test_backfill import environment

ROOT = Path(__file__).parents[4]
RECORDS = [
    FULL_AMARA,
    FULL_AMARA | {"username": "Felix", "unheard_of": {"a": [1]}},
    {"username": "jun"},
    {"username": "mira", "goal": 7},
    7,
]


def asked() -> DecodeJob:
    raws = [
        people.raw(Store.PROFILES, json.dumps(value).encode(), ordinal=ordinal)
        for ordinal, value in enumerate(RECORDS)
    ]
    maker = Maker(run_id=7, at=utc_now(), derive=assessments.extended)
    # The time that the third one leaves out is read each time.
    return DecodeJob(raws, frozenset({0, 1, 3, 4}), maker)


def described(made):
    """All that came of a batch, as values that can be compared."""
    facts = [
        (found.raw, found.code, found.faults)
        if isinstance(found, Rejected)
        else (found.raw, found.username, found.key, found.unknown, found.import_checksum)
        for found in made.decoded
    ]
    return facts, made.built


def test_a_thread_makes_what_is_made_on_the_spot():
    batch = asked()
    with worker_process.in_thread() as submit:
        made = submit(batch).result()
    assert described(made) == described(decode_jobs.decode(batch))
    assert [type(found).__name__ for found in made.decoded] == ["Decoded"] * 3 + ["Rejected"] * 2
    assert made.built.keys() == {0, 1}


def test_what_was_read_is_read_again_where_it_is_asked_for():
    [amara, felix, *_] = decode_jobs.decode(asked()).decoded
    assert amara.content is felix.content is None
    assert amara.document.to_object() == Profile.model_validate(FULL_AMARA).to_object()
    assert felix.document.username == "felix"


def test_in_a_process_that_has_connections_or_threads_nothing_is_forked(db, monkeypatch):
    monkeypatch.setattr(worker_process, "_process", None)  # fails where it is called
    with worker_process.beside() as submit:
        assert described(submit(asked()).result())[1].keys() == {0, 1}


def program(*lines: str) -> str:
    """What a process says that runs these lines as soon as it is set up."""
    before = [
        "import django; django.setup()",
        "from coach.legacy.running import worker_process as decoding; from coach.legacy.writing import decode_jobs, tables",
    ]
    before += ["from coach.tests.legacy.running.test_worker_process import asked, described"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([*before, *lines])],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_process_of_its_own_makes_what_is_made_on_the_spot():
    said = program(
        "import multiprocessing",
        "batch = asked()",
        "with decoding.beside() as submit:",
        "    print(len(multiprocessing.active_children()), 'process')",
        "    made = [submit(batch) for _ in range(3)]",
        "    assert all(described(one.result()) == described(decode_jobs.decode(batch)) for one in made)",
        "print(len(multiprocessing.active_children()), 'left')",
    )
    assert said == "1 process\n0 left\n"


def test_where_there_is_no_room_for_another_process_a_thread_decodes():
    said = program(
        "from multiprocessing.context import ForkProcess",
        "def refuse(process): raise BlockingIOError(11, 'Resource temporarily unavailable')",
        "ForkProcess.start = refuse",
        "batch = asked()",
        "with decoding.beside() as submit:",
        "    assert described(submit(batch).result()) == described(decode_jobs.decode(batch))",
        "    print('decoded')",
    )
    assert said == "decoded\n"


@pytest.mark.parametrize("error", ["ValueError('odd')", "MemoryError()"])
def test_what_goes_wrong_in_the_other_process_goes_wrong_here(error):
    said = program(
        "def fail(*_): raise " + error,
        "tables.copy_rows = fail",
        "with decoding.beside() as submit:",
        "    print(repr(submit(asked()).exception()))",
        "    print(repr(submit(asked()).exception()))",
    )
    assert said == f"{error}\n" * 2
