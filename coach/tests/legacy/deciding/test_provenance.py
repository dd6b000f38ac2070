"""Provenance found by natural key, many rows at once."""

from __future__ import annotations

import pytest

from coach.documents.submissions import PendingAttachment, Submission
from coach.legacy.deciding import provenance
from coach.legacy.stores import Store
from coach.models import AssessmentSubmission, AttachmentMetadata
from coach.tests import cast

pytestmark = pytest.mark.django_db

KEYS = ["amara", 'q"uote', "per%cent %s", "back\\slash", "(keys)", "søren", "[]", "'; --", "𝄞"]


def attachment(key):
    members = {
        "attachment_id": key,
        "kind": "note",
        "name": "n",
        "username": "amara",
        "created_at": cast.NOON,
    }
    return PendingAttachment.model_validate(members)


@pytest.fixture
def owner():
    """A learner who has a submission and a pending attachment of each key."""
    amara = cast.learner(cast.AMARA)
    for key in KEYS:
        members = {"submission_id": key, "username": "amara", "submitted_at": cast.NOON, "responses": []}
        cast.submission(amara, Submission.model_validate(members))
        cast.attach(amara, attachment(key))
    return amara


def test_marks_stand_under_their_keys(owner):
    assert {key: mark.pk for key, mark in provenance.find(Store.PROFILES, KEYS).items()} == {
        "amara": owner.pk
    }
    for store in (Store.SUBMISSIONS, Store.ATTACHMENTS):
        found = provenance.find(store, [*KEYS, "nothing"])
        assert found.keys() == set(KEYS)
        assert {(mark.learner_id, mark.username, mark.edited) for mark in found.values()} == {
            (owner.pk, "amara", False)
        }


def test_an_attachment_that_a_submission_took_along_is_found_where_no_pending_one_is(owner):
    taken = AssessmentSubmission.objects.first()
    AttachmentMetadata.objects.filter(attachment_id="amara").update(submission=taken, import_checksum="c")
    cast.attach(owner, attachment("søren"), submission=taken, position=1)

    found = provenance.find(Store.ATTACHMENTS, KEYS)

    assert [key for key, mark in found.items() if mark.used] == ["amara"]
