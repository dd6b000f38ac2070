"""CopyRows: those made of a record's twin are those made of its rows."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.documents.base import utc_now
from coach.documents.profile import Note
from coach.legacy.decoding import records
from coach.legacy.decoding.records import Decoded
from coach.legacy.stores import LAYOUTS, Store
from coach.legacy.writing import tables
from coach.legacy.writing.copy_rows import Table
from coach.legacy.writing.tables import Maker
from coach.models import MemoryRecord
from coach.services import assessments
from coach.tests import strategies
from coach.tests.cast import AMARA
from coach.tests.legacy.people import FULL_AMARA

ASSESSED = {"onboarding_assessment": AMARA["onboarding_assessment"]}
MAKER = Maker(run_id=7, at=utc_now(), derive=assessments.extended)
STORES = {layout.document: store for store, layout in LAYOUTS.items()}
documents = st.one_of(strategies.profiles, strategies.submitted, strategies.pending_attachments)


def decoded(document) -> Decoded | None:
    store = STORES[type(document)]
    owner = None if store == Store.PROFILES else " Amara "
    found = records.decode(records.of_bytes(store, document.to_json().encode(), owner=owner))
    return found if isinstance(found, Decoded) and found.twin is not None else None


def both_ways(found: Decoded):
    store = found.raw.store
    of_rows = tables._MODULES[store].copy_rows_of(tables.build(store, found, MAKER))
    return astuple(tables.lines(store, found, MAKER)), astuple(of_rows)


@given(documents)
def test_both_ways_make_the_same_lines(document):
    if (found := decoded(document)) is not None:
        of_twin, of_rows = both_ways(found)
        assert of_twin == of_rows


def test_a_full_profile_takes_the_quick_way():
    found = decoded(LAYOUTS[Store.PROFILES].document.model_validate(FULL_AMARA | ASSESSED))
    assert found is not None
    of_twin, of_rows = both_ways(found)
    assert of_twin == of_rows
    assert of_twin[0][0] is not None, "the extended assessment is derived"
    assert len(of_twin[3]) == len(FULL_AMARA["curriculum_schedule"]["items"])


def test_a_column_that_nobody_fills_is_named():
    with pytest.raises(TypeError, match=r"\['learner_id', 'position'\] of MemoryRecord"):
        Table(MemoryRecord, Note, late=[], given=[])
