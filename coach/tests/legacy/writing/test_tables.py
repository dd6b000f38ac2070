"""Rows of records: copy rows are those of the model rows that a record makes, and what is left on rows is true of them."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.documents.base import utc_now
from coach.documents.profile import Note
from coach.legacy.deciding.provenance import NONE, WRITTEN, line
from coach.legacy.decoding import records, reference
from coach.legacy.decoding.records import Decoded
from coach.legacy.stores import LAYOUTS, Store
from coach.legacy.writing import tables
from coach.legacy.writing.bulk import FamilyRows, Table
from coach.legacy.writing.tables import CopyRows, Maker
from coach.models import LearnerProfile, MemoryRecord
from coach.services import assessments
from coach.tests import strategies
from coach.tests.cast import AMARA
from coach.tests.legacy import people
from coach.tests.legacy.people import FULL_AMARA, profile

ASSESSED = {"onboarding_assessment": AMARA["onboarding_assessment"]}
MAKER = Maker(run_id=7, at=utc_now(), derive=assessments.extended)
STORES = {layout.document: store for store, layout in LAYOUTS.items()}
documents = st.one_of(strategies.profiles, strategies.submitted, strategies.pending_attachments)


def decoded(document) -> Decoded:
    store = STORES[type(document)]
    owner = None if store == Store.PROFILES else " Amara "
    found = records.decode(people.raw(store, document.to_json().encode(), owner=owner))
    assert isinstance(found, Decoded)
    return found


def by_the_reference_codec(found: Decoded) -> Decoded:
    content = reference.read(LAYOUTS[found.raw.store].document, found.raw.raw)
    content.belongs_to(found.username)
    imported, whole = content.checksums()
    return replace(found, content=content, import_checksum=imported, content_checksum=whole)


def copy_row(table: Table, document, columns, **position):
    """The copy row that a model's row is; services make rows of documents so."""
    row = table.model()
    row.apply_document(document, **position)
    for name, value in columns.items():
        setattr(row, name, value)
    return attrgetter(*table.own_columns)(row)


def family(table, document, children, columns, child_columns=None) -> FamilyRows:
    """The copy rows of a document's row, and of those of the documents within it."""
    rows = [
        copy_row(table.children, child, child_columns or {}, position=place)
        for place, child in enumerate(children)
    ]
    return FamilyRows(copy_row(table.own, document, columns), rows)


def of_model_rows(found: Decoded) -> CopyRows:
    document = found.document
    values = line(found, found.content_checksum, run_id=MAKER.run_id, at=MAKER.at)
    marked, unmarked = (dict(zip(WRITTEN, row, strict=True)) for row in (values, NONE))
    if found.raw.store == Store.SUBMISSIONS:
        graded = marked | {"graded_by": tables.grader(document.grading)}
        return CopyRows(family(tables.SUBMISSIONS, document, document.attachments, graded, unmarked))
    if found.raw.store == Store.ATTACHMENTS:
        return CopyRows(FamilyRows(copy_row(tables.PENDING.own, document, marked)))
    derived = {
        "extended_assessment": MAKER.derive(document.onboarding_assessment, document.elo_category_plan)
    }
    schedule = document.curriculum_schedule
    return CopyRows(
        family(tables.LEARNERS, document, document.memory_records, marked | derived),
        family(tables.SCHEDULES, schedule, schedule.items, {}) if schedule else None,
    )


def copy_rows(found: Decoded) -> CopyRows:
    return tables.copy_rows(found.raw.store, found, MAKER)


@given(documents)
def test_either_codec_makes_the_copy_rows_of_the_model_rows(document):
    try:
        found = decoded(document)
    except AssertionError:
        return
    expected = of_model_rows(found)
    assert copy_rows(found) == expected
    assert copy_rows(by_the_reference_codec(found)) == expected


def test_a_full_profile_has_all_its_rows():
    found = decoded(LAYOUTS[Store.PROFILES].document.model_validate(FULL_AMARA | ASSESSED))
    rows = copy_rows(found)
    assert rows == of_model_rows(found)
    assert rows.record.own[0] is not None, "the extended assessment is derived"
    assert len(rows.record.children) == len(FULL_AMARA["memory_records"])
    assert rows.schedule is not None
    assert len(rows.schedule.children) == len(FULL_AMARA["curriculum_schedule"]["items"])


def test_a_column_that_nobody_fills_is_named():
    with pytest.raises(TypeError, match=r"\['learner_id', 'position'\] of MemoryRecord"):
        Table(MemoryRecord, Note, late=[], given=[])


@pytest.mark.django_db
def test_a_record_without_times_is_updated_as_often_as_its_store_changes(stores):
    for number in range(4):
        record = profile("amara", goal=f"goal {number}", memory_records=[{"note_id": "n", "note": "text"}])
        del record["last_updated"]
        summary = stores.write(profiles=[record]).backfill()
        assert summary.counts["profiles"]["updated" if number else "created"] == 1
        assert LearnerProfile.objects.get().goal == f"goal {number}"
