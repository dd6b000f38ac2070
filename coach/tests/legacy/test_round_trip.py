"""Any valid stores: backfill, verify, export, backfill of the export; any bytes: refused or rejected."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import kills
from coach.documents.usernames import UnusableUsername, normalise
from coach.legacy.proving import export
from coach.legacy.stores import Store
from coach.models import BackfillRun, LearnerProfile, ScheduleItem
from coach.tests import strategies
from coach.tests.legacy.conftest import Stores
from coach.tests.legacy.people import FULL_AMARA, NOON, item, profile, schedule
from coach.tests.legacy.proving.test_export import verified
from coach.tests.management.commands.test_backfill import manage

pytestmark = pytest.mark.django_db(transaction=True)
some = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
few = settings(some, max_examples=12)


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
        # What a submission holds is not pending.
        inner = {
            part.attachment_id for one in submissions for part in one.attachments if one not in documents
        }
        unique = {getattr(document, key): document.to_object() for document in documents}
        unique = {key: record for key, record in unique.items() if key not in inner}
        for number, record in enumerate(unique.values() if owners else ()):
            listed[store].setdefault(owners[number % len(owners)], []).append(record)
    return {"profiles": people, **listed}


def exported(folder):
    export.stores(folder)
    return {name: Stores(folder).path(name).read_bytes() for name in Store}


def test_a_store_that_names_progress_restores_it_and_says_nothing_of_items_without(tmp_path_factory):
    never = {"launch_status": "pending", "last_launched_at": None, "active_session_id": None}
    done = {
        "launch_status": "completed",
        "last_launched_at": None,
        "last_completed_at": NOON,
        "active_session_id": "s",
    }
    items = [item("i1", **never), item("i2", **done), item("i3")]
    stores = Stores(tmp_path_factory.mktemp("stores")).write(
        profiles={"amara": profile("amara", curriculum_schedule=schedule(*items))}
    )
    assert stores.backfill().clean
    assert verified(stores).equal
    rows = ScheduleItem.objects.order_by("position")
    assert [row.launch_status for row in rows] == ["pending", "completed", "pending"]
    written = json.loads(exported(stores.folder / "first")["profiles"])["amara"]["curriculum_schedule"][
        "items"
    ]
    assert {name: written[1][name] for name in done} == done
    assert "launch_status" not in written[0] | written[2]


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
    LearnerProfile.objects.all().delete()
    assert shuffled.backfill().clean
    third = exported(stores.folder / "third")
    assert {name: json.loads(data) for name, data in third.items()} == decoded


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


@few
@given(
    st.lists(strategies.profiles, max_size=3),
    st.lists(strategies.submitted, max_size=4),
    st.lists(strategies.pending_attachments, max_size=4),
    st.randoms(use_true_random=False),
)
def test_split_files_end_in_the_same_database(tmp_path_factory, profiles, submissions, attachments, chance):
    content = as_stores(profiles, submissions, attachments)
    LearnerProfile.objects.all().delete()
    whole = Stores(tmp_path_factory.mktemp("whole")).write(**content)
    assert manage("backfill", "--data-dir", whole.folder).status == 0
    expected = kills.digests()

    LearnerProfile.objects.all().delete()
    first, second = split(content, chance)
    parts = [Stores(tmp_path_factory.mktemp("part")).write(**part) for part in (first, second)]
    for store in Store:
        for part in parts:
            assert manage("backfill", f"--{store}", part.path(store)).status == 0
    assert kills.digests() == expected


def split(content, chance):
    """The records of stores, each in one of two other stores."""
    parts = {name: {} for name in content}, {name: {} for name in content}
    for learner, record in content["profiles"].items():
        chance.choice(parts)["profiles"][learner] = record
    for name in ("submissions", "attachments"):
        for learner, records in content[name].items():
            for record in records:
                chance.choice(parts)[name].setdefault(learner, []).append(record)
    return parts


VALID = json.dumps([FULL_AMARA, profile("felix")]).encode()
damaged = st.builds(
    lambda start, length, instead: VALID[:start] + instead + VALID[start + length :],
    st.integers(0, len(VALID)),
    st.integers(0, 9) | st.just(len(VALID)),
    st.binary(max_size=4),
)


@some
@given(
    st.binary(max_size=80)
    | damaged
    | st.text(alphabet='{}[]:,"\\ u0d8username7.eNa\n', max_size=80).map(str.encode)
    | st.text(max_size=30).map(
        lambda text: json.dumps({"amara": [{"username": text, "submission_id": text}]}).encode()
    ),
    st.sampled_from(list(Store)),
)
def test_any_bytes_answer_1_and_leave_the_database_alone_or_rejects_say_why(tmp_path_factory, data, store):
    LearnerProfile.objects.all().delete()
    before = BackfillRun.objects.count(), kills.digests()
    stores = Stores(tmp_path_factory.mktemp("stores")).write(**{store: data})
    answer = manage("backfill", f"--{store}", stores.path(store), "--rejects", stores.rejects)
    if answer.status == 1:
        assert f"refused, nothing was written: {stores.path(store).name}: " in answer.err
        assert (BackfillRun.objects.count(), kills.digests()) == before
        return
    counts = answer.report["stores"][store]
    lines = stores.rejects.read_text().splitlines() if stores.rejects.exists() else []
    assert counts["read"] == counts["created"] + counts["rejected"]
    assert len(lines) == counts["rejected"]
    assert all(error["reason"] for line in lines for error in json.loads(line)["errors"])
    assert all(json.loads(line)["errors"] for line in lines)
    assert answer.status == (2 if lines else 0)
