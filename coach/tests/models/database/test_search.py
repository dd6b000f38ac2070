"""Indexes for searches: they take every text that the columns take, and find it."""

from __future__ import annotations

import hashlib

import pytest
from django.db import connection

from coach.documents.submissions import PendingAttachment
from coach.models import AttachmentMetadata, LearnerProfile, MemoryRecord, ScheduleItem
from coach.models.database.search import FragmentIndex
from coach.tests import cast
from coach.tests.legacy import people

pytestmark = pytest.mark.django_db

MODELS = (LearnerProfile, MemoryRecord, AttachmentMetadata, ScheduleItem)


@pytest.mark.parametrize("letters", ["abcdef", "\U00020000"])
def test_no_text_is_too_long_or_too_odd_to_be_stored(db, letters):
    words = " ".join(
        letters + hashlib.sha256(str(number).encode()).hexdigest()[:12] for number in range(90_000)
    )
    odd = "".join(words.split()[:5000])
    for number, text in enumerate((words, odd)):
        row = cast.learner(
            people.profile(
                f"learner {number}",
                goal=text[:20_000],
                use_case=text[:20_000],
                memory_records=[people.note("n", note=text)],
                curriculum_schedule=people.schedule(people.item(text, title=text[:20_000])),
            )
        )
        cast.attach(
            row, PendingAttachment.model_validate(people.attachment(f"a{number}", name=text[:20_000]))
        )
        # A word of more than two thousand bytes is in no index.
        assert text is odd or row.memory_records.get(note__words=text[:15]).note == text
        assert ScheduleItem.objects.get(item_id__startswith=text[:5000]).schedule.learner == row


def test_the_long_texts_above_are_those_of_every_index():
    indexed = {
        f"{model._meta.model_name}.{name}"
        for model in MODELS
        for index in model._meta.indexes
        if isinstance(index, FragmentIndex)
        for name in index.fields
    }
    assert indexed == {
        "learnerprofile.username",
        "learnerprofile.goal",
        "learnerprofile.use_case",
        "memoryrecord.note",
        "attachmentmetadata.name",
        "scheduleitem.title",
        "scheduleitem.item_id",
    }


@pytest.mark.parametrize(
    ("term", "text"), [("strasse", "Straße"), ("STRASSE", "straße"), ("straße", "STRASSE"), ("ΟΔΌΣ", "οδός")]
)
def test_letters_that_are_two_in_capitals_are_found(db, term, text):
    row = cast.learner(people.profile("felix", goal=text, use_case=text))
    for lookup in ("goal__folded", "goal__pieces", "use_case__words"):
        assert LearnerProfile.objects.get(**{lookup: term}) == row


@pytest.mark.postgresql("the planner is asked")
def test_ids_of_items_are_found_by_their_index(db):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = ScheduleItem.objects.filter(item_id__startswith="item-1").order_by().explain()
        assert "schedule_item_by_id" in plan
