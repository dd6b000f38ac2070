"""The operator's door: arguments, exit statuses, what is printed, signals, resuming."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from coach.legacy.running.lock import LockHeld, RunLock
from coach.legacy.running.summary import Summary
from coach.legacy.stores import Store
from coach.models import BackfillRun, LearnerProfile, MemoryUpload
from coach.tests.legacy.conftest import Stores
from coach.tests.legacy.people import FULL_AMARA, attachment, profile, submission

pytestmark = pytest.mark.django_db(transaction=True)

CONTRACT = Path(__file__).parents[2] / "contract"


@dataclass
class Answer:
    status: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        return json.loads(self.out)


def manage(*arguments: object) -> Answer:
    """One command, as typed; its report as JSON."""
    out, err = io.StringIO(), io.StringIO()
    words = [str(argument) for argument in arguments]
    with pytest.raises(SystemExit) as ended:
        call_command(*words, "--no-progress", "--format", "json", stdout=out, stderr=err)
    return Answer(int(ended.value.code or 0), out.getvalue(), err.getvalue())


@pytest.fixture
def stores(tmp_path, settings) -> Stores:
    settings.LEGACY_DATA_DIR = tmp_path
    settings.BASE_DIR = tmp_path
    return Stores(tmp_path)


@pytest.fixture
def people(stores) -> Stores:
    """Twelve learners, in batches of three."""
    return stores.write(profiles=[profile(f"p{number:02}") for number in range(12)])


def counted(answer: Answer, store: str = "profiles") -> dict[str, int]:
    names = ("created", "updated", "unchanged", "kept", "conflict", "rejected")
    return {
        name: answer.report["stores"][store][name] for name in names if answer.report["stores"][store][name]
    }


def last_run() -> BackfillRun:
    return BackfillRun.objects.order_by("-pk")[0]


def test_a_clean_run_answers_0_and_names_the_next_command(stores):
    stores.write(
        profiles=[FULL_AMARA],
        submissions={"amara": [submission("s")]},
        attachments={"amara": [attachment("a")]},
    )
    answer = manage("backfill")
    assert (answer.status, answer.report["state"]) == (0, "done")
    assert [counted(answer, store) for store in Store] == [{"created": 1}] * 3
    assert answer.report["next_command"].endswith("--verify")
    assert [file["name"] for file in answer.report["files"]] == [stores.path(store).name for store in Store]
    backfill = last_run()
    assert (backfill.source, backfill.state, backfill.version) == ("command", "done", configured.VERSION)


def test_the_table_for_people_names_stores_outcomes_and_files(stores):
    stores.write(profiles={"x": FULL_AMARA | {"palette": 1}, "y": 7})
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("backfill", "--no-progress", stdout=out, stderr=io.StringIO())
    text = out.getvalue()
    assert "read  created  updated  unchanged  kept  conflict  rejected" in text
    assert "unknown member kept aside: profiles $.palette" in text
    assert "profiles $.y: not_an_object" in text
    assert "next: python manage.py backfill --retry-rejected" in text


def test_absent_default_files_are_said_and_skipped(people):
    answer = manage("backfill")
    assert answer.status == 0
    assert answer.err.count("not there, skipped") == 2


def test_an_absent_named_file_is_refused(people):
    answer = manage("backfill", "--submissions", "absent.json")
    assert answer.status == 1
    assert "absent.json: cannot be read" in answer.err


def test_a_folder_without_stores_is_refused(stores):
    assert manage("backfill").status == 1


def test_a_truncated_file_is_refused_and_nothing_is_written(people):
    people.write(submissions=b'{"p01": [{"submission_id"')
    answer = manage("backfill")
    assert answer.status == 1
    assert (
        "refused, nothing was written: assessment_submissions.json: not one complete JSON value" in answer.err
    )
    assert not LearnerProfile.objects.exists()
    assert not BackfillRun.objects.exists()


def test_named_files_are_all_there_is(people, tmp_path):
    people.write(submissions={"p01": [submission("s")]})
    answer = manage(
        "backfill", "--profiles", people.path("profiles"), "--submissions", "", "--attachments", ""
    )
    assert answer.status == 0
    assert list(answer.report["stores"]) == ["profiles"]


def test_nothing_but_empty_names_imports_nothing(people):
    answer = manage("backfill", "--profiles", "", "--submissions", "", "--attachments", "")
    assert answer.status == 0
    assert "nothing to import" in answer.out
    assert not LearnerProfile.objects.exists()


def test_imported_notes_are_queued_for_upload_only_on_request(stores):
    stores.write(profiles=[FULL_AMARA])
    assert manage("backfill").status == 0
    assert not MemoryUpload.objects.exists()

    assert manage("backfill", "--queue-uploads").status == 0
    assert MemoryUpload.objects.count() == 2


def test_rejects_answer_2_and_can_be_retried(stores, tmp_path):
    stores.write(profiles=[profile("amara", goal=7)])
    rejects = tmp_path / "bad.jsonl"
    answer = manage("backfill", "--rejects", rejects)
    assert (answer.status, counted(answer)) == (2, {"rejected": 1})
    assert answer.report["next_command"] == f"python manage.py backfill --retry-rejected {rejects}"
    rejects.write_text(rejects.read_text().replace('"goal": 7', '"goal": "seven"'))
    answer = manage("backfill", "--retry-rejected", rejects)
    assert (answer.status, counted(answer)) == (0, {"created": 1})
    assert LearnerProfile.objects.get().goal == "seven"


def test_a_retry_never_writes_into_the_file_it_reads(stores, tmp_path):
    rejects = tmp_path / "a.jsonl"
    rejects.write_text("{}\n")
    answer = manage("backfill", "--retry-rejected", rejects, "--rejects", rejects)
    assert (answer.status, rejects.read_text()) == (1, "{}\n")


def test_conflicts_answer_2_until_they_are_decided(stores):
    stores.write(profiles=[FULL_AMARA])
    manage("backfill")
    LearnerProfile.objects.update(goal="edited")
    stores.write(profiles=[FULL_AMARA | {"goal": "moved"}])
    answer = manage("backfill")
    assert (answer.status, counted(answer)) == (2, {"conflict": 1})
    assert answer.report["findings"][0]["errors"][0]["path"] == "$.goal"
    assert manage("backfill", "--on-conflict", "keep").status == 0
    assert manage("backfill").status == 0
    assert LearnerProfile.objects.get().goal == "edited"
    stores.write(profiles=[FULL_AMARA | {"goal": "moved again"}])
    assert manage("backfill").status == 2
    assert manage("backfill", "--on-conflict", "overwrite").status == 0
    assert LearnerProfile.objects.get().goal == "moved again"


@pytest.mark.parametrize("limit", ["1", "10%"])
def test_too_many_rejects_answer_3_and_the_run_can_be_resumed(people, limit):
    people.write(profiles=[profile("amara"), 1, 2, 3, 4, profile("felix")])
    answer = manage("backfill", "--batch-size", "3", "--max-rejects", limit)
    assert answer.status == 3
    assert answer.report["next_command"] == f"python manage.py backfill --resume {last_run().pk}"
    answer = manage("backfill", "--resume", "--max-rejects", "100%")
    assert (answer.status, counted(answer)) == (2, {"created": 2, "rejected": 4})
    assert last_run().findings.count() == 4


def test_verify_answers_0_or_4_and_writes_nothing(people):
    manage("backfill")
    answer = manage("backfill", "--verify")
    assert (answer.status, answer.report["equal"]) == (0, True)
    LearnerProfile.objects.filter(username="p03").update(goal="edited")
    answer = manage("backfill", "--verify")
    assert answer.status == 4
    assert [(d["natural_key"], d["paths"]) for d in answer.report["differences"]] == [("p03", ["$.goal"])]
    assert BackfillRun.objects.count() == 1


def test_a_rehearsal_needs_no_lock_and_leaves_no_trace(people):
    with RunLock():
        answer = manage("backfill", "--dry-run")
    assert (answer.status, counted(answer), answer.report["run"]) == (0, {"created": 12}, None)
    assert not BackfillRun.objects.exists()


@pytest.fixture
def holder(db):
    """Another process, which holds the lock. It ends with the test, whatever the test finds."""
    command, pipe = [sys.executable, "-c", _HOLD], subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stdin=pipe, text=True, env=environment()) as process:
        try:
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_second_run_is_refused_at_once_and_told_who_holds_the_lock(people, holder):
    answer = manage("backfill")
    holder.communicate("")
    assert answer.status == 5
    assert f" {holder.pid}, since " in answer.err
    assert not BackfillRun.objects.exists()
    assert manage("backfill").status == 0


_HOLD = """
import django, sys; django.setup()
from coach.legacy.running.lock import RunLock
with RunLock():
    print("held", flush=True)
    sys.stdin.read()
"""


def environment() -> dict[str, str]:
    """Another process that works on the test's database."""
    parameters = connection.settings_dict
    if connection.vendor == "postgresql":
        host, port = parameters["HOST"] or "", parameters["PORT"] or ""
        user = (
            f"{parameters['USER']}:{parameters['PASSWORD']}" if parameters["PASSWORD"] else parameters["USER"]
        )
        url = (
            f"postgresql://{user}@{host.replace('/', '%2F')}{f':{port}' if port else ''}/{parameters['NAME']}"
        )
    else:
        url = f"sqlite:///{parameters['NAME']}"
    root = Path(__file__).parents[4]
    return {
        **os.environ,
        "ARCADIA_DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "arcadia.settings",
        "PYTHONPATH": str(root),
    }


def test_the_lock_is_free_again_after_its_holder_died(stores, holder):
    with pytest.raises(LockHeld), RunLock():
        pass
    holder.kill()
    holder.communicate()
    with RunLock():
        pass


# --- interrupted and resumed ------------------------------------------------------------------------


@pytest.fixture
def interrupted(people, monkeypatch):
    """A run that was asked to stop while it wrote its second batch of three."""
    keep = Summary.keep

    def signalled(self, run, **columns):
        keep(self, run, **columns)
        if columns.get("checkpoint_ordinal") == 6:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Summary, "keep", signalled)
    people.write(profiles=[*([profile(f"p{number:02}") for number in range(12)]), 7])
    answer = manage("backfill", "--batch-size", "3")
    monkeypatch.undo()
    return people, answer


def test_a_signal_finishes_the_batch_and_names_the_next_command(interrupted):
    _, answer = interrupted
    backfill = last_run()
    assert (answer.status, backfill.state, backfill.checkpoint_ordinal) == (130, "interrupted", 6)
    assert answer.report["next_command"] == f"python manage.py backfill --resume {backfill.pk}"
    assert LearnerProfile.objects.count() == 6


def test_a_resumed_run_goes_on_from_its_checkpoint(interrupted):
    answer = manage("backfill", "--resume")
    backfill = last_run()
    assert (answer.status, counted(answer)) == (2, {"created": 12, "rejected": 1})
    assert (BackfillRun.objects.count(), backfill.state) == (1, "done_with_rejects")
    assert backfill.outcome_counts["profiles"]["read"] == 13
    assert LearnerProfile.objects.count() == 12


def test_what_was_rejected_before_the_first_checkpoint_is_rejected_once(people, monkeypatch, tmp_path):
    rejects = tmp_path / "rejects.jsonl"
    people.write(profiles=[7, profile("ada")])
    monkeypatch.setattr(Summary, "keep", lambda *_, **columns: columns and 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call_command("backfill", "--rejects", str(rejects), "--no-progress", stdout=io.StringIO())
    monkeypatch.undo()
    assert len(rejects.read_text().splitlines()) == 1
    assert manage("backfill", "--resume").status == 2
    assert len(rejects.read_text().splitlines()) == 1


def test_a_resumed_run_takes_no_options_but_its_own(interrupted, tmp_path):
    other = tmp_path / "other.jsonl"
    other.write_text(line := '{"store": "attachments", "ordinal": 7, "record": {"half": "mended"}}\n')
    words = ("--rejects", other, "--username", "p00", "--on-conflict", "overwrite")
    answer = manage("backfill", "--resume", *words)
    assert (answer.status, counted(answer)) == (2, {"created": 12, "rejected": 1})
    assert other.read_text() == line


@pytest.mark.parametrize(
    "words", ["--resume", "--resume 99", "--attachment-files /nonexistent", "--resume --profiles /elsewhere"]
)
@pytest.mark.parametrize("ended", [True, False])
def test_no_refusal_is_reported_over_a_store(interrupted, settings, tmp_path, words, ended):
    path = interrupted[0].path("profiles")
    if ended:
        assert manage("backfill", "--resume").status == 2
    if words.startswith("--resume"):
        # The store is named by the runs alone.
        settings.LEGACY_DATA_DIR = tmp_path / "empty"
    before = path.read_bytes()
    answer = manage("backfill", *words.split(), "--report", path)
    assert (answer.status, path.read_bytes() == before) == (1, True)


def test_a_new_run_finds_the_committed_records_unchanged(interrupted):
    answer = manage("backfill")
    assert counted(answer) == {"created": 6, "unchanged": 6, "rejected": 1}


def test_a_run_whose_input_changed_is_not_resumed(interrupted):
    people, _ = interrupted
    people.write(profiles=[profile("p00")])
    answer = manage("backfill", "--resume", last_run().pk)
    assert answer.status == 6
    assert "learner_profiles.json: its sha256 is" in answer.err
    assert LearnerProfile.objects.count() == 6
    people.path("profiles").unlink()
    assert manage("backfill", "--resume").status == 6


def test_there_may_be_nothing_to_resume(people):
    manage("backfill")
    for words in (["--resume"], ["--resume", last_run().pk], ["--resume", "x"]):
        answer = manage("backfill", *words)
        assert answer.status == 1
        assert "no unfinished run" in answer.err


def test_a_run_whose_process_died_is_shown_as_such_by_the_next_one(interrupted):
    BackfillRun.objects.update(state="running", finished_at=None)
    manage("backfill")
    dead = BackfillRun.objects.order_by("pk")[0]
    assert (dead.state, dead.error) == ("interrupted", "the process died; resume it, or start again")


def test_a_retry_can_be_resumed_too(stores, tmp_path, monkeypatch):
    path = tmp_path / "mended.jsonl"
    lines = [{"store": "profiles", "record": profile(f"p{number}")} for number in range(4)]
    path.write_text("\n".join(map(json.dumps, lines)))
    keep = Summary.keep

    def signalled(self, run, **columns):
        keep(self, run, **columns)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Summary, "keep", signalled)
    assert manage("backfill", "--retry-rejected", path, "--batch-size", "3").status == 130
    monkeypatch.undo()
    assert counted(manage("backfill", "--resume")) == {"created": 4}


# --- the database fails ---------------------------------------------------------------------------


def failing(monkeypatch, times: int) -> list[int]:
    """Let so many writes of a batch fail, as a deadlock or a lost connection does."""
    from coach.legacy.running import retry
    from coach.legacy.writing import tables

    insert, calls = tables.insert, []

    def broken(store, built):
        insert(store, built)
        calls.append(len(built))
        if len(calls) <= times:
            raise OperationalError("deadlock detected")

    monkeypatch.setattr(tables, "insert", broken)
    monkeypatch.setattr(retry, "PAUSES", (0, 0))
    return calls


def test_a_passing_failure_is_tried_again(people, monkeypatch):
    calls = failing(monkeypatch, 2)
    assert manage("backfill").status == 0
    assert calls == [12, 12, 12]
    assert LearnerProfile.objects.count() == 12


def test_a_lasting_failure_answers_7_and_the_run_can_be_resumed(people, monkeypatch):
    failing(monkeypatch, 9)
    answer = manage("backfill", "--batch-size", "3")
    assert answer.status == 7
    assert "stopped: the database failed 3 times: OperationalError" in answer.err
    assert last_run().state == "failed"
    assert not LearnerProfile.objects.exists()
    monkeypatch.undo()
    assert counted(manage("backfill", "--resume")) == {"created": 12}


def test_rejects_of_a_first_batch_that_was_never_committed_stand_in_the_file_once(people, monkeypatch):
    from coach.legacy.running import retry

    def broken(self, run, **columns):
        if columns:
            raise OperationalError("the connection is gone")

    people.write(profiles=[1, profile("amara")])
    monkeypatch.setattr(Summary, "keep", broken)
    monkeypatch.setattr(retry, "PAUSES", ())
    assert manage("backfill").status == 7
    monkeypatch.undo()
    answer = manage("backfill", "--resume")
    assert (answer.status, counted(answer)) == (2, {"created": 1, "rejected": 1})
    assert len(Path(answer.report["rejects"]).read_text().splitlines()) == 1


@pytest.mark.postgresql("connections can be cut there only")
def test_a_connection_that_is_cut_is_replaced_and_the_lock_taken_again(people, monkeypatch):
    from coach.legacy.writing import tables

    insert, cut = tables.insert, []

    def cutting(store, built):
        if not cut:
            cut.append(True)
            with contextlib.closing(connection.copy()) as other, other.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        insert(store, built)

    monkeypatch.setattr(tables, "insert", cutting)
    answer = manage("backfill", "--batch-size", "3")
    assert (answer.status, counted(answer)) == (0, {"created": 12})


def test_a_file_that_is_changed_while_it_is_read_answers_6(people, monkeypatch):
    keep = Summary.keep

    def touched(self, run, **columns):
        keep(self, run, **columns)
        os.utime(people.path("profiles"), ns=(1, 1))

    monkeypatch.setattr(Summary, "keep", touched)
    answer = manage("backfill", "--batch-size", "3")
    assert answer.status == 6
    assert "was changed while it was being read" in answer.err


# --- arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["--batch-size", "0"],
        ["--batch-size", "x"],
        ["--max-rejects", "101%"],
        ["--max-rejects", "-1"],
        ["--max-rejects", "nan%"],
        ["--username", " "],
        ["--on-conflict", "other"],
        ["--dry-run", "--verify"],
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(words):
    with pytest.raises(CommandError):
        call_command("backfill", *words)


def test_the_report_is_written_as_json_too(people, tmp_path):
    answer = manage("backfill", "--report", tmp_path / "report.json", "--username", " P03 ")
    report = json.loads((tmp_path / "report.json").read_text())
    assert report == answer.report
    assert counted(answer) == {"created": 1}
    assert report["next_command"].endswith("--username p03 --verify")


def test_the_bad_records_of_the_contract_are_rejected_by_name(stores):
    folder = CONTRACT / "stores" / "backfill"
    words = [word for store in Store for word in (f"--{store}", folder / f"bad-records.{store}.json")]
    answer = manage("backfill", *words)
    assert answer.status == 2
    assert counted(answer) == {"created": 4, "rejected": 4}
    names = set(LearnerProfile.objects.values_list("username", flat=True))
    assert names == {"ines", "yusuf", "unknown-keys", "coerced"}


def test_contents_never_reach_the_log(stores, caplog):
    stores.write(profiles=[profile("amara", goal="my secret", timezone=7)])
    answer = manage("backfill")
    assert "secret" not in answer.out + answer.err + caplog.text
