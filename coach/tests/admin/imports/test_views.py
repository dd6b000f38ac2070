"""The import screens: nothing before the confirmation, exactly what was shown afterwards, and the truth about it."""

from __future__ import annotations

import datetime as dt
import json
import threading

import pytest
from django.contrib.admin.models import LogEntry
from django.core import signing
from django.db import connection
from django.test import override_settings

from coach.admin.imports import resources, staging, views
from coach.legacy.running.lock import LockHeld
from coach.legacy.writing import apply
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    AuditEvent,
    BackfillFinding,
    BackfillRun,
    LearnerProfile,
    MemoryRecord,
    ScheduleItem,
)
from coach.services import assessments
from coach.services.keeping import staged_files
from coach.tests.admin.conftest import token_of
from coach.tests.legacy import people
from coach.tests.legacy.conftest import stores

__all__ = ["stores"]
pytestmark = pytest.mark.django_db

LEARNERS = "learnerprofile"


def text(response):
    assert response.status_code == 200
    return response.content.decode()


def outcomes(response):
    return {name: number for name, number in response.context["result"].counts if number}


def profiles(*names, **members):
    return {name: people.profile(name, **members) for name in names}


# --- upload and preview -----------------------------------------------------------------------------


def test_a_preview_says_what_the_file_holds_and_writes_nothing(console, upload):
    store = profiles("amara", "felix", shoe_size=43)
    shown = upload(console, LEARNERS, store)
    assert outcomes(shown) == {"created": 2}
    page = text(shown)
    assert "$.shoe_size" in page
    assert shown.context["result"].file["sha256"] in page
    assert not LearnerProfile.objects.exists()
    assert not BackfillRun.objects.exists()


def test_changes_are_shown_as_old_and_new(console, upload, confirm):
    confirm(console, LEARNERS, upload(console, LEARNERS, profiles("amara")))
    shown = upload(console, LEARNERS, profiles("amara", goal="Another."))
    assert outcomes(shown) == {"updated": 1}
    assert "$.goal: &quot;amara&#x27;s goal&quot; → &#x27;Another.&#x27;" in text(shown)


def test_rejected_records_are_shown_with_their_place_and_reason(console, upload):
    shown = upload(console, LEARNERS, {**profiles("amara"), "bad": {"username": "bad", "memory_records": 5}})
    assert outcomes(shown) == {"created": 1, "rejected": 1}
    assert "$.memory_records: Input should be a valid list" in text(shown)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b'{"amara": ', "not one complete JSON value"),
        (b"\xff", "not UTF-8"),
        (b"[]{}", "not one"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(console, upload, content, reason):
    response = upload(console, LEARNERS, content)
    assert reason in text(response)
    assert "confirm_form" not in response.context


def test_a_file_that_is_too_large_is_refused_with_the_command_to_use(console, upload):
    with override_settings(IMPORT_MAX_BYTES=10):
        page = text(upload(console, LEARNERS, profiles("amara")))
    assert "manage.py backfill --profiles FILE" in page


def test_only_the_first_records_are_shown_and_the_rest_is_counted(console, upload, monkeypatch):
    monkeypatch.setattr(resources, "MOST_SHOWN", 3)
    shown = upload(console, LEARNERS, profiles(*"abcde"))
    assert len(shown.context["result"].shown) == 3
    assert "2 more are counted above" in text(shown)


def test_markup_in_a_store_is_text(console, upload):
    evil = "<script>alert(1)</script>"
    page = text(upload(console, LEARNERS, profiles("amara", **{evil: 1, "goal": evil})))
    assert "<script>alert" not in page


def test_an_empty_store_is_a_store(console, upload, confirm):
    shown = upload(console, LEARNERS, {})
    assert outcomes(shown) == {}
    assert "The store was imported." in text(confirm(console, LEARNERS, shown))


# --- confirmation -----------------------------------------------------------------------------------


def test_confirming_writes_what_was_shown_and_leads_to_the_run(console, upload, confirm):
    page = text(confirm(console, LEARNERS, upload(console, LEARNERS, profiles("amara", "felix"))))
    assert "The store was imported." in page
    assert set(LearnerProfile.objects.values_list("username", flat=True)) == {"amara", "felix"}
    run = BackfillRun.objects.get()
    assert (run.source, run.actor, run.state) == ("admin", "staff superuser", "done")
    assert run.file_list[0]["name"] == "store.json"
    assert LearnerProfile.objects.get(username="amara").imported_by == run


def test_a_confirmed_import_leaves_an_audit_event_and_a_history_entry(console, upload, confirm):
    confirm(console, LEARNERS, upload(console, LEARNERS, profiles("amara")))
    assert AuditEvent.objects.get(action="import.confirmed").actor == "staff superuser"
    assert LogEntry.objects.get().object_id == str(BackfillRun.objects.get().pk)


def test_rejects_are_told_and_can_be_downloaded_mended_and_imported(console, upload, confirm):
    bad = {**profiles("amara"), "bad": {"username": "bad", "memory_records": 5}}
    page = text(confirm(console, LEARNERS, upload(console, LEARNERS, bad)))
    assert "some records were rejected" in page
    run = BackfillRun.objects.get()
    assert f"/admin/coach/backfillrun/{run.pk}/rejects/" in page
    lines = b"".join(console.get(f"/admin/coach/backfillrun/{run.pk}/rejects/").streaming_content)
    mended = lines.replace(b'"memory_records": 5', b'"memory_records": []')
    shown = upload(console, LEARNERS, mended, name="rejects.jsonl")
    assert outcomes(shown) == {"created": 1}
    confirm(console, LEARNERS, shown)
    assert LearnerProfile.objects.filter(username="bad").exists()


def test_conflicts_are_reported_kept_or_overwritten_as_asked(console, upload, confirm):
    confirm(console, LEARNERS, upload(console, LEARNERS, profiles("amara")))
    row = LearnerProfile.objects.get()
    row.goal = "Changed here."
    row.save()
    store = profiles("amara", goal="Changed there.")
    assert outcomes(upload(console, LEARNERS, store)) == {"conflict": 1}
    assert outcomes(upload(console, LEARNERS, store, on_conflict="keep")) == {"kept": 1}
    confirm(console, LEARNERS, upload(console, LEARNERS, store))
    assert LearnerProfile.objects.get().goal == "Changed here."
    assert BackfillFinding.objects.get().outcome == "conflict"
    confirm(console, LEARNERS, upload(console, LEARNERS, store, on_conflict="overwrite"))
    assert LearnerProfile.objects.get().goal == "Changed there."


def test_what_somebody_else_changed_since_the_preview_is_told_and_nothing_is_written(
    console, upload, confirm
):
    confirm(console, LEARNERS, upload(console, LEARNERS, profiles("amara", "felix")))
    shown = upload(console, LEARNERS, profiles("amara", "felix", goal="New."))
    row = LearnerProfile.objects.get(username="amara")
    row.goal = "Changed meanwhile."
    row.save()
    again = confirm(console, LEARNERS, shown)
    assert "amara: updated → conflict" in text(again)
    assert set(LearnerProfile.objects.values_list("goal", flat=True)) == {
        "Changed meanwhile.",
        "felix's goal",
    }
    assert BackfillRun.objects.count() == 1
    # The new preview can be confirmed in its turn.
    confirm(console, LEARNERS, again)
    assert LearnerProfile.objects.get(username="felix").goal == "New."


def test_a_second_click_does_nothing_and_leads_to_the_same_run(console, upload, confirm):
    token = token_of(upload(console, LEARNERS, profiles("amara")))
    confirm(console, LEARNERS, token)
    page = text(confirm(console, LEARNERS, token))
    assert "This upload was confirmed already" in page
    assert BackfillRun.objects.count() == 1


def test_another_run_in_progress_is_told_and_the_import_can_be_confirmed_later(
    console, upload, confirm, monkeypatch
):
    shown = upload(console, LEARNERS, profiles("amara"))

    class Busy:
        def __enter__(self):
            raise LockHeld("the operator, since noon")

        def __exit__(self, *_):
            raise AssertionError("what was not taken is released")

    monkeypatch.setattr(views, "PATIENCE_SECONDS", 0.0)
    with monkeypatch.context() as patched:
        patched.setattr(views, "RunLock", Busy)
        response = confirm(console, LEARNERS, shown)
    assert "Another import is running (the operator, since noon)" in text(response)
    assert not LearnerProfile.objects.exists()
    confirm(console, LEARNERS, response)
    assert LearnerProfile.objects.exists()


def test_a_crash_inside_the_confirmation_leaves_nothing_and_is_told(console, upload, confirm, monkeypatch):
    shown = upload(console, LEARNERS, profiles("amara", "felix"))

    def crash(*args, **kwargs):
        raise RuntimeError("the roof came down")

    with monkeypatch.context() as patched:
        patched.setattr(apply.tables, "insert", crash)
        response = confirm(console, LEARNERS, shown)
    assert "The import failed (RuntimeError) and nothing was written" in text(response)
    assert not LearnerProfile.objects.exists()
    assert BackfillRun.objects.get().state == "failed"
    confirm(console, LEARNERS, response)
    assert LearnerProfile.objects.count() == 2


# --- tokens and staging -----------------------------------------------------------------------------


def test_a_forged_token_is_refused(console, confirm):
    forged = signing.dumps({"id": "../../etc/passwd"}, salt="another")
    for token in ("", "rubbish", forged, "../../etc/passwd"):
        assert "This is no preview of ours" in text(confirm(console, LEARNERS, token))


def test_a_token_is_good_for_one_person_and_one_store(console, as_role, upload, confirm):
    token = token_of(upload(console, LEARNERS, profiles("amara")))
    for client, model in ((as_role("operator"), LEARNERS), (console, "assessmentsubmission")):
        assert "made by another user or for another store" in text(confirm(client, model, token))
    assert not LearnerProfile.objects.exists()


def test_a_token_expires(console, upload, confirm, monkeypatch):
    token = token_of(upload(console, LEARNERS, profiles("amara")))
    monkeypatch.setattr(staging, "LIFETIME", dt.timedelta(seconds=-1))
    assert "more than an hour old" in text(confirm(console, LEARNERS, token))


def test_an_upload_that_is_gone_is_told(console, upload, confirm):
    shown = upload(console, LEARNERS, profiles("amara"))
    assert staged_files.remove(older_than=dt.timedelta(hours=1)) == 0
    assert staged_files.remove(older_than=dt.timedelta()) >= 2
    assert "is gone" in text(confirm(console, LEARNERS, shown))


def test_a_confirmed_upload_is_removed(console, upload, confirm):
    shown = upload(console, LEARNERS, profiles("amara"))
    staged = staging.claim(token_of(shown), user=shown.wsgi_request.user, store="profiles")
    confirm(console, LEARNERS, shown)
    with pytest.raises(staging.Unusable), staged.file():
        pass


# --- both doors -------------------------------------------------------------------------------------

MARKS = ("import_checksum", "raw_checksum", "content_checksum", "edited_since_import", "unknown_members")
TABLES = (LearnerProfile, ScheduleItem, MemoryRecord, AssessmentSubmission, AttachmentMetadata)
OWN = {"id", "learner", "schedule", "submission", "imported_at", "imported_by"}


def rows():
    """All that the stores filled, without keys and times of the import itself."""
    found = {}
    for model in TABLES:
        columns = [field.name for field in model._meta.concrete_fields if field.name not in OWN]
        found[model.__name__] = sorted(map(repr, model.objects.values_list(*columns)))
    return found


def test_both_doors_leave_equal_rows(console, upload, confirm, stores):
    content = {
        "profiles": {"amara": people.FULL_AMARA, "felix": people.profile("felix", shoe_size=43)},
        "submissions": {
            "amara": [people.submission("s1", attachments=[people.attachment("a0")]), people.submission("s2")]
        },
        "attachments": {
            "amara": [people.attachment("a1"), people.attachment("a2", kind="link", url="https://x.org")]
        },
    }
    stores.write(**content).backfill(derive=assessments.extended)
    by_command = rows()
    LearnerProfile.objects.all().delete()
    for store, model in (
        ("profiles", LEARNERS),
        ("submissions", "assessmentsubmission"),
        ("attachments", "attachmentmetadata"),
    ):
        confirm(console, model, upload(console, model, json.dumps(content[store]).encode()))
    assert rows() == by_command
    assert any(by_command.values())
    assert set(MARKS) <= {field.name for field in LearnerProfile._meta.concrete_fields}


def test_a_second_import_is_all_unchanged(console, upload, confirm):
    confirm(console, LEARNERS, upload(console, LEARNERS, {"amara": people.FULL_AMARA}))
    assert outcomes(upload(console, LEARNERS, {"amara": people.FULL_AMARA})) == {"unchanged": 1}


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql("two connections at once")
def test_two_confirmations_at_the_same_instant_make_one_run(as_role, upload, confirm):
    client = as_role("operator")
    token = token_of(upload(client, LEARNERS, profiles("amara", "felix")))
    pages = []

    def click(browser):
        try:
            pages.append(text(confirm(browser, LEARNERS, token)))
        finally:
            connection.close()

    clicks = [threading.Thread(target=click, args=(as_role("operator"),)) for _ in range(2)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert BackfillRun.objects.count() == 1
    assert LearnerProfile.objects.count() == 2
    assert sorted("confirmed already" in page for page in pages) == [False, True]
