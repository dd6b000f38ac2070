"""A server that goes away in the middle of a run, and comes back or does not: nothing is lost either way."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from coach.tests import postgres
from coach.tests.commands.test_backfill import environment
from coach.tests.legacy.people import FULL_AMARA

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[3]
LEARNERS = 600


@pytest.fixture(scope="module")
def cluster():
    try:
        with postgres.cluster() as made:
            yield made
    except postgres.Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def folder(tmp_path):
    people = [FULL_AMARA | {"username": f"p{number}"} for number in range(LEARNERS)]
    (tmp_path / "learner_profiles.json").write_text(json.dumps(people))
    return tmp_path


class Server:
    """A cluster with the tables in it, and the command at work on it."""

    def __init__(self, cluster, folder):
        self.cluster, self.folder = cluster, folder
        self.pauses = (1,) * 60
        self.environment = environment() | {"ARCADIA_DATABASE_URL": cluster.url}

    def manage(self, *words):
        # Less patient than an operator would want it: a pause for each second is enough here.
        program = (
            "import sys; from coach.legacy import run; run.PAUSES = {pauses}; import manage; manage.main()"
        )
        prepared = f"import django; django.setup(); {program.format(pauses=self.pauses)}"
        command = [sys.executable, "-c", prepared, *map(str, words)]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def begin(self):
        """A run that has committed something already."""
        words = ["--data-dir", self.folder, "--rejects", self.folder / "rejects.jsonl", "--batch-size", "2"]
        process = self.manage("backfill", *words, "--no-progress")
        deadline = time.monotonic() + 60
        while not self.count() and time.monotonic() < deadline:
            time.sleep(0.01)
        return process

    def count(self):
        with psycopg.connect(self.cluster.url) as connection:
            return connection.execute("SELECT count(*) FROM coach_learnerprofile").fetchone()[0]


@pytest.fixture
def server(cluster, folder):
    cluster.start()
    found = Server(cluster, folder)
    migrating = found.manage("migrate", "-v0")
    migrating.communicate(timeout=120)
    assert migrating.returncode == 0
    with psycopg.connect(cluster.url) as connection:
        connection.execute("TRUNCATE coach_learnerprofile, coach_backfillrun CASCADE")
    return found


@pytest.mark.postgresql("it is PostgreSQL's server that goes away")
@pytest.mark.parametrize("way", ["restart", "crash"])
def test_a_server_that_comes_back_is_waited_for(server, way):
    process = server.begin()
    if way == "crash":
        server.cluster.kill()
    else:
        server.cluster.stop()
    server.cluster.start()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err
    assert server.count() == LEARNERS
    assert f"{LEARNERS}" in out


@pytest.mark.postgresql("it is PostgreSQL's server that goes away")
def test_a_server_that_stays_away_ends_the_run_which_can_be_resumed(server):
    server.pauses = (0.1,)
    process = server.begin()
    server.cluster.stop()
    _, err = process.communicate(timeout=180)
    assert process.returncode == 7, err
    assert "stopped: the database failed" in err
    server.cluster.start()
    resumed = server.manage("backfill", "--resume", "--no-progress")
    out, err = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, out + err
    assert server.count() == LEARNERS
