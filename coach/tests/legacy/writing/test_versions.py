"""An import keeps what it replaces, whatever the store, and nothing else."""

from __future__ import annotations

import pytest

from coach.models import BackfillRun, LearnerProfile, RecordVersion
from coach.models.versions import fingerprint
from coach.tests.legacy.people import FULL_AMARA, attachment, note, submission

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def imported(stores):
    stores.write(
        profiles={"amara": FULL_AMARA},
        submissions={"amara": [submission("s1")]},
        attachments={"amara": [attachment("a1")]},
    )
    stores.backfill()
    return stores


def only(kind):
    return RecordVersion.objects.get(kind=kind)


def test_a_first_import_and_an_unchanged_one_leave_no_version(imported):
    imported.backfill()
    assert not RecordVersion.objects.exists()


def test_an_updated_record_of_each_store_leaves_the_members_that_were_replaced(imported):
    imported.write(
        profiles={
            "amara": FULL_AMARA
            | {"goal": "new", "memory_records": [note("n1")], "last_updated": "2026-01-01T00:00:00Z"}
        },
        submissions={"amara": [submission("s1", metadata={"z": "9"})]},
        attachments={"amara": [attachment("a1", name="renamed")]},
    )
    run = BackfillRun.objects.get(pk=imported.backfill().run_id)
    profile = only("profile")
    assert profile.before["goal"] == "amara's goal"
    assert [record["note_id"] for record in profile.before["memory_records"]] == ["n1", "n2"]
    assert set(profile.before) == {"goal", "memory_records"}
    assert profile.fingerprints["goal"] == fingerprint("new")
    assert only("submission").before == {"metadata": {"z": "1", "a": "2"}}
    assert only("attachment").before == {"name": "a1"}
    assert {version.run for version in RecordVersion.objects.all()} == {run}
    assert {version.learner.username for version in RecordVersion.objects.all()} == {"amara"}


def test_the_fingerprints_are_those_of_the_documents_that_are_read_back(imported):
    changed = FULL_AMARA | {"elo_snapshot": {"http": 1100, "sql": 1200}, "curriculum_schedule": None}
    imported.write(profiles={"amara": changed})
    imported.backfill()
    now = LearnerProfile.objects.get(username="amara").to_document().to_object()
    version = only("profile")
    assert set(version.members()) == {
        "curriculum_schedule",
        "elo_snapshot",
    }
    assert version.fingerprints == {name: fingerprint(now[name]) for name in version.members()}


def test_an_overwritten_conflict_leaves_what_staff_had_written(imported):
    learner = LearnerProfile.objects.get(username="amara")
    learner.goal = "edited here"
    learner.save()
    imported.write(profiles={"amara": FULL_AMARA | {"goal": "edited there"}})
    imported.backfill()
    assert not RecordVersion.objects.exists()
    imported.backfill(on_conflict="overwrite")
    assert only("profile").before == {"goal": "edited here"}


def test_a_rehearsal_leaves_no_version(imported):
    changed = FULL_AMARA | {"goal": "new"}
    imported.write(profiles={"amara": changed})
    imported.backfill(dry_run=True)
    assert not RecordVersion.objects.exists()
