"""Sessions that come in the way of a run, on a real server: deadlocks, conflicts of snapshots, cut connections."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from benchmarks import kills
from coach.models import AssessmentSubmission, BackfillLock, BackfillRun, LearnerProfile
from coach.tests.legacy import processes
from coach.tests.legacy.people import profile, submission
from coach.tests.legacy.processes import wait_until
from coach.tests.management.commands.test_backfill import environment

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgresql("SQLite knows one writer at a time"),
]
NAMES = [f"p{number}" for number in range(10)]
EDIT = "UPDATE coach_learnerprofile SET goal = 'edited here' WHERE username = %s"


@pytest.fixture
def expected(stores):
    """The tables after a run in whose way nobody came; but now the submissions are still to be imported."""
    people = [profile(name, goal="to learn") for name in NAMES]
    stores.write(profiles=people, submissions={name: [submission(f"s-{name}", name)] for name in NAMES})
    assert stores.backfill().clean
    found = kills.digests()
    AssessmentSubmission.objects.all().delete()
    BackfillRun.objects.all().delete()
    return found


@pytest.fixture
def begin(stores):
    """A run that imports the submissions of p0 to p4, and then those of p5 to p9."""
    with ExitStack() as ends:

        def begin(*more, **options):
            words = ["--data-dir", stores.folder, "--rejects", stores.rejects, "--batch-size", 5]
            run = processes.start("backfill", *words, *more, "--no-progress", **options)
            ends.callback(run.kill)
            return run

        yield begin


@contextmanager
def session(**options):
    with psycopg.connect(environment()["ARCADIA_DATABASE_URL"], **options) as opened:
        yield opened


@pytest.fixture
def watcher():
    with session(autocommit=True) as opened:
        yield opened


@pytest.fixture
def service(expected):
    """Somebody who edits p7 and has not committed yet: a run comes to wait for it, with p5 and p6 in its hands."""
    with session() as opened:
        opened.execute(EDIT, ["p7"])
        yield opened


@pytest.fixture
def waiting(watcher):
    """The server process that waits for a session."""

    def found(holder):
        question = "SELECT pid FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"
        rows = watcher.execute(question, [holder.info.backend_pid]).fetchall()
        return rows[0][0] if rows else None

    return lambda holder: wait_until(lambda: found(holder))


@pytest.fixture
def cut(watcher):
    """End a server process, and wait until it is gone."""

    def cut(pid):
        watcher.execute("SELECT pg_terminate_backend(%s)", [pid])
        gone = "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = %s"
        wait_until(lambda: watcher.execute(gone, [pid]).fetchone()[0])

    return cut


def edited():
    return set(LearnerProfile.objects.filter(goal="edited here").values_list("username", flat=True))


def tables_but_for_edits():
    LearnerProfile.objects.filter(goal="edited here").update(goal="to learn")
    return kills.digests()


# --- deadlocks and serialisation failures ---------------------------------------------------------


def deadlocks(watcher):
    question = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    return watcher.execute(question).fetchone()[0]


def test_a_deadlock_with_the_service_is_tried_again_and_both_get_their_way(
    begin, expected, watcher, service, waiting
):
    if watcher.info.parameter_status("is_superuser") != "on":
        pytest.skip("only a superuser can make sure that the run is the deadlock's victim")
    before = deadlocks(watcher)
    with session() as other, ThreadPoolExecutor(1) as thread:
        other.execute("SET deadlock_timeout = '1h'")
        other.execute(EDIT, ["p9"])
        run = begin()
        waiting(service)
        edit = thread.submit(other.execute, EDIT, ["p5"])
        wait_until(lambda: blocked(watcher, other))
        service.commit()
        edit.result(timeout=60)
        other.commit()
    ended = processes.end(run)
    assert ended.status == 0, ended.said
    wait_until(lambda: deadlocks(watcher) == before + 1)
    assert edited() == {"p5", "p7", "p9"}
    assert tables_but_for_edits() == expected


def blocked(watcher, waiter):
    return watcher.execute("SELECT pg_blocking_pids(%s)", [waiter.info.backend_pid]).fetchone()[0]


# Under this isolation the server refuses to let a run overwrite what was committed after the run first looked.
STRICT = {"PGOPTIONS": r"-c default_transaction_isolation=repeatable\ read"}


def test_a_serialisation_failure_is_tried_again(begin, expected, service, waiting):
    run = begin(env=STRICT)
    waiting(service)
    service.commit()
    ended = processes.end(run)
    assert ended.status == 0, ended.said
    assert edited() == {"p7"}
    assert tables_but_for_edits() == expected


def test_a_run_that_is_not_patient_shows_that_the_serialisation_fails(begin, service, waiting):
    run = begin(env=STRICT, program=processes.with_pauses())
    waiting(service)
    service.commit()
    ended = processes.end(run)
    assert ended.status == 7, ended.said
    assert "stopped: the database failed 1 times: OperationalError" in ended.err
    assert (BackfillRun.objects.get().state, AssessmentSubmission.objects.count()) == ("failed", 5)


# --- cut connections ------------------------------------------------------------------------------


def test_a_cut_connection_is_replaced_and_the_lock_stays(begin, expected, service, waiting, cut):
    run = begin()
    cut(waiting(service))
    waiting(service)
    assert f" {run.pid}" in BackfillLock.objects.get().holder
    service.commit()
    ended = processes.end(run)
    assert ended.status == 0, ended.said
    assert BackfillLock.objects.get().holder == ""
    assert tables_but_for_edits() == expected


def test_a_connection_that_is_cut_between_two_stores_is_replaced(
    stores, begin, expected, watcher, service, waiting, cut
):
    stores.write(profiles=[profile(name, goal="to learn more") for name in NAMES])
    with session() as other, ThreadPoolExecutor(1) as thread:
        run = begin("--batch-size", len(NAMES))
        waiting(service)
        locked = thread.submit(other.execute, "LOCK TABLE coach_learnerprofile IN ACCESS EXCLUSIVE MODE")
        wait_until(lambda: blocked(watcher, other))
        # The run goes through with its profiles; then it has to wait for the table.
        service.rollback()
        locked.result(timeout=60)
        cut(waiting(other))
    ended = processes.end(run)
    assert ended.status == 0, ended.said
    assert set(LearnerProfile.objects.values_list("goal", flat=True)) == {"to learn more"}
    assert AssessmentSubmission.objects.count() == len(NAMES)


CUT_ONCE = """
CREATE SEQUENCE cuts;
CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('cuts') = 1 THEN
        PERFORM pg_terminate_backend(pg_backend_pid());
        PERFORM pg_sleep(60);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER cut BEFORE UPDATE ON coach_backfillrun FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION cut();
"""


@pytest.fixture
def cut_once(watcher):
    """Let the server cut the connection that writes such a row of the ledger: the first time, in the middle of it."""
    yield lambda condition: watcher.execute(CUT_ONCE.format(condition=condition))
    watcher.execute("DROP FUNCTION IF EXISTS cut CASCADE; DROP SEQUENCE IF EXISTS cuts")


def test_a_connection_that_is_cut_when_all_is_done_is_replaced(begin, expected, cut_once):
    cut_once("NEW.state = 'done'")
    ended = processes.end(begin())
    assert ended.status == 0, ended.said
    assert BackfillRun.objects.get().state == "done"
    assert kills.digests() == expected


def test_rejects_of_a_batch_that_is_tried_again_stand_in_their_file_once(stores, begin, expected, cut_once):
    stores.write(submissions={name: [submission(f"s-{name}", name), 7] for name in NAMES})
    cut_once("NEW.checkpoint_ordinal = 10")
    ended = processes.end(begin())
    assert ended.status == 2, ended.said
    places = [json.loads(line)["place"] for line in stores.rejects.read_text().splitlines()]
    assert places == [f"$.{name}[1]" for name in NAMES]
    assert kills.digests() == expected


@pytest.mark.parametrize("words", [[], ["--verify"]])
def test_a_server_that_cannot_be_reached_at_all_answers_7(stores, expected, words):
    nobody = {"ARCADIA_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    ended = processes.manage("backfill", "--data-dir", stores.folder, *words, "--no-progress", env=nobody)
    assert ended.status == 7, ended.said
    assert ended.err.splitlines()[-1] == "stopped: the database failed: OperationalError"
