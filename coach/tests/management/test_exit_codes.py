"""The status of a command comes from its work alone, whatever becomes of its output."""

from __future__ import annotations

import json
import subprocess
import sys
from unittest import mock
from urllib.parse import urlsplit

import pytest
from django.core.management import load_command_class
from django.db import OperationalError, connection

from coach.legacy.proving import export
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


def typed(*words: object, command: str = "backfill") -> int:
    """The status of a command that is typed, in this process."""
    with pytest.raises(SystemExit) as ended:
        load_command_class("coach", command).run_from_argv(["manage.py", command, *map(str, words)])
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


@pytest.mark.parametrize("redirected", [">/dev/full", ">&-", "| true; exit ${PIPESTATUS[0]}", ""])
def test_an_export_that_cannot_be_announced_is_clean(tmp_path, redirected):
    command = (
        f"{sys.executable} manage.py export_stores --data-dir {tmp_path / 'é'} --no-progress {redirected}"
    )
    variables = environment() | {"PYTHONIOENCODING": "ascii"}
    assert subprocess.run(["bash", "-c", command], cwd=ROOT, env=variables, check=False).returncode == 0
    assert (tmp_path / "é" / "manifest.json").exists()


def test_the_statuses_of_an_export_are_told_apart(tmp_path, monkeypatch, capsys):
    def exported(*words):
        return typed("--data-dir", tmp_path, *words, command="export_stores")

    assert typed(command="export_stores") == exported("--nonsense") == ExitCode.USAGE
    monkeypatch.setattr(export, "stores", fail := mock.Mock(side_effect=OperationalError("secret")))
    assert exported() == ExitCode.FAILED
    fail.side_effect = export.Refused("there")
    assert exported() == ExitCode.REFUSED
    fail.side_effect = KeyError()
    assert exported() == ExitCode.CRASHED
    assert "secret" not in capsys.readouterr().err


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


UPLOADED = """
from coach.admin.imports.resources import StoreDataset
StoreDataset(None)
"""


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one encoding")
@pytest.mark.parametrize(
    ("encoding", "words", "status", "refusal"),
    [
        ("LATIN1", ["backfill", "--profiles"], ExitCode.REFUSED, "refused, nothing was written: "),
        (
            "SQL_ASCII",
            ["backfill", "--verify", "--profiles"],
            ExitCode.REFUSED,
            "refused, nothing was written: ",
        ),
        # What the staff's form answers with is raised before their file is looked at.
        ("LATIN1", ["shell", "-c", UPLOADED], 1, "coach.legacy.running.encoding.OtherEncoding: "),
    ],
)
def test_a_database_of_another_encoding_is_refused(store, encoding, words, status, refusal):
    name = f"other_{encoding.lower()}"
    url = urlsplit(environment()["ARCADIA_DATABASE_URL"])._replace(path=f"/{name}").geturl()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    try:
        ended = subprocess.run(
            [sys.executable, "manage.py", *words, *([store] if words[-1] == "--profiles" else [])],
            cwd=ROOT,
            env=environment() | {"ARCADIA_DATABASE_URL": url},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert ended.returncode == status
    assert f"{refusal}the database's encoding is {encoding}" in ended.stderr
    assert ("Traceback" in ended.stderr) == (words[0] == "shell")
