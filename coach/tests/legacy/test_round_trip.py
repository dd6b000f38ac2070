"""Any valid stores: backfill, verify, export, backfill of the export; any bytes: refused or rejected."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coach.documents.usernames import UnusableUsername, normalise
from coach.legacy import export
from coach.legacy.reader import RefusedFile
from coach.legacy.stores import Store
from coach.models import BackfillRun, LearnerProfile
from coach.tests import strategies
from coach.tests.legacy.conftest import Stores
from coach.tests.legacy.test_export import verified

pytestmark = pytest.mark.django_db(transaction=True)
some = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def usable(name):
    try:
        return normalise(name)
    except UnusableUsername:
        return None


def as_stores(profiles, submissions, attachments):
    """Plain values of all three stores, natural keys made unique; every time named."""
    people = {}
    for document in profiles:
        name = usable(document.username)
        if name and len({note.note_id for note in document.memory_records}) == len(document.memory_records):
            people.setdefault(name, document.to_object())
    owners = list(people)
    listed = {"submissions": {}, "attachments": {}}
    for store, key, documents in (
        ("submissions", "submission_id", submissions),
        ("attachments", "attachment_id", attachments),
    ):
        unique = {getattr(document, key): document.to_object() for document in documents}
        for number, record in enumerate(unique.values() if owners else ()):
            listed[store].setdefault(owners[number % len(owners)], []).append(record)
    return {"profiles": people, **listed}


def exported(folder):
    export.stores(folder)
    return {name: Stores(folder).path(name).read_bytes() for name in Store}


@some
@given(
    st.lists(strategies.profiles, max_size=3),
    st.lists(strategies.submitted, max_size=3),
    st.lists(strategies.pending_attachments, max_size=3),
    st.randoms(use_true_random=False),
)
def test_valid_stores_come_back_and_come_back_again(
    tmp_path_factory, profiles, submissions, attachments, chance
):
    LearnerProfile.objects.all().delete()
    content = as_stores(profiles, submissions, attachments)
    stores = Stores(tmp_path_factory.mktemp("stores")).write(**content)
    assert stores.backfill().clean
    assert verified(stores).equal
    first = exported(stores.folder / "first")
    decoded = {name: json.loads(data) for name, data in first.items()}
    assert {name: {k: v for k, v in records.items() if v} for name, records in decoded.items()} == {
        name: {k: owned(v, k) for k, v in records.items()} for name, records in content.items()
    }

    LearnerProfile.objects.all().delete()
    assert Stores(stores.folder / "first").backfill().clean
    assert exported(stores.folder / "second") == first

    shuffled = Stores(tmp_path_factory.mktemp("shuffled")).write(**shuffle(content, chance))
    summary = shuffled.backfill()
    assert {name for counts in summary.counts.values() for name, n in counts.items() if n} <= {
        "read",
        "unchanged",
    }


def owned(value, name):
    """A record, or a list of them, as its owner's."""
    if isinstance(value, list):
        return [owned(record, name) for record in value]
    return value | {"username": name}


ORDERED = ("elo_snapshot", "metadata")


def shuffle(value, chance, name=""):
    """The same values, members in another order wherever their order carries no meaning."""
    if isinstance(value, list):
        return [shuffle(element, chance) for element in value]
    if not isinstance(value, dict):
        return value
    members = [(key, shuffle(inner, chance, key)) for key, inner in value.items()]
    if name not in ORDERED:
        random.Random(chance.random()).shuffle(members)
    return dict(members)


@some
@given(st.lists(strategies.profiles, max_size=4))
def test_split_files_end_in_the_same_database(tmp_path_factory, profiles):
    LearnerProfile.objects.all().delete()
    people = list(as_stores(profiles, [], [])["profiles"].values())
    whole = Stores(tmp_path_factory.mktemp("whole")).write(profiles=people)
    whole.backfill()
    first = exported(whole.folder / "export")
    LearnerProfile.objects.all().delete()
    for part in (people[:1], people[1:]):
        Stores(tmp_path_factory.mktemp("part")).write(profiles=part).backfill()
    assert exported(whole.folder / "again") == first


@some
@given(
    st.binary(max_size=80)
    | st.text(alphabet='{}[]:,"\\ u0d8username7.eNa\n', max_size=80).map(str.encode)
    | st.text(max_size=30).map(
        lambda text: json.dumps({"amara": [{"username": text, "submission_id": text}]}).encode()
    ),
    st.sampled_from(list(Store)),
)
def test_any_bytes_are_refused_or_every_record_is_accounted_for(tmp_path_factory, data, store):
    LearnerProfile.objects.all().delete()
    runs = BackfillRun.objects.count()
    stores = Stores(tmp_path_factory.mktemp("stores")).write(**{store: data})
    try:
        summary = stores.backfill()
    except RefusedFile:
        assert not LearnerProfile.objects.exists()
        assert BackfillRun.objects.count() == runs
        return
    [counts] = [dict(counts) for counts in summary.counts.values()]
    assert counts.pop("read") == sum(counts.values())
    assert len(summary.findings) == counts["rejected"]
    assert all(finding["errors"] for finding in summary.findings)
