"""Upkeep: what is old goes, what is young stays, and no table grows for ever."""

import concurrent.futures
import datetime as dt
import io
import os

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection, models
from django_q.models import Task

from coach import attachments as storage
from coach.documents.base import utc_now
from coach.documents.submissions import PendingAttachment
from coach.models import (
    AuditEvent,
    BackfillFinding,
    BackfillRun,
    ChatFile,
    ChatThread,
    ExportRun,
    IdempotencyKey,
    LearnerProfile,
    RecordVersion,
    SessionAttachment,
    ThrottleWindow,
)
from coach.services.keeping import staged_files
from coach.services.operations import upkeep
from coach.tests import cast

YEARS = dt.timedelta(days=3650)

# Neither a learner's nor old one day, with the reason.
KEPT = {
    "auth.Group": "the roles",
    "auth.Group_permissions": "the roles",
    "auth.Permission": "what there is to allow",
    "auth.User": "people whom somebody lets in and out",
    "auth.User_groups": "people whom somebody lets in and out",
    "auth.User_user_permissions": "people whom somebody lets in and out",
    "coach.ApiToken": "a few rows a client; revoked ones stay, since logs speak of them",
    "coach.BackfillLock": "one row a lock",
    "coach.BackfillRun": "counts of each import, a few rows a year",
    "coach.ErasedLearner": "for ever, or imports would bring the learner back",
    "coach.StaffPreference": "goes with its member of staff",
    "coach.MemoryUpload": "an outbox: a row goes once its note and the copy are gone",
    "contenttypes.ContentType": "a row a model",
    "django_q.OrmQ": "the worker's queue: a row goes once its task is done",
    "django_q.Schedule": "none is made",
}


def belongs_to_a_learner(model, seen=()):
    """Whether each row goes with a learner, directly or through what it is a part of."""
    return model is LearnerProfile or any(
        isinstance(field, models.ForeignKey)
        and not field.null
        and field.remote_field.on_delete is models.CASCADE
        and field.related_model not in seen
        and belongs_to_a_learner(field.related_model, (*seen, model))
        for field in model._meta.get_fields()
    )


@pytest.mark.django_db
def test_every_table_belongs_to_a_learner_or_has_a_retention_or_a_reason():
    swept = {rows.model for rows in upkeep.expired()}
    # An item goes with its thread.
    parts = {model for model in apps.get_models() if model.__name__ == "ChatItem"}
    left = {
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        if not belongs_to_a_learner(model) and model not in swept | parts and not model._meta.proxy
    }
    assert left == set(KEPT)


def old_rows(at):
    """A row of every table that has a retention, as old as that."""
    amara = LearnerProfile.objects.filter(username="amara").first() or cast.learner(cast.AMARA)
    user, _ = User.objects.get_or_create(username="staff")
    run = BackfillRun.objects.create(source="command", actor="a", version="0", finished_at=at)
    BackfillFinding.objects.create(run=run, outcome="rejected", store="profiles", place="$.x", code="invalid")
    Session.objects.create(session_key=f"s{at.year}", expire_date=at, session_data="")
    AuditEvent.objects.create(at=at, actor="client", action="learner.told")
    log = LogEntry.objects.create(user=user, action_flag=1, object_repr="x")
    LogEntry.objects.filter(pk=log.pk).update(action_time=at)
    RecordVersion.objects.create(learner=amara, kind="profile", natural_key="amara", actor="client", at=at)
    SessionAttachment.objects.create(session_key="s", file_key=f"f{at.year}", attachment="{}", updated_at=at)
    ChatThread.objects.create(thread_id=f"t{at.year}", thread="{}", created_at=at)
    file = '{"file_id":"f","name":"n","mime_type":"t","size":1,"preview":"","openai_file_id":null}'
    ChatFile.objects.create(file_id=f"f{at.year}", kind="upload", file=file, created_at=at)
    ThrottleWindow.objects.create(key=f"k{at.year}", started=int(at.timestamp()), count=1)
    IdempotencyKey.objects.create(key=f"k{at.year}", request="r", holder="h", made_at=at)
    ExportRun.objects.create(what="learnerprofile", form="json", keys="[]", started_at=at)
    Task.objects.create(id=f"t{at.year}", name="run 1", func="f", started=at, stopped=at, success=False)


def counts():
    return {rows.model: rows.model._default_manager.count() for rows in upkeep.expired()}


@pytest.mark.django_db
def test_what_is_old_goes_and_what_is_young_stays(monkeypatch):
    monkeypatch.setattr(upkeep, "BATCH", 2)
    for number in range(3):
        old_rows(utc_now() - YEARS + dt.timedelta(days=400 * number))
    old_rows(utc_now() + dt.timedelta(seconds=60))
    assert set(counts().values()) == {4}

    out = io.StringIO()
    call_command("maintain", stdout=out)

    assert set(counts().values()) == {1}
    assert "3 audit events" in out.getvalue()
    assert set(upkeep.maintain().values()) == {0}


@pytest.mark.django_db
def test_old_bytes_that_nothing_refers_to_go():
    orphan, young = (storage.upload([text]).path for text in (b"old", b"young"))
    kept = storage.upload([b"kept"]).path
    document = PendingAttachment(
        attachment_id="a", username="amara", kind="file", name="n", stored_path=kept, created_at=cast.NOON
    )
    amara = cast.learner(cast.AMARA)
    cast.attach(amara, document)
    of_version = storage.upload([b"of a version"]).path
    RecordVersion.objects.create(
        learner=amara,
        kind="attachment",
        natural_key="b",
        actor="client",
        at=utc_now() - YEARS,
        stored_path=of_version,
    )
    for path in (orphan, kept):
        os.utime(settings.ATTACHMENTS_DIR / path, (0, 0))

    upkeep.maintain()

    assert [storage.exists(path) for path in (orphan, young, kept, of_version)] == [False, True, True, False]


@pytest.mark.django_db
def test_an_orphan_that_another_machine_removed_is_no_failure(monkeypatch):
    orphan = storage.upload([b"old"]).path
    os.utime(settings.ATTACHMENTS_DIR / orphan, (0, 0))
    found = ["uploads/ab/gone", orphan]
    monkeypatch.setattr(storage, "uploads", lambda: iter(found))

    assert upkeep.maintain()["orphaned files"] == 1


@pytest.mark.django_db
def test_a_storage_that_is_away_is_said_in_one_line_and_rows_go_all_the_same(monkeypatch):
    def away(folder):
        raise OSError(None, "the object store failed")

    old_rows(utc_now() - YEARS)
    monkeypatch.setattr(staged_files.storage(), "listdir", away)

    with pytest.raises(CommandError, match="the object store failed"):
        call_command("maintain")
    assert set(counts().values()) == {0}


@pytest.mark.django_db
def test_imports_that_nobody_confirmed_go():
    for name in ("old.upload", "young.upload"):
        staged_files.storage().save(f"{staged_files.UPLOADS}/{name}", ContentFile(b"{}"))
    os.utime(settings.STAGING_DIR / staged_files.UPLOADS / "old.upload", (0, 0))

    assert upkeep.maintain()["staged files"] == 1
    assert staged_files.remove(older_than=dt.timedelta()) >= 1


@pytest.mark.django_db
def test_a_reject_file_goes_with_the_findings_of_its_run(tmp_path):
    for at in (utc_now() - YEARS, utc_now()):
        run = BackfillRun.objects.create(source="admin", actor="a", version="0", finished_at=at)
        row = {"outcome": "rejected", "store": "profiles", "place": "$.x", "code": "invalid"}
        BackfillFinding.objects.create(run=run, **row)
        (tmp_path / "rejects").write_text("{}")
        staged_files.keep_rejects(run.pk, tmp_path / "rejects")
        os.utime(settings.STAGING_DIR / staged_files.REJECTS / f"run-{run.pk}.jsonl", (0, 0))

    assert upkeep.maintain()["staged files"] == 1
    assert [staged_files.has_rejects(number) for number in (run.pk - 1, run.pk)] == [False, True]


@pytest.mark.postgresql("SQLite has one writer at a time anyway")
@pytest.mark.django_db(transaction=True)
def test_several_machines_at_once_remove_everything_once(monkeypatch):
    monkeypatch.setattr(upkeep, "BATCH", 7)
    at = utc_now() - YEARS
    AuditEvent.objects.bulk_create(
        AuditEvent(at=at, actor="client", action="learner.told") for _ in range(200)
    )

    def machine(_):
        try:
            return upkeep.maintain()["audit events"]
        finally:
            connection.close()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        removed = list(pool.map(machine, range(4)))

    assert sum(removed) == 200
    assert not AuditEvent.objects.exists()
