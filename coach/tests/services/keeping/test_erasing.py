"""Erasing a learner, and what an import makes of the tombstone."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from coach import attachments as storage
from coach.agent import files as agent_files
from coach.agent.tools import functions
from coach.documents.submissions import PendingAttachment
from coach.models import (
    ApiToken,
    AuditEvent,
    BackfillFinding,
    BackfillRun,
    ChatFile,
    ChatThread,
    ErasedLearner,
    LearnerProfile,
    MemoryUpload,
)
from coach.services import learner_tools, memory_uploads
from coach.services.keeping import erasing
from coach.services.operations import tokens
from coach.tests import cast
from coach.tests.agent.standing_in import provider
from coach.tests.legacy import people

__all__ = ["provider"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def backfill(tmp_path):
    """Imports stores of amara and felix; answers what became of the records of each store."""
    owned = {"amara": [people.submission("a-1")], "felix": [people.submission("f-1", "felix")]}
    pending = {
        "amara": [people.attachment("a-2", kind="file", stored_path="amara/notes.txt")],
        "felix": [people.attachment("f-2", "felix")],
    }
    stores = {
        "learner_profiles.json": {name: people.profile(name) for name in owned},
        "assessment_submissions.json": owned,
        "assessment_attachments.json": pending,
    }
    for name, content in stores.items():
        (tmp_path / name).write_text(json.dumps(content))
    (tmp_path / "files" / "amara").mkdir(parents=True)
    (tmp_path / "files" / "amara" / "notes.txt").write_text("amara's own")

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            call_command(
                "backfill",
                "--no-progress",
                f"--data-dir={tmp_path}",
                f"--attachment-files={tmp_path / 'files'}",
                f"--rejects={tmp_path / 'rejects.jsonl'}",
                *arguments,
            )
        counts = json.loads(BackfillRun.objects.latest("pk").counts)
        return ended.value.code, [
            {word: number for word, number in counts[store].items() if number and word != "read"}
            for store in ("profiles", "submissions", "attachments")
        ]

    return run


def test_a_backfill_does_not_bring_an_erased_learner_back(backfill, tmp_path):
    assert backfill() == (0, [{"created": 2}] * 3)
    erasing.erase(username=" Amara ")

    assert not storage.exists("amara/notes.txt")
    assert backfill() == (2, [{"unchanged": 1, "rejected": 1}] * 3)
    assert set(BackfillFinding.objects.values_list("code", "place", "natural_key", "username")) == {
        ("erased", "$", "", "")
    }
    assert LearnerProfile.objects.get().username == "felix"
    assert not (tmp_path / "rejects.jsonl").exists()
    assert not storage.exists("amara/notes.txt")


def test_a_proof_takes_an_erased_learner_for_rejected(backfill):
    backfill()
    erasing.erase(username="amara")

    assert backfill("--verify")[0] == 2


def test_a_backfill_brings_an_erased_learner_back_when_told_to(backfill):
    backfill()
    erasing.erase(username="amara")

    assert backfill("--restore-erased") == (0, [{"created": 1, "unchanged": 1}] * 3)
    assert backfill() == (0, [{"unchanged": 2}] * 3)
    erasing.erase(username="amara")
    assert backfill()[0] == 2


def test_a_new_learner_of_the_name_gets_none_of_the_old_records(backfill):
    backfill()
    erasing.erase(username="amara")
    cast.learner(cast.AMARA)

    assert backfill()[1] == [{"unchanged": 1, "rejected": 1}] * 3
    assert LearnerProfile.objects.get(username="amara").goal == cast.AMARA["goal"]


def test_somebody_who_is_not_here_can_be_erased_before_an_import(backfill):
    call_command("erase_learner", "Amara")

    assert backfill() == (2, [{"created": 1, "rejected": 1}] * 3)


def test_nobody_is_erased_by_a_name_that_only_looks_like_theirs():
    cast.learner(cast.AMARA)
    AuditEvent.objects.create(username="amara-2", actor="client", action="learner.told")

    assert erasing.erase(username="amar") is None
    erasing.erase(username="amara")

    assert not ErasedLearner.objects.among(["amar", "amara-2"])
    assert AuditEvent.objects.filter(username="amara-2").exists()


def test_events_stay_without_the_name():
    cast.learner(cast.AMARA)
    AuditEvent.objects.create(
        username="amara", actor="client", action="schedule.launched", detail='{"item_id": "x"}'
    )

    alias = erasing.erase(username="amara")

    assert set(AuditEvent.objects.values_list("username", "detail")) == {(alias, "{}")}


def test_a_model_that_is_at_work_does_not_bring_an_erased_learner_back():
    cast.learner(cast.AMARA)
    at_work = learner_tools.tools("amara")
    erasing.erase(username="amara")
    note = json.dumps({"username": "amara", "note": "likes looms"})

    assert "this learner was removed" in functions.run("learner_memory_write", note, at_work)
    assert not LearnerProfile.objects.exists()
    assert "note_id" in functions.run("learner_memory_write", note, learner_tools.tools("amara"))


def test_a_token_of_the_learner_goes_with_what_it_made(client):
    amara, _ = cast.learner(cast.AMARA), cast.learner(cast.FELIX)
    tokens.create(name="desk", learner="amara", by="test")
    tokens.create(name="all", by="test")
    ChatThread.objects.create(thread_id="t1", owner="desk", thread="{}")
    ChatThread.objects.create(thread_id="t2", learner=amara, owner="all", thread="{}")
    ChatThread.objects.create(thread_id="t3", owner="all", thread="{}")

    erasing.erase(username="amara")

    assert ChatThread.objects.get().thread_id == "t3"
    assert ApiToken.objects.get().name == "all"


def test_a_file_that_arrives_while_its_learner_is_erased_is_not_kept(client, monkeypatch):
    cast.learner(cast.AMARA)
    token = tokens.create(name="desk", learner="amara", by="test").text

    def slow(**file):
        erasing.erase(username="amara")
        return "remote"

    monkeypatch.setattr(agent_files, "upload_for_chat", slow)
    file = SimpleUploadedFile("cv.txt", b"about amara", "text/plain")
    answer = client.post("/api/chatkit/upload", {"file": file}, headers={"authorization": f"Bearer {token}"})

    assert answer.status_code == 403
    assert not ChatFile.objects.exists()
    assert MemoryUpload.objects.get().remote_file_id == "remote"


def test_files_at_the_provider_are_removed_when_it_can_be_reached(provider):
    amara = cast.learner(cast.AMARA)
    remote = provider.add_file("cv.txt", "about amara")["id"]
    file = {"file_id": "f", "name": "cv.txt", "mime_type": "text/plain", "size": 1, "preview": ""}
    ChatFile.objects.create(
        file_id="f", kind="upload", learner=amara, file=json.dumps(file | {"openai_file_id": remote})
    )
    erasing.erase(username="amara")
    assert MemoryUpload.objects.get().note_id == memory_uploads.ERASED

    provider.failing, provider.status = 1.0, 429
    assert memory_uploads.step(memory_uploads.Terms()) == "failed"
    provider.failing = 0.0
    MemoryUpload.objects.update(next_attempt_at=cast.NOON)
    assert memory_uploads.step(memory_uploads.Terms()) == "removed"
    assert not provider.files
    assert not MemoryUpload.objects.exists()


def test_bytes_that_the_storage_does_not_give_up_are_removed_later(settings, tmp_path):
    amara = cast.learner(cast.AMARA)
    storage.put("kept-back/a.txt", [b"x"])
    document = people.attachment("a", kind="file", stored_path="kept-back/a.txt")
    cast.attach(amara, PendingAttachment.model_validate(document))
    folder = settings.ATTACHMENTS_DIR / "kept-back"
    # A folder in place of the file: the storage fails, also for the superuser.
    (folder / "a.txt").rename(tmp_path / "a.txt")
    (folder / "a.txt").mkdir()
    (folder / "a.txt" / "in the way").touch()

    erasing.erase(username="amara")
    assert ErasedLearner.objects.get().path_list == ["kept-back/a.txt"]
    (folder / "a.txt" / "in the way").unlink()
    (folder / "a.txt").rmdir()
    (tmp_path / "a.txt").rename(folder / "a.txt")
    erasing.remove_bytes(ErasedLearner.objects.all())

    assert ErasedLearner.objects.get().paths is None
    assert not folder.exists()


def test_records_of_findings_go_with_their_learner_also_where_no_owner_could_be_read():
    run = BackfillRun.objects.create(source="command", actor="a", version="0")
    for place, name, record in (
        ("$.amara[0]", "amara", '{"a": 1}'),
        ("$.x", "", '{"username": " AMARA ", "goal": [1]}'),
        ("line 1: $.amara[0]", "", "7"),
        ("$.amara", "", None),
        ("$.amarante[0]", "", '{"username": "amarante"}'),
    ):
        BackfillFinding.objects.create(
            run=run,
            outcome="rejected",
            store="submissions",
            place=place,
            username=name,
            record=record,
            code="invalid",
        )
    erasing.erase(username="amara", unknown_too=True)
    assert list(BackfillFinding.objects.values_list("place", flat=True)) == ["$.amarante[0]"]
