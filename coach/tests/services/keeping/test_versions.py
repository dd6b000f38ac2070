"""What a change replaces can be read and put back, on whichever record it was made."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import override_settings

from coach.documents.base import utc_now
from coach.models import AssessmentSubmission, AttachmentMetadata, LearnerProfile, MemoryRecord, RecordVersion
from coach.models.versions import fingerprint
from coach.services import attachments, learners, staff
from coach.services.keeping import erasing, restoring, stored_bytes, versions
from coach.tests import cast
from coach.tests.admin.conftest import amara
from coach.tests.legacy import people

__all__ = ["amara"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def anna():
    return User.objects.create_user("anna", is_staff=True)


def shown(row, names):
    return {name: fingerprint(getattr(row, name)) for name in names}


def edit(user, **changes):
    row = LearnerProfile.objects.get(username="amara")
    staff.edit_learner(user=user, username="amara", changes=changes, seen=shown(row, changes))
    return RecordVersion.objects.first()


def put_back(user, version):
    record = (version.learner_id, version.kind, version.natural_key)
    now = versions.states([record]).get(record)
    return staff.put_back(user=user, version_id=version.pk, seen=versions.mark(version, now))


def profile():
    return LearnerProfile.objects.select_related("schedule").get(username="amara").to_document()


def test_an_edit_keeps_the_members_that_it_changed_with_its_actor_and_event(amara, anna):
    version = edit(anna, goal="new", use_case=amara.use_case)
    assert version.before == {"goal": "Read any query plan."}
    assert (version.actor, version.event.action) == ("staff anna", "learner.edited")


def test_an_edit_is_put_back_and_that_can_be_put_back_too(amara, anna):
    before = profile()
    put_back(anna, edit(anna, goal="new", elo_category_plan=None))
    assert profile().model_copy(update={"last_updated": before.last_updated}) == before
    undo = RecordVersion.objects.first()
    assert undo.before["goal"] == "new"
    assert undo.event.action == "version.put_back"
    put_back(anna, undo)
    assert profile().goal == "new"
    assert profile().elo_category_plan is None


def test_a_version_is_refused_where_the_record_moved_since_it_was_shown(amara, anna):
    version = edit(anna, goal="new")
    seen = versions.mark(version, {"goal": "new"})
    edit(anna, goal="newer")
    with pytest.raises(staff.ChangedMeanwhile):
        staff.put_back(user=anna, version_id=version.pk, seen=seen)
    assert profile().goal == "newer"


def test_what_else_changed_meanwhile_stays(amara, anna):
    version = edit(anna, goal="new")
    edit(anna, use_case="other")
    put_back(anna, version)
    assert (profile().goal, profile().use_case) == ("Read any query plan.", "other")


def test_a_replaced_schedule_comes_back_item_by_item(amara, anna):
    before = profile().curriculum_schedule
    assert staff.regenerate(user=anna, username="amara")
    version = RecordVersion.objects.get()
    assert profile().curriculum_schedule != before
    put_back(anna, version)
    assert profile().curriculum_schedule == before


def test_a_deleted_attachment_comes_back_with_its_bytes(amara, anna):
    attachments.delete(username="amara", attachment_id="att-file")
    version = RecordVersion.objects.get()
    assert version.stored_path == "amara/kept.py"
    assert version.after is None
    put_back(anna, version)
    row = AttachmentMetadata.objects.get(attachment_id="att-file")
    with storages["attachments"].open(row.stored_path) as file:
        assert file.read() == b"print"


def test_an_attachment_of_a_submission_comes_back_into_it(amara, anna):
    staff.consume(user=anna, username="amara")
    submission = AssessmentSubmission.objects.newest_first().first()
    served = submission.api_json
    attachments.delete(username="amara", attachment_id="att-link")
    put_back(anna, RecordVersion.objects.first())
    submission.refresh_from_db()
    assert sorted(submission.api_json) == sorted(served)


def test_attachments_that_were_marked_consumed_are_pending_again(amara, anna):
    staff.consume(user=anna, username="amara")
    for version in RecordVersion.objects.filter(event__action="attachment.consumed"):
        if version.natural_key != "att-lost":
            put_back(anna, version)
    assert AttachmentMetadata.objects.pending().count() == 4
    with pytest.raises(restoring.CannotPutBack, match="bytes"):
        put_back(anna, RecordVersion.objects.get(natural_key="att-lost"))


def test_a_note_that_the_cap_dropped_comes_back(db, anna):
    notes = [people.note(f"n{number}") for number in range(learners.MOST_NOTES)]
    cast.learner(cast.FELIX, memory_records=notes)
    learners.remember(username="felix", note="one too many")
    version = RecordVersion.objects.get(kind="note")
    assert version.before["note"].startswith("about ")
    put_back(anna, version)
    assert MemoryRecord.objects.get(note_id=version.natural_key).note == version.before["note"]


def test_bytes_go_with_the_learner_although_a_version_keeps_them(amara):
    storages["attachments"].save("amara/gone.py", ContentFile(b"x"))
    AttachmentMetadata.objects.filter(attachment_id="att-link").update(
        kind="file", stored_path="amara/gone.py"
    )
    attachments.delete(username="amara", attachment_id="att-link")
    stored_bytes.release(["amara/gone.py"])
    assert storages["attachments"].exists("amara/gone.py")
    erasing.erase(username="amara")
    assert not storages["attachments"].exists("amara/gone.py")
    assert not RecordVersion.objects.exists()


def test_versions_expire_after_the_retention(amara, anna):
    version = edit(anna, goal="new")
    with override_settings(VERSION_RETENTION_DAYS=10):
        assert not RecordVersion.objects.expired()
        assert list(RecordVersion.objects.expired(utc_now() + dt.timedelta(days=11))) == [version]
