"""The three-way rule, door by door: what was edited here is never overwritten unasked."""

from __future__ import annotations

import pytest

from coach.models import AssessmentSubmission, AttachmentMetadata, LearnerProfile, MemoryRecord, ScheduleItem
from coach.tests import cast
from coach.tests.legacy.people import FULL_AMARA, attachment, item, note, profile, schedule, submission

pytestmark = pytest.mark.django_db(transaction=True)


def outcomes(summary, store="profiles"):
    counts = summary.counts[store]
    return {name: number for name, number in counts.items() if number and name != "read"}


def amara():
    return LearnerProfile.objects.get(username="amara")


@pytest.fixture
def imported(stores):
    """Amara with a submission and an attachment, imported once."""
    stores.write(
        profiles={"amara": FULL_AMARA},
        submissions={"amara": [submission("s1")]},
        attachments={"amara": [attachment("a1")]},
    )
    summary = stores.backfill()
    assert [outcomes(summary, store) for store in summary.counts] == [{"created": 1}] * 3
    return stores


def test_running_again_changes_nothing_and_writes_nothing(imported, django_assert_num_queries):
    summary = imported.backfill()
    assert [outcomes(summary, store) for store in summary.counts] == [{"unchanged": 1}] * 3


def test_another_spelling_is_unchanged(imported):
    reordered = dict(reversed(list(FULL_AMARA.items()))) | {
        "last_updated": "2025-04-02 14:00:00.123456+02:00"
    }
    imported.write(profiles={"x": reordered | {"elo_snapshot": {"sql": "1200", "http": 1100.0}}})
    assert outcomes(imported.backfill()) == {"unchanged": 1}


def test_an_edit_here_is_kept_while_the_store_stands_still(imported):
    learner = amara()
    learner.goal = "edited"
    learner.save()
    assert outcomes(imported.backfill()) == {"kept": 1}
    assert amara().goal == "edited"


def test_an_edit_that_was_undone_is_no_edit(imported):
    learner = amara()
    learner.save()
    assert outcomes(imported.backfill()) == {"unchanged": 1}


def test_a_store_that_moved_updates_an_untouched_row(imported):
    imported.write(profiles={"amara": FULL_AMARA | {"goal": "moved"}})
    assert outcomes(imported.backfill()) == {"updated": 1}
    assert amara().goal == "moved"
    assert outcomes(imported.backfill()) == {"unchanged": 1}


@pytest.mark.parametrize(
    "edit",
    [
        lambda: LearnerProfile.objects.update(goal="edited"),
        lambda: MemoryRecord.objects.filter(note_id="n1").update(note="edited"),
        lambda: MemoryRecord.objects.filter(note_id="n1").delete(),
        lambda: ScheduleItem.objects.filter(item_id="i1").update(recommended_day_offset=3),
        lambda: amara().schedule.delete(),
    ],
)
def test_an_edit_without_a_hint_is_not_overwritten_either(imported, edit):
    edit()
    imported.write(profiles={"amara": FULL_AMARA | {"goal": "moved"}})
    assert outcomes(imported.backfill()) == {"conflict": 1}
    assert amara().goal != "moved"


@pytest.mark.parametrize(
    ("choice", "outcome", "goal"), [("overwrite", "updated", "moved"), ("keep", "kept", "edited")]
)
def test_a_conflict_is_decided_as_asked(imported, choice, outcome, goal):
    LearnerProfile.objects.update(goal="edited")
    imported.write(profiles={"amara": FULL_AMARA | {"goal": "moved"}})
    assert outcomes(imported.backfill(on_conflict=choice)) == {outcome: 1}
    assert amara().goal == goal


def test_a_conflict_names_the_members_and_not_their_contents(imported):
    LearnerProfile.objects.update(goal="my secret")
    imported.write(profiles={"amara": FULL_AMARA | {"goal": "their secret"}})
    [finding] = imported.backfill().findings
    assert (finding["place"], finding["natural_key"], finding["code"]) == ("$.amara", "amara", "both_moved")
    assert [error["path"] for error in finding["errors"]] == ["$.goal"]
    assert "secret" not in repr(finding)


def test_the_same_change_on_both_sides_is_no_conflict(imported):
    LearnerProfile.objects.update(goal="same")
    imported.write(profiles={"amara": FULL_AMARA | {"goal": "same"}})
    assert outcomes(imported.backfill()) == {"unchanged": 1}


def test_a_learner_who_was_never_imported_is_in_conflict_unless_equal(stores):
    cast.learner(FULL_AMARA)
    stores.write(profiles=[FULL_AMARA])
    assert outcomes(stores.backfill()) == {"unchanged": 1}
    assert amara().import_checksum == ""
    stores.write(profiles=[FULL_AMARA | {"goal": "theirs"}])
    summary = stores.backfill()
    assert outcomes(summary) == {"conflict": 1}
    assert summary.findings[0]["code"] == "not_imported"


def test_only_the_children_that_differ_are_written(imported):
    kept = {
        row.pk
        for row in (*MemoryRecord.objects.filter(note_id="n1"), *ScheduleItem.objects.filter(item_id="i1"))
    }
    changed = FULL_AMARA | {
        "memory_records": [note("n3"), note("n1")],
        "curriculum_schedule": schedule(item("i1"), item("i3"), item("i4")),
    }
    imported.write(profiles={"amara": changed})
    assert outcomes(imported.backfill()) == {"updated": 1}
    notes, items = MemoryRecord.objects.order_by("position"), ScheduleItem.objects.order_by("position")
    assert [row.note_id for row in notes] == ["n3", "n1"]
    assert [row.item_id for row in items] == ["i1", "i3", "i4"]
    assert kept <= {row.pk for row in (*notes, *items)}
    assert [entry["item_id"] for entry in amara().schedule.to_document().to_object()["items"]] == [
        "i1",
        "i3",
        "i4",
    ]


def test_a_schedule_can_come_and_go(imported):
    imported.write(profiles={"amara": FULL_AMARA | {"curriculum_schedule": None}})
    assert outcomes(imported.backfill()) == {"updated": 1}
    assert ScheduleItem.objects.count() == 0
    imported.write(profiles={"amara": FULL_AMARA})
    assert outcomes(imported.backfill()) == {"updated": 1}
    assert ScheduleItem.objects.count() == 2


def test_unknown_members_that_move_alone_are_taken_over(imported):
    imported.write(profiles={"amara": FULL_AMARA | {"palette": "green"}})
    summary = imported.backfill()
    assert outcomes(summary) == {"updated": 1}
    assert summary.unknown["profiles"] == {"$.palette": 1}
    assert amara().unknown_members == '{"$.palette": "green"}'
    assert imported.backfill().unknown["profiles"] == {"$.palette": 1}


def test_a_submission_follows_the_same_rule(imported):
    imported.write(submissions={"amara": [submission("s1", metadata={"z": "1"})]})
    assert outcomes(imported.backfill(), "submissions") == {"updated": 1}
    AssessmentSubmission.objects.update(metadata='{"z": "9"}')
    imported.write(submissions={"amara": [submission("s1", metadata={"z": "2"})]})
    assert outcomes(imported.backfill(), "submissions") == {"conflict": 1}


def test_a_submission_of_another_learner_is_rejected(imported):
    imported.write(profiles=[FULL_AMARA, profile("felix")], submissions={"felix": [submission("s1")]})
    summary = imported.backfill()
    assert outcomes(summary, "submissions") == {"rejected": 1}
    assert summary.findings[0]["code"] == "other_learner"
    assert AssessmentSubmission.objects.get().learner.username == "amara"


def test_a_used_attachment_is_never_pending_again(imported):
    AttachmentMetadata.objects.update(submission=AssessmentSubmission.objects.get())
    assert outcomes(imported.backfill(), "attachments") == {"kept": 1}
    for choice in ("report", "overwrite"):
        imported.write(attachments={"amara": [attachment("a1", name="moved")]})
        assert outcomes(imported.backfill(on_conflict=choice), "attachments") == {"conflict": 1}
    assert not AttachmentMetadata.objects.pending().exists()


def test_an_id_inside_a_submission_does_not_block_a_pending_one(stores):
    inner = {name: value for name, value in attachment("a1").items() if name != "username"}
    stores.write(
        profiles=[profile("amara")],
        submissions={"amara": [submission("s1", attachments=[inner, inner])]},
        attachments={"amara": [attachment("a1")]},
    )
    assert outcomes(stores.backfill(), "attachments") == {"created": 1}
    assert AttachmentMetadata.objects.count() == 3
    assert stores.backfill().clean
