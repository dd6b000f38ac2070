"""A server that goes away in the middle of a run, and comes back or does not: nothing is lost either way."""

from __future__ import annotations

import json

import psycopg
import pytest

from benchmarks import kills
from coach.tests import postgres
from coach.tests.legacy import processes
from coach.tests.legacy.people import FULL_AMARA
from coach.tests.management.commands.test_backfill import manage

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgresql("it is PostgreSQL's server that goes away"),
]
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
        # Less patient than an operator would want it: a pause for each second is enough here.
        self.program = processes.with_pauses(*(1,) * 60)

    def start(self, *words):
        return processes.start(*words, program=self.program, env={"ARCADIA_DATABASE_URL": self.cluster.url})

    def manage(self, *words):
        return processes.end(self.start(*words))

    def begin(self):
        """A run that has committed something already."""
        words = ["--data-dir", self.folder, "--rejects", self.folder / "rejects.jsonl", "--batch-size", "2"]
        process = self.start("backfill", *words, "--no-progress")
        processes.wait_until(self.count)
        return process

    def count(self):
        with psycopg.connect(self.cluster.url) as connection:
            return connection.execute("SELECT count(*) FROM coach_learnerprofile").fetchone()[0]

    def tables(self):
        """A checksum of each."""
        lines = "import json, django; django.setup(); from benchmarks import kills"
        program = f"-c '{lines}; print(json.dumps(kills.digests()))'"
        answer = processes.manage(program=program, env={"ARCADIA_DATABASE_URL": self.cluster.url})
        return json.loads(answer.out)


@pytest.fixture
def server(cluster, folder):
    cluster.start()
    found = Server(cluster, folder)
    assert found.manage("migrate", "-v0").status == 0
    with psycopg.connect(cluster.url) as connection:
        connection.execute("TRUNCATE coach_learnerprofile, coach_backfillrun CASCADE")
    return found


@pytest.fixture
def expected(folder):
    """The tables after a run over the same stores whose server stayed; in the test's own database."""
    assert manage("backfill", "--data-dir", folder).status == 0
    return kills.digests()


@pytest.mark.parametrize("way", ["restart", "crash"])
def test_a_server_that_comes_back_is_waited_for(server, expected, way):
    run = server.begin()
    if way == "crash":
        server.cluster.kill()
    else:
        server.cluster.stop()
    server.cluster.start()
    ended = processes.end(run)
    assert ended.status == 0, ended.said
    assert server.tables() == expected
    assert f"{LEARNERS}" in ended.out


def test_a_server_that_stays_away_ends_the_run_which_can_be_resumed(server, expected):
    server.program = processes.with_pauses(0.1)
    run = server.begin()
    server.cluster.stop()
    ended = processes.end(run)
    assert ended.status == 7, ended.said
    assert "stopped: the database failed 2 times: OperationalError" in ended.err
    server.cluster.start()
    resumed = server.manage(*ended.next_command, "--no-progress")
    assert resumed.status == 0, resumed.said
    assert server.tables() == expected
