"""Bulk actions: a confirmation with the exact count first, the truth about each row afterwards."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest
from django.contrib.admin.models import LogEntry

from coach.models import AssessmentSubmission, AttachmentMetadata, AuditEvent, LearnerProfile, MemoryUpload
from coach.tests import cast


def choose(console, model, action, rows, **answers):
    """Chooses an action for rows; with a `confirmed_count` it is the answer to the confirmation."""
    values = {"action": action, "_selected_action": [row.pk for row in rows], "index": "0", **answers}
    return console.post(f"/admin/coach/{model}/", values, follow=True)


def page(response):
    return response.content.decode()


@pytest.mark.parametrize("action", ["export", "regenerate", "consume", "delete_learners"])
def test_every_action_asks_first_with_the_exact_count(console, amara, action):
    felix = cast.learner(cast.FELIX)
    response = choose(console, "learnerprofile", action, [amara, felix])
    assert '<p class="count"><strong>2</strong> learners</p>' in page(response)
    assert LearnerProfile.objects.count() == 2
    assert not AuditEvent.objects.exists()


def test_deleting_says_what_goes_with_it_and_does_it(console, amara):
    asked = page(choose(console, "learnerprofile", "delete_learners", [amara]))
    assert "With them go 1 schedules, 2 submissions, 5 attachments, 2 notes" in asked
    done = page(choose(console, "learnerprofile", "delete_learners", [amara], confirmed_count="1"))
    assert "1 learner was deleted." in done
    assert not LearnerProfile.objects.exists()
    assert AuditEvent.objects.get(action="learner.forgotten").actor == "staff superuser"
    assert LogEntry.objects.get().is_deletion()


def test_a_selection_that_changed_meanwhile_is_asked_for_again(console, amara):
    response = choose(console, "learnerprofile", "delete_learners", [amara], confirmed_count="7")
    assert "The selection changed meanwhile: it was 7, it is 1 now." in page(response)
    assert LearnerProfile.objects.exists()


def test_too_many_rows_are_refused_with_the_way_to_do_it(console, amara, monkeypatch):
    monkeypatch.setattr("coach.admin.changelist.exports.MOST_ROWS", 0)
    response = page(choose(console, "learnerprofile", "export", [amara], confirmed_count="1", choice="json"))
    assert "One go takes at most 0." in response
    assert "manage.py export_stores" in response


def test_regenerating_tells_who_could_not_be_helped(console, amara):
    felix = cast.learner(cast.FELIX)
    done = page(choose(console, "learnerprofile", "regenerate", [amara, felix], confirmed_count="2"))
    assert "1 schedule was regenerated." in done
    assert "Not done for 1" in done
    assert "felix" in done


def test_pending_attachments_are_taken_along_by_the_newest_submission(console, amara):
    done = page(choose(console, "learnerprofile", "consume", [amara], confirmed_count="1"))
    assert "Done for 1 learner." in done
    newest = AssessmentSubmission.objects.newest_first().first()
    assert not AttachmentMetadata.objects.pending().exists()
    assert newest.attachments.count() == 5
    names = {attachment["name"] for attachment in json.loads(newest.api_json)["attachments"]}
    assert {"docs", "kept.py"} <= names
    event = AuditEvent.objects.get(action="attachment.consumed")
    assert event.detail_members == {"submission_id": newest.submission_id, "attachments": 5}


def test_attachments_stay_pending_where_no_submission_could_take_them(console, db):
    felix = cast.learner(cast.FELIX)
    done = page(choose(console, "learnerprofile", "consume", [felix], confirmed_count="1"))
    assert "no pending attachment" in done


def test_attachments_are_deleted_with_their_bytes(console, amara):
    found = list(amara.attachments.filter(attachment_id="att-file"))
    choose(console, "attachmentmetadata", "remove", found, confirmed_count="1")
    assert not AttachmentMetadata.objects.filter(attachment_id="att-file").exists()
    assert AuditEvent.objects.get(action="attachment.deleted").actor == "staff superuser"


def test_uploads_that_were_given_up_are_queued_again(console, amara):
    dead = MemoryUpload.objects.create(
        learner=amara, note_id="n1", vector_store_id="vs", idempotency_key="k", state="dead", attempts=9
    )
    choose(console, "memoryupload", "requeue", [dead], confirmed_count="1")
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == ("queued", 0)


# --- exports ----------------------------------------------------------------------------------------


def exported(console, model, rows, choice):
    response = choose(console, model, "export", rows, confirmed_count=str(len(rows)), choice=choice)
    return b"".join(response.streaming_content)


def test_learners_as_json_are_their_stored_documents(console, amara):
    [document] = json.loads(exported(console, "learnerprofile", [amara], "json"))
    assert document == json.loads(amara.to_document().to_json())
    assert AuditEvent.objects.get(action="data.exported").detail_members["rows"] == 1


def test_learners_as_csv_are_one_line_each(console, amara):
    LearnerProfile.objects.filter(pk=amara.pk).update(
        goal='=HYPERLINK("http://evil")', knowledge_tags='["sql","thảo"]'
    )
    amara.refresh_from_db()
    sent = exported(console, "learnerprofile", [amara], "csv")
    assert sent.startswith(b"\xef\xbb\xbf")
    [line] = csv.DictReader(io.StringIO(sent.decode("utf-8-sig")))
    assert line["username"] == "amara"
    assert line["goal"] == '\'=HYPERLINK("http://evil")'
    assert json.loads(line["knowledge_tags"]) == amara.tags == ["sql", "thảo"]
    assert "thảo" in line["knowledge_tags"]
    assert json.loads(line["ratings"]) == dict(amara.ratings)


def test_submissions_and_attachments_can_be_taken_out(console, amara):
    rows = list(amara.submissions.all())
    assert len(json.loads(exported(console, "assessmentsubmission", rows, "json"))) == 2
    assert exported(console, "assessmentsubmission", rows, "csv").count(b"\r\n") == 3
    rows = list(amara.attachments.all())
    assert len(json.loads(exported(console, "attachmentmetadata", rows, "json"))) == 5


@pytest.mark.django_db(transaction=True)
def test_learners_as_stores_are_a_zip_that_can_be_imported(console, amara):
    cast.learner(cast.FELIX)
    packed = zipfile.ZipFile(io.BytesIO(exported(console, "learnerprofile", [amara], "stores")))
    assert sorted(packed.namelist()) == [
        "assessment_attachments.json",
        "assessment_submissions.json",
        "learner_profiles.json",
        "manifest.json",
    ]
    assert list(json.loads(packed.read("learner_profiles.json"))) == ["amara"]


@pytest.mark.django_db(transaction=True)
def test_one_learner_is_exported_from_the_page(console, amara):
    response = console.get(f"/admin/coach/learnerprofile/{amara.pk}/stores/")
    assert response["Content-Type"] == "application/zip"
    assert zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))).testzip() is None
