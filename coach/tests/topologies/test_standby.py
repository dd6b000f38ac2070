"""A primary and a real streaming standby: what is read where, how far behind it is, and what its promotion costs."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import types
from pathlib import Path

import psycopg
import pytest

from benchmarks import servers
from benchmarks.scale import comparing, failover
from benchmarks.scale.pooler import manage
from coach.tests import postgres

pytestmark = pytest.mark.postgresql("SQLite has no standby")
NAMES = [f"learner-{number}" for number in range(6)]
PREPARE = comparing.LEARNERS.format(names=NAMES) + comparing.STAFF.format(password=comparing.PASSWORD)
PATIENCE_SECONDS = 20
ROW = b'name="_selected_action" value="'


@pytest.fixture(scope="module")
def topology(tmp_path_factory):
    """The tests stand in an order: the last one loses the primary."""
    folder = tmp_path_factory.mktemp("standby")
    with contextlib.ExitStack() as stack:
        primary = stack.enter_context(postgres.cluster())
        alone = failover.environment(folder, primary)
        manage(alone, "migrate", "-v0")
        manage(alone, "shell", "-v0", "-c", PREPARE)
        with psycopg.connect(primary.url, autocommit=True) as connection:
            # The standby takes it over; the primary does not load it.
            connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        standby = stack.enter_context(failover.standby(primary))
        environment = failover.environment(folder, primary, standby) | {"ARCADIA_WORKERS": "1"}
        service = stack.enter_context(servers.serve(environment, log=folder / "log"))
        staff = comparing.Staff([service.address])
        stack.callback(staff.close)
        staff.sign_in()
        learner = comparing.Learner([service.address], NAMES[0])
        stack.callback(learner.close)
        yield types.SimpleNamespace(
            primary=primary,
            standby=standby,
            environment=environment,
            service=service,
            staff=staff,
            learner=learner,
        )


@contextlib.contextmanager
def falling_behind(topology):
    """The standby replays nothing during the block; afterwards it has everything again."""
    with psycopg.connect(topology.standby.url, autocommit=True) as connection:
        until(lambda: lag(topology) == 0)
        connection.execute("SELECT pg_wal_replay_pause()")
        until(lambda: connection.execute("SELECT pg_get_wal_replay_pause_state()").fetchone()[0] == "paused")
        try:
            yield
        finally:
            connection.execute("SELECT pg_wal_replay_resume()")
        until(lambda: lag(topology) == 0)


def until(holds):
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def lag(topology):
    return health(topology)["replica"]["lag_bytes"]


def health(topology):
    return json.loads(topology.learner.ask("GET", "/healthz/database"))


def metric(topology, name):
    text = topology.learner.ask("GET", "/metrics").decode()
    return float(re.search(rf"^{name} (\S+)$", text, flags=re.MULTILINE)[1])


def test_staff_lists_are_read_there_and_the_api_is_not(topology):
    page = "/admin/coach/assessmentsubmission/?q=" + NAMES[0]
    with falling_behind(topology):
        topology.learner.submit()
        topology.learner.submissions()

        assert ROW not in topology.staff.ask("GET", page)
    assert ROW in topology.staff.ask("GET", page)
    assert topology.learner.seen.wrong == []


def test_no_page_is_older_than_what_its_reader_wrote(topology):
    with falling_behind(topology):
        words = {"password1": comparing.PASSWORD, "password2": comparing.PASSWORD, "usable_password": "true"}
        topology.staff.form("/admin/auth/user/add/", username="colleague", **words)

        assert b">colleague</a>" in topology.staff.ask("GET", "/admin/auth/user/")
        assert b">colleague</a>" in topology.staff.ask("GET", "/admin/auth/user/?q=colleague")


def test_how_far_it_is_behind_is_in_health_and_metrics(topology):
    with falling_behind(topology):
        topology.learner.adjust()

        shown = health(topology)["replica"]
        assert shown["lag_bytes"] > 0
        assert metric(topology, "arcadia_replica_lag_bytes") > 0
        assert metric(topology, "arcadia_replica_lag_seconds") >= shown["lag_seconds"] > 0
        assert metric(topology, "arcadia_database_up") == metric(topology, "arcadia_replica_up") == 1
    assert health(topology)["replica"] == {"lag_bytes": 0, "lag_seconds": 0}


def test_exports_are_read_there(topology, tmp_path):
    log = topology.standby.folder / "log"
    before = log.stat().st_size

    assert len(json.loads(topology.staff.export("learnerprofile"))) == len(NAMES)
    mark = log.stat().st_size
    manage(topology.environment, "export_stores", "--data-dir", str(tmp_path / "stores"))

    said = log.read_bytes()
    assert b'FROM "coach_learnerprofile"' in said[before:mark]
    assert b'FROM "coach_assessmentsubmission"' in said[mark:]
    exported = json.loads((tmp_path / "stores" / "assessment_submissions.json").read_text())
    assert [each["metadata"]["mark"] for each in exported[NAMES[0]]] == list(topology.learner.marks)


def test_every_list_and_the_home_page_can_be_read_there(topology):
    home = topology.staff.ask("GET", "/admin/").decode()
    lists = sorted(set(re.findall(r'href="(/admin/(?:coach|auth)/\w+/)"', home)))
    before = (topology.standby.folder / "log").stat().st_size

    assert len(lists) >= 10
    for path in lists:
        topology.staff.ask("GET", path)
    assert topology.staff.seen.wrong == []
    said = (topology.standby.folder / "log").read_bytes()[before:]
    assert b'FROM "coach_memoryrecord"' in said
    assert b'FROM "coach_auditevent"' in said


def test_a_standby_alone_is_not_healthy(topology):
    environment = topology.environment | {"ARCADIA_DATABASE_URL": topology.standby.url}
    done = subprocess.run(
        [sys.executable, "manage.py", "db_metrics"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert json.loads(done.stdout)["detail"] == "The database is read-only."


def test_a_replica_that_is_away_keeps_nobody_waiting(topology):
    topology.standby.stop()
    try:
        began = time.monotonic()
        for _ in range(3):
            assert ROW in topology.staff.ask("GET", "/admin/coach/learnerprofile/")
            assert health(topology)["replica"] == {"lag_bytes": None, "lag_seconds": None}
        assert metric(topology, "arcadia_replica_up") == 0
        # It is waited for once.
        assert time.monotonic() - began < 10
    finally:
        topology.standby.start()


def test_a_restore_as_the_page_says_has_everything(topology, tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
    steps = re.findall(
        r"^    (.*)$",
        page[page.index("**Restoring**") :].partition("`check_schema` and `--verify` must")[0],
        flags=re.MULTILINE,
    )
    manage(
        topology.environment, "export_stores", "--data-dir", str(tmp_path / "stores"), "--username", NAMES[0]
    )
    writer = comparing.Learner([topology.service.address], NAMES[1])
    with postgres.cluster() as other, comparing.at_once([writer], pause=0.05):
        environment = topology.environment | {
            "PATH": f"{Path(sys.executable).parent}:{other.programs.folder}:{os.environ['PATH']}",
            "ARCADIA_DATABASE_URL": topology.primary.url,
            "ARCADIA_DATABASE_REPLICA_URL": "",
            "NEW_DATABASE_URL": other.url,
            "STORES": str(tmp_path / "stores"),
        }
        steps = [step.replace("arcadia.dump", str(tmp_path / "arcadia.dump")) for step in steps]
        done = subprocess.run(
            ["bash", "-euc", "\n".join(steps)], env=environment, capture_output=True, text=True, check=False
        )

        assert len(steps) == 5
        assert (done.returncode, done.stderr) == (0, "")
        assert failover.stored(other) >= set(topology.learner.marks)
    assert writer.seen.wrong == []


def test_a_promotion_loses_nothing_and_is_over_at_once(topology):
    clients = [comparing.Learner([topology.service.address], name) for name in NAMES[2:]]
    failover.synchronous(topology.primary)

    took, gap = failover.promote(topology.primary, topology.standby, clients, before=1, after=3)

    assert comparing.faults(clients) == []
    assert set(comparing.statuses(clients)) <= {"200", "201", "204", "503"}
    marks = comparing.acknowledged(clients)
    assert marks
    assert marks <= failover.stored(topology.standby)
    # Machines that run tests are busy; benchmarks/scale holds it to 2 s.
    assert gap - took < 10
    assert topology.staff.ask("GET", "/admin/coach/learnerprofile/")
    assert health(topology)["status"] == "ok"
