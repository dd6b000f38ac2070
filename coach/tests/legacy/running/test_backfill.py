"""Whole runs: every record in one outcome, bad ones alone, the ledger in step."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from coach.legacy.running.retry import Stopped
from coach.legacy.running.summary import Limit
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    BackfillFinding,
    BackfillRun,
    LearnerProfile,
    MemoryRecord,
)
from coach.tests.legacy.people import FULL_AMARA, NOON, attachment, note, profile, submission

pytestmark = pytest.mark.django_db(transaction=True)


def usernames():
    return list(LearnerProfile.objects.order_by("pk").values_list("username", flat=True))


def test_one_bad_record_among_a_thousand_rejects_itself_alone(stores):
    people = {f"p{number}": profile(f"p{number}") for number in range(1000)}
    people["p500"]["elo_snapshot"] = {"a": "high"}
    summary = stores.write(profiles=people).backfill()
    assert LearnerProfile.objects.count() == summary.counts["profiles"]["created"] == 999
    [line] = stores.rejects.read_text().splitlines()
    reject = json.loads(line)
    assert (reject["store"], reject["place"], reject["natural_key"]) == ("profiles", "$.p500", "p500")
    assert reject["errors"][0]["path"] == "$.elo_snapshot.a"
    assert reject["record"] == people["p500"]
    assert (stores.rejects.stat().st_mode & 0o777) == 0o600
    assert BackfillRun.objects.get().state == "done_with_rejects"
    assert BackfillFinding.objects.get().place == "$.p500"


def test_two_learners_may_own_notes_of_one_id(stores):
    stores.write(profiles=[profile(name, memory_records=[note("n")]) for name in ("amara", "felix")])
    assert stores.backfill().clean
    assert MemoryRecord.objects.filter(note_id="n").count() == 2


def test_the_first_of_a_key_that_fits_stands_and_later_ones_are_rejected(stores):
    bad = profile("amara", goal=7)
    stores.write(profiles=[bad, profile("AMARA", goal="first"), profile(" amara", goal="second")])
    summary = stores.backfill()
    assert LearnerProfile.objects.get().goal == "first"
    assert [(f["place"], f["code"]) for f in summary.findings] == [
        ("$[0]", "invalid"),
        ("$[2]", "repeated_in_input"),
    ]
    again = stores.backfill()
    assert again.counts["profiles"]["unchanged"] == 1
    assert again.counts["profiles"]["rejected"] == 2


def test_a_key_that_stands_twice_in_different_batches_is_found_too(stores):
    stores.write(profiles=[profile("amara"), profile("felix"), profile("amara", goal="x")])
    assert stores.backfill(batch_size=1).counts["profiles"]["rejected"] == 1
    assert LearnerProfile.objects.get(username="amara").goal == "amara's goal"


def test_entries_without_a_learner_are_rejected_by_name(stores):
    stores.write(
        profiles=[profile("amara")],
        submissions={"nobody": [submission("s1")], "amara": 5, " ": [submission("s2")]},
        attachments={"nobody": [attachment("a1")], "empty": []},
    )
    found = {(f["store"], f["place"], f["code"]) for f in stores.backfill().findings}
    assert found == {
        ("submissions", "$.nobody[0]", "unknown_learner"),
        ("submissions", "$.amara", "not_a_list"),
        ("submissions", '$[" "][0]', "unusable_username"),
        ("attachments", "$.nobody[0]", "unknown_learner"),
    }


def test_everything_a_profile_holds_is_restored_in_its_order(stores):
    stores.write(profiles=[FULL_AMARA]).backfill(derive=lambda assessment, plan: '{"derived": true}')
    learner = LearnerProfile.objects.get()
    document = learner.to_document().to_object()
    assert list(document["elo_snapshot"]) == ["sql", "http"]
    assert document["curriculum_plan"]["modules"][0]["tier"] == 2
    assert document["curriculum_plan"]["modules"][0]["prerequisite_module_ids"] == ["x"]
    assert [entry["note_id"] for entry in document["memory_records"]] == ["n1", "n2"]
    assert document["last_updated"] == "2025-04-02T12:00:00.123456Z"
    assert learner.extended_assessment == '{"derived": true}'


def test_a_graded_submission_says_that_its_grade_was_imported(stores):
    grading = {"submission_id": "s1", "overall_feedback": "good", "evaluated_at": "2025-01-01T00:00:00Z"}
    stores.write(
        profiles=[FULL_AMARA], submissions={"amara": [submission("s1", grading=grading), submission("s2")]}
    )
    stores.backfill()
    assert dict(AssessmentSubmission.objects.values_list("submission_id", "graded_by")) == {
        "s1": "imported",
        "s2": "",
    }


def test_a_rehearsal_plans_the_same_and_writes_nothing(stores):
    stores.write(
        profiles=[profile("amara"), profile("felix", goal=1)],
        submissions={"amara": [submission("s1")], "felix": [submission("s2")]},
        attachments={"amara": [attachment("a1")]},
    )
    with CaptureQueriesContext(
        connection,
    ) as queries:
        rehearsed = stores.backfill(dry_run=True)
    assert not [query for query in queries if not query["sql"].startswith(("SELECT", "PRAGMA"))]
    assert not LearnerProfile.objects.exists()
    assert not BackfillRun.objects.exists()
    assert rehearsed.counts == stores.backfill().counts


@pytest.mark.parametrize(
    ("before", "held", "after", "pending"),
    [
        # Attached in the store; another learner's attachment has the id from now on.
        ({"amara": ["a1"]}, [[], ["a1"]], {"felix": ["a1"]}, "created"),
        ({"amara": ["a1"]}, [[], ["a1"]], {"amara": ["a1"]}, "unchanged"),
        # Given back by the store.
        ({}, [["a1"], []], {"amara": ["a1"]}, "created"),
        ({}, [["a1", "a2"], ["a2"]], {"amara": ["a1", "a2"], "felix": ["a2"]}, "created"),
        # What another learner has pending stays theirs.
        ({"felix": ["a1"]}, [["a1"], ["a1"]], {"felix": ["a1"], "amara": ["a1"]}, "unchanged"),
    ],
)
def test_a_rehearsal_counts_attachments_as_the_run_does(stores, before, held, after, pending):
    profiles = [profile("amara"), profile("felix")]
    for ids, attachments in zip(held, (before, after), strict=True):
        own = [{"attachment_id": id_, "kind": "note", "name": id_, "created_at": NOON} for id_ in ids]
        stores.write(
            profiles=profiles,
            submissions={"amara": [submission("s1", attachments=own)]},
            attachments={name: [attachment(id_, name) for id_ in ids] for name, ids in attachments.items()},
        )
        rehearsed, done = stores.backfill(dry_run=True), stores.backfill()
        assert rehearsed.counts == done.counts
    assert done.counts["attachments"][pending]


@pytest.mark.parametrize("on_conflict", ["report", "overwrite", "keep"])
@pytest.mark.parametrize("before", ["pending", "in s1", "in s1 and s2", "nowhere"])
@pytest.mark.parametrize("after", ["pending", "in s1", "in s2", "nowhere", "pending and in s2"])
def test_a_rehearsal_tells_what_becomes_of_an_attachment(stores, before, after, on_conflict):
    def write(where: str) -> None:
        held = [attachment("a1")]
        stores.write(
            profiles=[profile("amara")],
            submissions={
                "amara": [
                    submission(name, attachments=held if name in where else []) for name in ("s1", "s2")
                ]
            },
            attachments={"amara": held if "pending" in where else []},
        )

    write(before)
    stores.backfill()
    write(after)
    rehearsed = stores.backfill(dry_run=True, on_conflict=on_conflict)
    assert rehearsed.counts == stores.backfill(on_conflict=on_conflict).counts


def test_the_second_run_only_reads(stores):
    stores.write(
        profiles=[FULL_AMARA],
        submissions={"amara": [submission("s1")]},
        attachments={"amara": [attachment("a1")]},
    )
    stores.backfill()
    with CaptureQueriesContext(connection) as queries:
        assert stores.backfill().counts["profiles"]["unchanged"] == 1
    writes = [
        query["sql"]
        for query in queries
        if not query["sql"].startswith(("SELECT", "PRAGMA", "BEGIN", "COMMIT"))
    ]
    assert all("coach_backfillrun" in sql for sql in writes), writes


def test_only_the_named_learners_are_touched(stores):
    stores.write(
        profiles=[profile("amara"), profile("felix")],
        submissions={"AMARA": [submission("s1")], "felix": [submission("s2")]},
        attachments={"amara": [attachment("a1")], "felix": [attachment("a2")]},
    )
    summary = stores.backfill(usernames=frozenset({"felix"}))
    assert [counts["read"] for counts in summary.counts.values()] == [1, 1, 1]
    assert usernames() == ["felix"]
    assert AssessmentSubmission.objects.get().submission_id == "s2"
    assert AttachmentMetadata.objects.get().attachment_id == "a2"


@pytest.mark.parametrize("limit", [Limit(number=1), Limit(per_cent=20)])
def test_too_many_rejects_stop_the_run_after_the_batch(stores, limit):
    stores.write(profiles=[profile("amara"), 1, 2, 3, profile("felix")])
    with pytest.raises(Stopped) as stopped:
        stores.backfill(batch_size=3, max_rejects=limit)
    assert stopped.value.state == "aborted"
    run = BackfillRun.objects.get()
    assert (run.state, run.checkpoint_store, run.checkpoint_ordinal) == ("aborted", "profiles", 3)
    assert usernames() == ["amara"]


def test_the_ledger_counts_what_the_summary_counts(stores):
    stores.write(profiles=[profile("amara"), 1], submissions={"amara": [submission("s1")]})
    summary = stores.backfill()
    run = BackfillRun.objects.get()
    assert run.outcome_counts == summary.counts
    assert [file["records"] for file in run.file_list] == [2, 1]
    assert run.finished_at is not None


def test_a_batch_that_the_database_refuses_is_split_until_the_bad_record_stands_alone(stores, monkeypatch):
    from coach.legacy.decoding.records import Decoded
    from coach.legacy.writing import tables

    copy_rows = tables.copy_rows

    def broken(store, decoded: Decoded, maker):
        decoded, content = decoded.with_content()
        if decoded.key == "p3":
            content.belongs_to("")  # the check constraint refuses it
        return copy_rows(store, decoded, maker)

    # The documents let nothing through that a database refuses: one has to be made up.
    monkeypatch.setattr(tables, "copy_rows", broken)
    summary = stores.write(profiles=[profile(f"p{number}") for number in range(6)]).backfill()
    assert usernames() == ["p0", "p1", "p2", "p4", "p5"]
    assert [(f["natural_key"], f["code"]) for f in summary.findings] == [("p3", "refused_by_database")]
    assert json.loads(stores.rejects.read_text())["record"]["username"] == "p3"


def test_contents_are_in_the_open_findings_record_alone(stores, caplog):
    stores.write(profiles=[profile("amara", goal="my secret", timezone=["my secret"])])
    summary = stores.backfill()
    [finding] = BackfillFinding.objects.values()
    assert "my secret" in finding.pop("record")
    assert "secret" not in repr((summary, finding, list(BackfillRun.objects.values()), caplog.text))


def test_odd_places_and_keys_are_recorded_on_every_database(stores):
    stores.write(profiles=b'{"\\ud800 \\u0000": 7, "ok": {"username": "x", "\\u0000": 1}}')
    assert stores.backfill().counts["profiles"]["rejected"] == 2
    assert BackfillFinding.objects.count() == 2


def test_a_bad_record_rejects_itself_alone_even_where_hardly_anything_fits(stores):
    stores.write(
        profiles=[1, 2, 3, 4, 5, profile("amara")],
        submissions={"amara": [submission("ok"), 1, 2, 3, 4], "nobody": [submission("lost")]},
    ).backfill()

    assert usernames() == ["amara"]
    assert AssessmentSubmission.objects.get().submission_id == "ok"
