"""What goes into the database comes back exactly: the central invariant of the project."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings

from coach.models import AssessmentSubmission, AttachmentMetadata, LearnerProfile
from coach.tests import cast, strategies

pytestmark = pytest.mark.django_db
# The database is emptied by hand, since one test function runs many examples.
examples = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def forget_everybody():
    LearnerProfile.objects.all().delete()


@examples
@given(document=strategies.profiles)
def test_a_profile_comes_back_as_it_went_in(document):
    forget_everybody()
    row = cast.learner(document.model_dump())

    back = row.to_document()

    assert back == document
    # Equality of dictionaries does not see their order; the contract does.
    assert back.to_json() == document.to_json()


@examples
@given(document=strategies.submitted)
def test_a_submission_comes_back_as_it_went_in(document):
    forget_everybody()
    row = cast.submission(cast.learner(cast.AMARA), document)

    back = row.to_document()

    assert back.to_json() == document.to_json()


@examples
@given(document=strategies.pending_attachments)
def test_a_pending_attachment_comes_back_as_it_went_in(document):
    forget_everybody()
    row = cast.attach(cast.learner(cast.AMARA), document)

    assert row.to_pending_document().to_json() == document.to_json()


@examples
@given(document=strategies.schedules)
def test_a_served_schedule_is_by_day_and_keeps_the_stored_order_within_a_day(document):
    forget_everybody()
    row = cast.learner(cast.AMARA, curriculum_schedule=document.model_dump())

    served = json.loads(row.schedule.api_json)["items"]

    wanted = sorted(document.items, key=lambda item: item.recommended_day_offset)
    assert [item["item_id"] for item in served] == [item.item_id for item in wanted]
    assert all(item["scheduled_for"][11:19] == "00:00:00" for item in served)


def test_the_order_of_members_and_the_spelling_of_numbers_survive():
    text = '{"z": 1, "a":  12345678901234567890.0, "m": 1e2}'
    learner = cast.learner(cast.FELIX)
    LearnerProfile.objects.filter(pk=learner.pk).update(elo_snapshot=text)

    assert LearnerProfile.objects.get(pk=learner.pk).elo_snapshot == text


def test_microseconds_survive():
    learner = cast.learner(cast.FELIX)

    assert learner.last_updated == cast.NOON
    assert learner.last_updated.microsecond == 123456


def test_a_pending_attachment_may_share_its_id_with_a_used_one_but_not_with_a_pending_one():
    from django.db import IntegrityError, transaction

    learner = cast.learner(cast.AMARA)
    used = AssessmentSubmission.objects.create(
        learner=learner, submission_id="s", submitted_at=cast.NOON, api_json="{}"
    )
    for submission in (used, None):
        AttachmentMetadata.objects.create(
            learner=learner,
            submission=submission,
            attachment_id="a",
            kind="note",
            name="n",
            created_at=cast.NOON,
        )

    with pytest.raises(IntegrityError), transaction.atomic():
        AttachmentMetadata.objects.create(
            learner=learner, attachment_id="a", kind="note", name="n", created_at=cast.NOON
        )
