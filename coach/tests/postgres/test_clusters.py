"""The launcher and its clusters: tests are only as good as the database that they are given."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from coach.tests import postgres
from coach.tests.postgres import clusters, programs

# Tells where its database is, and then waits to be ended.
TELL_AND_WAIT = "import os, time; print(os.environ['ARCADIA_DATABASE_URL'], flush=True); time.sleep(60)"
# No server is asked for at this address: the launcher only hands it on.
ELSEWHERE = "postgresql://somebody@database.invalid/arcadia"


@pytest.fixture
def programs_in(tmp_path: Path):
    """Makes a folder with the programs, where `postgres` says that it is of the given version."""

    def make(name: str, version: str = "17.2") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for program in programs.NEEDED:
            script = folder / program
            script.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
            script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return folder

    return make


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.Cluster]:
    try:
        with postgres.cluster() as made:
            yield made
    except postgres.Unavailable as reason:
        pytest.skip(str(reason))


def launch(*command: str, **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "coach.tests.postgres", "run", "--", *command],
        env={**os.environ, "ARCADIA_TEST_DATABASE_URL": "", **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ask(url: str, question: str) -> object:
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def gone(url: str, folder: Path) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return not folder.exists()
    return False


def within(seconds: float, condition) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class TestTheChoiceOfPrograms:
    def test_those_on_the_path_come_first(self, programs_in):
        folder = programs_in("first")
        found = list(programs.candidates({"PATH": str(folder)}))
        assert found[0] == programs.Programs(folder)

    def test_a_link_on_the_path_is_followed(self, programs_in, tmp_path):
        folder = programs_in("installed")
        linked = tmp_path / "linked"
        linked.mkdir()
        (linked / "initdb").symlink_to(folder / "initdb")
        assert next(programs.candidates({"PATH": str(linked)})).folder == folder

    def test_the_package_comes_last(self, programs_in):
        found = list(programs.candidates({"PATH": str(programs_in("first"))}))
        assert found[-1].packaged
        assert not found[0].packaged

    def test_the_package_offers_its_newest_version_first(self):
        found = list(programs.candidates({"ARCADIA_TEST_POSTGRES_BIN": "package"}))
        assert found
        assert all(candidate.packaged for candidate in found)
        versions = [int(candidate.folder.parent.name.removeprefix("pginstall") or 0) for candidate in found]
        assert versions == sorted(versions, reverse=True)

    def test_a_named_folder_is_the_only_choice(self, programs_in):
        folder = programs_in("named")
        environ = {"PATH": str(programs_in("other")), "ARCADIA_TEST_POSTGRES_BIN": str(folder)}
        assert list(programs.candidates(environ)) == [programs.Programs(folder)]

    def test_a_folder_that_lacks_a_program_is_passed_over(self, programs_in):
        folder = programs_in("named")
        (folder / "initdb").unlink()
        assert list(programs.candidates({"ARCADIA_TEST_POSTGRES_BIN": str(folder)})) == []

    def test_an_old_version_is_refused_by_name(self, programs_in, monkeypatch):
        monkeypatch.setenv("ARCADIA_TEST_POSTGRES_BIN", str(programs_in("old", version="9.6.24")))
        # Whoever runs the server must be able to see the programs.
        monkeypatch.setattr(clusters, "_account", lambda: None)
        with (
            pytest.raises(postgres.Unavailable, match=r"version 9\.6\.24 is older than 14"),
            postgres.cluster(),
        ):
            pass

    def test_programs_that_fail_leave_nothing_behind(self, programs_in, monkeypatch, tmp_path):
        monkeypatch.setenv("ARCADIA_TEST_POSTGRES_BIN", str(programs_in("broken")))
        monkeypatch.setattr(clusters, "_account", lambda: None)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with pytest.raises(postgres.Unavailable, match="broken"), postgres.cluster():
            pass
        assert list(tmp_path.glob("arcadia-postgres-*")) == []


class TestTheLauncher:
    def test_a_given_database_is_handed_on(self):
        command = (sys.executable, "-c", "import os; print(os.environ['ARCADIA_DATABASE_URL'])")
        out, _ = launch(*command, ARCADIA_TEST_DATABASE_URL=ELSEWHERE).communicate(timeout=60)
        assert out.strip() == ELSEWHERE

    @pytest.mark.parametrize(("body", "status"), [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", 143)])
    def test_the_status_is_the_commands(self, body, status):
        launched = launch("/bin/sh", "-c", body, ARCADIA_TEST_DATABASE_URL=ELSEWHERE)
        launched.communicate(timeout=60)
        assert launched.returncode == status

    def test_without_any_postgresql_the_command_does_not_run(self, tmp_path):
        launched = launch("/bin/sh", "-c", "echo ran", ARCADIA_TEST_POSTGRES_BIN=str(tmp_path))
        out, error = launched.communicate(timeout=60)
        assert launched.returncode == 77
        assert "NO POSTGRESQL CAN BE HAD HERE" in error
        assert out == ""

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
    def test_nothing_is_left_when_it_is_ended(self, cluster, number):
        with launch(sys.executable, "-c", TELL_AND_WAIT) as launched:
            assert launched.stdout is not None
            url = launched.stdout.readline().strip()
            folder = Path(str(ask(url, "SHOW data_directory"))).parent
            assert folder.exists()
            launched.send_signal(number)
            assert within(20, lambda: gone(url, folder))
            # After SIGKILL the command has nobody left to end it.
            launched.stdout.close()


class TestACluster:
    def test_it_survives_a_kill_but_no_power_cut(self, cluster):
        for setting in ("fsync", "full_page_writes"):
            assert ask(cluster.url, f"SHOW {setting}") == "off"
        assert ask(cluster.url, "SHOW synchronous_commit") == "on"
        assert ask(cluster.url, "SHOW max_connections") == "200"

    def test_it_knows_upper_case_beyond_ascii_and_sorts_as_sqlite_does(self, cluster):
        assert ask(cluster.url, "SELECT upper('ünïcode')") == "ÜNÏCODE"
        assert ask(cluster.url, "SELECT 'B' < 'a'") is True

    def test_it_asks_for_the_password(self, cluster):
        without = psycopg.conninfo.make_conninfo(cluster.url, password="wrong", connect_timeout=5)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(without)

    def test_it_does_not_run_as_root(self, cluster):
        assert os.stat(cluster.folder / "data").st_uid != 0

    @pytest.mark.parametrize("interruption", ["restart", "kill"])
    def test_what_was_committed_outlives_an_interruption(self, cluster, interruption):
        with psycopg.connect(cluster.url) as connection:
            connection.execute("DROP TABLE IF EXISTS kept")
            connection.execute("CREATE TABLE kept AS SELECT 42 AS number")
        with psycopg.connect(cluster.url) as session:
            session.execute("SELECT 1")
            getattr(cluster, interruption)()
            cluster.start()
            with pytest.raises(psycopg.OperationalError):
                session.execute("SELECT 1")
        assert ask(cluster.url, "SELECT number FROM kept") == 42

    def test_stopped_it_refuses_and_started_it_answers_at_the_same_place(self, cluster):
        cluster.stop()
        assert not cluster.running
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(cluster.url, connect_timeout=5)
        cluster.start()
        assert ask(cluster.url, "SELECT 1") == 1
