import json

import pytest
from django.db import connection

from coach import attachments as storage
from coach.documents import submissions as documents
from coach.documents.requests import ResponseEntry
from coach.documents.submissions import PendingAttachment
from coach.models import AssessmentSubmission, AttachmentMetadata, AuditEvent, LearnerProfile, ScheduleItem
from coach.services import assessments, attachments, submissions
from coach.services.keeping import stored_bytes
from coach.tests import cast

pytestmark = pytest.mark.django_db

ANSWERS = [ResponseEntry(task_id=" sql-talk ", response="  Rows that match,\n both sides. ")]


@pytest.fixture
def amara():
    learner = cast.learner(cast.AMARA)
    for number, kind in enumerate(("file", "link")):
        document = PendingAttachment(
            attachment_id=f"att_{kind}",
            username="amara",
            kind=kind,
            name=kind,
            url="https://own.example",
            created_at=f"2026-01-0{number + 1}T00:00:00Z",
        )
        cast.attach(learner, document)
    return learner


def submit(answers=ANSWERS):
    return json.loads(
        submissions.submit(username="amara", answers=answers, metadata={"k": " v ", "blank": "  "})
    )


def everything():
    """All rows that a submission touches, for comparing before and after."""
    models = (LearnerProfile, AssessmentSubmission, AttachmentMetadata, ScheduleItem, AuditEvent)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_a_submission_is_stored_graded_and_followed_up(amara):
    shown = submit()

    learner = LearnerProfile.objects.get()
    assert shown["responses"][0]["response"] == "Rows that match,\n both sides."
    assert shown["responses"][0]["word_count"] == 5
    assert shown["metadata"] == {"k": "v"}
    assert learner.result.submission_id == shown["submission_id"]
    assert learner.assessment.status == "completed"
    assert learner.ratings["sql-reading"] == 1100
    assert "foundation-python-syntax" in {module.module_id for module in learner.curriculum.modules}
    assert list(learner.ratings) == [category.key for category in learner.plan.categories]
    assert learner.schedule.items.exists()
    assert AssessmentSubmission.objects.get().graded_by == "provisional"


def test_pending_attachments_are_taken_along_in_order_and_files_lose_their_url(amara):
    shown = submit()

    assert [(entry["name"], entry["url"]) for entry in shown["attachments"]] == [
        ("file", "/api/onboarding/amara/assessment/attachments/att_file/download"),
        ("link", "https://own.example"),
    ]
    assert attachments.pending(username="amara", spelled="amara") == []


def test_an_attachment_that_comes_after_the_answers_waits_for_the_next_submission(amara, model):
    looks = 0

    def attach_and_execute(execute, sql, params, many, context):
        nonlocal looks
        looks += "coach_attachmentmetadata" in sql
        if looks == 2:
            looks += 1
            document = {"attachment_id": "att_late", "username": "amara", "kind": "link", "name": "latecomer"}
            cast.attach(
                amara, PendingAttachment(**document, url="https://late.example", created_at=cast.NOON)
            )
        return execute(sql, params, many, context)

    with connection.execute_wrapper(attach_and_execute):
        shown = submit()

    assert [entry["name"] for entry in shown["attachments"]] == ["file", "link"]
    assert "own.example" in str(model.requests)
    assert "late.example" not in str(model.requests)
    assert [entry.name for entry in attachments.pending(username="amara", spelled="amara")] == ["latecomer"]


def test_what_is_served_is_what_the_rows_say(amara):
    submit()

    row = AssessmentSubmission.objects.get()
    assert row.api_json == documents.served(row.to_document()).to_json()


def test_the_derived_assessment_follows_every_change(amara):
    submit()

    learner = LearnerProfile.objects.get()
    assert learner.extended_assessment == assessments.extended(learner.assessment, learner.plan)
    assert '"status":"completed"' in learner.extended_assessment


def test_a_submission_takes_at_most_twelve_statements_in_its_transaction(
    amara, django_assert_max_num_queries
):
    # One more reads the learner before the transaction; two are the savepoint that stands for it in a test.
    with django_assert_max_num_queries(12 + 1 + 2):
        submit()


@pytest.mark.parametrize(
    "answers",
    [
        [ResponseEntry(task_id="  ", response="x")],
        [ResponseEntry(task_id="unknown", response="x")],
        [ResponseEntry(task_id="sql-talk", response=" \n ")],
        [ResponseEntry(task_id="sql-talk", response="x"), ResponseEntry(task_id=" sql-talk", response="y")],
    ],
)
def test_an_unusable_answer_changes_nothing(amara, answers):
    before = everything()

    with pytest.raises(submissions.UnusableResponse):
        submit(answers)

    assert everything() == before


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def dying_at(deadly):
    """A wrapper around statements that dies instead of sending the one of that number."""
    sent = 0

    def execute_or_die(execute, sql, params, many, context):
        nonlocal sent
        sent += 1
        if sent == deadly:
            raise Killed
        return execute(sql, params, many, context)

    return connection.execute_wrapper(execute_or_die)


@pytest.mark.django_db(transaction=True)
def test_a_death_between_any_two_statements_leaves_all_of_a_submission_or_nothing(amara):
    before = everything()
    for deadly in range(1, 100):
        try:
            with dying_at(deadly):
                submit()
        except Killed:
            assert everything() == before
        else:
            break

    # The one that was never killed is there, and there were as many to kill as a submission has statements.
    assert AssessmentSubmission.objects.count() == 1
    assert deadly > 8


def test_bytes_without_a_row_are_found_and_those_with_one_are_kept(amara):
    import datetime as dt

    orphan = storage.upload([b"left behind"])
    kept = storage.upload([b"kept"])
    AttachmentMetadata.objects.filter(attachment_id="att_file").update(stored_path=kept.path)

    found = set(stored_bytes.orphans(older_than=dt.timedelta(0)))

    assert orphan.path in found
    assert kept.path not in found
    assert set(stored_bytes.orphans(older_than=dt.timedelta(hours=1))) == set()
