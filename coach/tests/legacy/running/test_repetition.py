"""What was imported already is not cut up again, and the answer is the one that record by record gives."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from coach.legacy.reading.store_file import StoreFile
from coach.models import AssessmentSubmission, AttachmentMetadata, BackfillRun, LearnerProfile
from coach.tests import strategies
from coach.tests.legacy.conftest import Stores
from coach.tests.legacy.people import FULL_AMARA, attachment, profile, submission
from coach.tests.legacy.test_round_trip import as_stores
from coach.tests.management.commands.test_backfill import manage

pytestmark = pytest.mark.django_db(transaction=True)

IMPORTED = (LearnerProfile, AssessmentSubmission, AttachmentMetadata)
RECORDS = [2, 3, 1]


@pytest.fixture
def repeated(monkeypatch):
    """How many records each store was taken to hold without being cut up, None for one that was."""
    found = []
    inspect = StoreFile.inspect

    def watched(file, records=None):
        found.append(records)
        inspect(file, records)

    monkeypatch.setattr(StoreFile, "inspect", watched)
    return found


@pytest.fixture
def stores(tmp_path, settings):
    settings.LEGACY_DATA_DIR = settings.BASE_DIR = tmp_path
    return Stores(tmp_path).write(
        profiles=[FULL_AMARA | {"palette": [1]}, profile("felix")],
        submissions={"felix": [submission("s3")], "amara": [submission("s1"), submission("s2", mood="good")]},
        attachments={"amara": [attachment("a1")]},
    )


def report(*words):
    """What a run reports, but for its number and its seconds."""
    answer = manage("backfill", *words)
    found = answer.report
    for counts in found["stores"].values():
        del counts["seconds"]
    return answer.status, {name: value for name, value in found.items() if name not in ("run", "rejects")}


def rows():
    return [list(model.objects.order_by("pk").values()) for model in IMPORTED]


def again(repeated):
    """Whether the next run does without cutting up; it has to answer what record by record answers."""
    repeated.clear()
    before, answered = rows(), report()
    is_repetition = None not in repeated
    if is_repetition:
        assert rows() == before
        # Of another version no proof counts.
        BackfillRun.objects.update(version="another")
        assert report() == answered
        assert None in repeated
        assert rows() == before
    return is_repetition


def test_what_was_imported_is_not_cut_up_again(stores, repeated):
    manage("backfill")
    for _ in range(2):
        repeated.clear()
        assert manage("backfill").status == 0
        assert repeated == RECORDS
    assert again(repeated)


@pytest.mark.parametrize(
    "change",
    [
        lambda stores: (
            stores.path("profiles")
            .with_suffix(".json.gz")
            .write_bytes(gzip.compress(stores.path("profiles").read_bytes()))
            and stores.path("profiles").unlink()
        ),
        lambda stores: stores.write(submissions=b"\xef\xbb\xbf" + stores.path("submissions").read_bytes()),
        lambda stores: stores.write(submissions={}),
        lambda stores: stores.path("attachments").unlink(),
    ],
    ids=["gzip", "byte order mark", "empty", "absent"],
)
def test_the_kind_of_file_does_not_matter(stores, repeated, change):
    change(stores)
    manage("backfill")
    assert again(repeated)


def test_rows_that_were_never_imported_do_not_matter(stores, repeated):
    manage("backfill")
    LearnerProfile.objects.create(username="zoe", last_updated=LearnerProfile.objects.first().last_updated)
    assert again(repeated)


def test_a_rehearsal_does_not_cut_up_either_and_proves_nothing(stores, repeated):
    manage("backfill", "--dry-run")
    manage("backfill")
    assert None in repeated
    repeated.clear()
    assert report("--dry-run")[0] == 0
    assert repeated == RECORDS


@pytest.mark.parametrize("model", IMPORTED)
@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.first().save(),
        lambda rows: rows.first().delete(),
        lambda rows: rows.update(raw_checksum="0" * 64),
        lambda rows: rows.update(import_checksum=""),
    ],
    ids=["edited", "deleted", "other bytes", "not imported"],
)
def test_one_row_that_is_not_as_it_was_imported_is_seen(stores, repeated, model, change):
    manage("backfill")
    change(model.objects.filter(pk=model.objects.latest("pk").pk))
    assert not again(repeated)


@pytest.mark.parametrize("model", IMPORTED[1:])
def test_a_row_of_another_learner_is_seen(stores, repeated, model):
    manage("backfill")
    row = model.objects.latest("pk")
    row.learner = LearnerProfile.objects.exclude(pk=row.learner_id).get()
    model.objects.filter(pk=row.pk).update(learner=row.learner)
    assert not again(repeated)


def test_an_attachment_that_was_used_is_seen(stores, repeated):
    manage("backfill")
    AttachmentMetadata.objects.update(submission=AssessmentSubmission.objects.first())
    assert not again(repeated)


def test_another_byte_in_any_file_is_seen(stores, repeated):
    for store in ("profiles", "submissions", "attachments"):
        manage("backfill")
        stores.path(store).write_bytes(stores.path(store).read_bytes() + b"\n")
        assert not again(repeated)


def test_another_version_of_the_importing_core_is_seen(stores, repeated, settings):
    manage("backfill")
    settings.VERSION = "another"
    assert not again(repeated)


@pytest.mark.parametrize("words", [("--username", "amara"), ("--attachment-files", "fixtures")])
def test_a_run_that_looks_closer_cuts_up(stores, repeated, words):
    manage("backfill")
    repeated.clear()
    manage("backfill", *words)
    assert set(repeated) == {None}


def test_a_part_of_the_learners_proves_nothing(stores, repeated):
    manage("backfill", "--username", "amara", "--username", "felix")
    assert not again(repeated)


def test_records_that_were_rejected_or_kept_are_looked_at_again(stores, repeated):
    stores.write(attachments={"amara": [attachment("a1"), 7]})
    manage("backfill")
    assert not again(repeated)
    stores.write(attachments={"amara": [attachment("a1")]})
    LearnerProfile.objects.get(username="felix").save()
    LearnerProfile.objects.filter(username="felix").update(goal="edited")
    manage("backfill")
    assert not again(repeated)


def test_a_manifest_is_compared_all_the_same(stores, repeated):
    manage("backfill")
    (stores.folder / "manifest.json").write_text('{"files": {"learner_profiles.json": {"size": 1}}}')
    assert manage("backfill").status == 1


@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(strategies.profiles, max_size=3),
    st.lists(strategies.submitted, max_size=3),
    st.sampled_from([None, None, LearnerProfile, AssessmentSubmission]),
    st.sampled_from([{}, {"extra": [1]}]),
)
def test_both_ways_answer_alike(stores, repeated, profiles, submissions, edited, extra):
    LearnerProfile.objects.all().delete()
    BackfillRun.objects.all().delete()
    content = as_stores(profiles, submissions, [])
    for record in content["profiles"].values():
        record |= extra
    stores.write(**content)
    clean = manage("backfill").status == 0
    if row := edited and edited.objects.first():
        row.save()
    assert again(repeated) == (clean and not row)
