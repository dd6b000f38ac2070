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
        assert outcomes(imported.backfill(on_conflict=choice), "attachments") == {"kept": 1}
    assert not AttachmentMetadata.objects.pending().exists()


def inside(attachment_id, **members):
    """An attachment as a submission holds it."""
    return {k: v for k, v in attachment(attachment_id, **members).items() if k != "username"}


@pytest.mark.parametrize("earlier", [True, False])
def test_what_a_submission_of_the_store_holds_is_not_pending(stores, earlier):
    if earlier:
        stores.write(profiles=[profile("amara"), profile("felix")], attachments={"amara": [attachment("a1")]})
        assert outcomes(stores.backfill(), "attachments") == {"created": 1}
    stores.write(
        profiles=[profile("amara"), profile("felix")],
        submissions={"amara": [submission("s1", attachments=[inside("a1"), inside("a1")])]},
        attachments={"amara": [attachment("a1")], "felix": [attachment("a2", username="felix")]},
    )
    rehearsal = stores.backfill(dry_run=True)
    for created in (1, 0):
        summary = stores.backfill()
        assert outcomes(summary, "attachments") == (
            {"created": 1, "unchanged": 1} if created else {"unchanged": 2}
        )
        assert not created or summary.counts == rehearsal.counts
        assert [row.attachment_id for row in AttachmentMetadata.objects.pending()] == ["a2"]


def test_what_only_the_store_had_attached_may_be_pending_again(stores):
    stores.write(profiles=[profile("amara")], attachments={"amara": [attachment("a1")]})
    stores.backfill()
    stores.write(submissions={"amara": [submission("s1", attachments=[inside("a1")])]}, attachments={})
    stores.backfill()
    assert not AttachmentMetadata.objects.pending().exists()
    stores.write(submissions={"amara": [submission("s1")]}, attachments={"amara": [attachment("a1")]})
    assert outcomes(stores.backfill(), "attachments") == {"created": 1}


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("there", [True, False])
def test_what_only_a_rejected_submission_holds_is_pending(stores, dry_run, there):
    people = [profile("amara"), profile("felix")]
    taken = submission("s1", attachments=[inside("a1")])
    if there:
        stores.write(profiles=people, submissions={"felix": [submission("s1")]})
        stores.backfill()
        stores.write(submissions={"amara": [taken]}, attachments={"amara": [attachment("a1")]})
    else:
        both = {"amara": [submission("s1"), taken]}
        stores.write(profiles=people, submissions=both, attachments={"amara": [attachment("a1")]})
    summary = stores.backfill(dry_run=dry_run)
    assert (summary.counts["submissions"]["rejected"], outcomes(summary, "attachments")) == (
        1,
        {"created": 1},
    )


def test_an_attachment_is_held_whatever_its_id_is_spelled_with(stores):
    odd = "a\u00a0\n1"
    stores.write(
        profiles=[profile("amara")],
        submissions={"amara": [submission("s1", attachments=[inside(odd)])]},
        attachments={"amara": [attachment(odd)]},
    )
    assert outcomes(stores.backfill(dry_run=True), "attachments") == {"unchanged": 1}


def test_an_id_inside_another_learners_submission_is_another_attachment(stores):
    stores.write(
        profiles=[profile("amara"), profile("felix")],
        submissions={"felix": [submission("s1", username="felix", attachments=[inside("a1")])]},
        attachments={"amara": [attachment("a1")]},
    )
    assert outcomes(stores.backfill(), "attachments") == {"created": 1}


def test_an_attachment_that_was_used_here_stays_used_when_its_submission_is_overwritten(imported):
    AttachmentMetadata.objects.update(submission=AssessmentSubmission.objects.get())
    AssessmentSubmission.objects.update(metadata='{"z": "9"}', edited_since_import=True)
    imported.write(submissions={"amara": [submission("s1", metadata={"z": "2"})]})
    assert outcomes(imported.backfill(on_conflict="overwrite"), "submissions") == {"updated": 1}
    assert outcomes(imported.backfill(on_conflict="overwrite"), "attachments") == {"kept": 1}
    assert not AttachmentMetadata.objects.exists()


def test_a_conflict_that_was_kept_comes_up_again_only_for_another_record(imported):
    LearnerProfile.objects.update(goal="here", edited_since_import=True)
    imported.write(profiles=[FULL_AMARA | {"goal": "theirs"}])
    assert outcomes(imported.backfill()) == {"conflict": 1}
    assert outcomes(imported.backfill(on_conflict="keep")) == {"kept": 1}
    before = LearnerProfile.objects.values().get()
    for choice in ("report", "overwrite"):
        assert outcomes(imported.backfill(on_conflict=choice)) == {"kept": 1}
    assert LearnerProfile.objects.values().get() == before
    imported.write(profiles=[FULL_AMARA | {"goal": "theirs, later"}])
    assert outcomes(imported.backfill()) == {"conflict": 1}


def test_a_row_that_goes_back_after_a_decision_is_no_imported_one(imported):
    LearnerProfile.objects.update(goal="here", edited_since_import=True)
    imported.write(profiles=[FULL_AMARA | {"goal": "theirs"}])
    imported.backfill(on_conflict="keep")
    LearnerProfile.objects.update(goal=FULL_AMARA["goal"])
    imported.write(profiles=[FULL_AMARA | {"goal": "theirs, later"}])
    assert outcomes(imported.backfill()) == {"conflict": 1}


@pytest.mark.parametrize("is_imported", [True, False])
def test_what_both_sides_agree_on_is_the_new_base(stores, is_imported):
    stores.write(profiles=[FULL_AMARA])
    if is_imported:
        stores.backfill()
    else:
        cast.learner(FULL_AMARA)
    LearnerProfile.objects.update(goal="agreed", edited_since_import=is_imported)
    stores.write(profiles=[FULL_AMARA | {"goal": "agreed"}])
    assert outcomes(stores.backfill()) == {"unchanged": 1}
    before = LearnerProfile.objects.values().get()
    assert outcomes(stores.backfill()) == {"unchanged": 1}
    assert LearnerProfile.objects.values().get() == before
    stores.write(profiles=[FULL_AMARA | {"goal": "moved"}])
    assert outcomes(stores.backfill()) == {"updated": 1}


def test_of_equal_keys_the_first_that_can_be_imported_counts(stores):
    stores.write(
        profiles=[profile("amara"), profile("felix")],
        submissions={
            "gone": [submission("s1", username="gone")],
            "felix": [{"submission_id": "s1", "submitted_at": 7}],
            "amara": [submission("s1"), submission("s1")],
        },
    )
    for kind in ("created", "unchanged"):
        summary = stores.backfill(batch_size=1)
        assert outcomes(summary, "submissions") == {kind: 1, "rejected": 3}
        assert [finding["code"] for finding in summary.findings] == [
            "unknown_learner",
            "invalid",
            "repeated_in_input",
        ]


def test_an_id_of_another_learner_keeps_no_later_one_out(imported):
    imported.write(
        profiles=[FULL_AMARA, profile("felix")],
        submissions={
            "felix": [submission("s1", username="felix")],
            "amara": [submission("s1", metadata={"z": "3"})],
        },
    )
    assert outcomes(imported.backfill(), "submissions") == {"updated": 1, "rejected": 1}
