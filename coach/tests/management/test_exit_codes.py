"""The status of a command comes from its work alone, whatever becomes of its output."""

from __future__ import annotations

import json
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from django.core.management import load_command_class
from django.db import connection

from coach.legacy.running import ledger
from coach.management.exit_codes import ExitCode
from coach.tests.legacy.processes import ROOT, environment

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store(tmp_path):
    """A store with one bad record."""
    path = tmp_path / "profiles.json"
    path.write_text('{"é": {"username": "é", "goal": 3}, "ok": {"username": "ok"}}')
    return path


def typed(*words: object) -> int:
    """The status of a command that is typed, in this process."""
    with pytest.raises(SystemExit) as ended:
        load_command_class("coach", "backfill").run_from_argv(["manage.py", "backfill", *map(str, words)])
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    "redirected", [">/dev/full 2>&1", ">&- 2>&-", "--format json | true; exit ${PIPESTATUS[0]}", "2>&1"]
)
def test_output_that_cannot_be_printed_changes_no_status(store, redirected):
    rejects = store.with_name("rejects.jsonl")
    command = f"{sys.executable} manage.py backfill --profiles {store} --rejects {rejects} --no-progress {redirected}"
    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=environment() | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == ExitCode.FINDINGS
    assert redirected != "2>&1" or b"\\xe9" in ended.stdout


@pytest.mark.parametrize(
    "words", ["--batch-size none", "--on-conflict guess", "--nonsense", "--dry-run --verify"]
)
def test_a_usage_error_has_a_status_of_its_own(words):
    assert typed(*words.split()) == ExitCode.USAGE


def test_a_crash_has_a_status_of_its_own(store, monkeypatch, capsys):
    monkeypatch.delattr(ledger, "start")
    assert typed("--profiles", store, "--no-progress") == ExitCode.CRASHED
    assert "AttributeError" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", ["--resume 7", "--attachment-files /nowhere", "--submissions /nowhere", "--rejects /"]
)
def test_a_refusal_is_json_where_json_is_asked_for(store, capsys, words):
    report = store.with_name("report.json")
    status = typed("--profiles", store, *words.split(), "--format", "json", "--report", report)
    assert status == ExitCode.REFUSED
    printed = capsys.readouterr()
    values = json.loads(printed.out)
    assert values == json.loads(report.read_text())
    assert (values["status"], values["run"]) == (1, None)
    assert values["error"] in printed.err


def test_no_command_that_is_named_next_goes_on_with_the_limit_that_was_passed(store, capsys):
    words = ["--profiles", store, "--rejects", store.with_name("rejects.jsonl"), "--format", "json"]
    assert typed(*words, "--batch-size", 1, "--max-rejects", 0, "--no-progress") == ExitCode.ABORTED
    following = json.loads(capsys.readouterr().out)["next_command"].split()[3:]
    assert typed(*following) == ExitCode.FINDINGS


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one encoding")
@pytest.mark.parametrize(("encoding", "mode"), [("LATIN1", ""), ("SQL_ASCII", "--verify")])
def test_a_database_of_another_encoding_is_refused(store, encoding, mode):
    name = f"other_{encoding.lower()}"
    url = urlsplit(environment()["ARCADIA_DATABASE_URL"])._replace(path=f"/{name}").geturl()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    try:
        ended = subprocess.run(
            [sys.executable, "manage.py", "backfill", "--profiles", store, *mode.split()],
            cwd=ROOT,
            env=environment() | {"ARCADIA_DATABASE_URL": url},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert (ended.returncode, "Traceback" in ended.stderr) == (ExitCode.REFUSED, False)
    assert f"encoding is {encoding}" in ended.stderr
