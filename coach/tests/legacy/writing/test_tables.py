"""Rows of records: what an import leaves on them is true of what it wrote."""

from __future__ import annotations

import pytest

from coach.models import LearnerProfile
from coach.tests.legacy.people import profile

pytestmark = pytest.mark.django_db


def test_a_record_without_times_is_updated_as_often_as_its_store_changes(stores):
    for number in range(4):
        record = profile("amara", goal=f"goal {number}", memory_records=[{"note_id": "n", "note": "text"}])
        del record["last_updated"]
        summary = stores.write(profiles=[record]).backfill()
        assert summary.counts["profiles"]["updated" if number else "created"] == 1
        assert LearnerProfile.objects.get().goal == f"goal {number}"
