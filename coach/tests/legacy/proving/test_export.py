"""The way back, and the proof: export and verify against what was imported."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil

import pytest
from django.db import connection

from coach.documents.submissions import Submission
from coach.legacy.proving import export, verify
from coach.legacy.reading import inputs
from coach.legacy.stores import LAYOUTS, Store
from coach.models import AttachmentMetadata, LearnerProfile, MemoryRecord
from coach.tests import cast
from coach.tests.legacy.conftest import Stores
from coach.tests.legacy.people import FULL_AMARA, attachment, note, profile, submission

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def imported(stores):
    stores.write(
        profiles={
            "x": FULL_AMARA | {"palette": [1]},
            "y": profile("fél ix", memory_records=[note("n", extra={"a": 1})]),
        },
        submissions={
            "fél ix": [submission("s3")],
            "amara": [submission("s1"), submission("s2", mood="good")],
        },
        attachments={"amara": [attachment("a1"), attachment("a2")]},
    )
    assert stores.backfill().clean
    return stores


def verified(stores, **options):
    with inputs.of_stores(stores.folder, {}) as found:
        return verify.compare(found, derive=lambda assessment, plan: None, **options)


def exported(tmp_path, **options):
    folder = tmp_path / "export"
    export.stores(folder, **options)
    return Stores(folder)


def read(stores, name):
    return json.loads(stores.path(name).read_text())


def test_an_export_gives_every_record_back_with_its_unknown_members(imported, tmp_path):
    found = exported(tmp_path)
    profiles = read(found, "profiles")
    assert list(profiles) == ["amara", "fél ix"]
    assert profiles["amara"]["palette"] == [1]
    assert profiles["amara"]["elo_snapshot"] == {"sql": 1200, "http": 1100}
    assert profiles["fél ix"]["memory_records"][0]["extra"] == {"a": 1}
    assert profiles["fél ix"]["onboarding_assessment"] is None
    assert [entry["submission_id"] for entry in read(found, "submissions")["amara"]] == ["s1", "s2"]
    assert read(found, "submissions")["amara"][1]["mood"] == "good"
    assert [entry["attachment_id"] for entry in read(found, "attachments")["amara"]] == ["a1", "a2"]


def test_records_of_a_learner_stand_side_by_side_whatever_the_order_of_their_rows(tmp_path):
    people = [cast.learner(cast.AMARA), cast.learner(cast.FELIX)]
    for number in range(4):
        learner = people[number % 2]
        document = Submission(submission_id=f"s{number}", username=learner.username, submitted_at=cast.NOON)
        cast.submission(learner, document)
    found = read(exported(tmp_path), "submissions")
    assert {name: [entry["submission_id"] for entry in entries] for name, entries in found.items()} == {
        "amara": ["s0", "s2"],
        "felix": ["s1", "s3"],
    }


def test_a_record_with_unknown_members_keeps_its_numbers_as_they_are_spelled(stores, tmp_path):
    stores.write(
        profiles=b"""{"amara": {"username": "amara", "last_updated": "2025-04-02T12:00:00Z",
        "elo_snapshot": {"b": 9007199254740993},
        "foundation_tracks": [{"track_id": "t", "label": "l", "weight": 0.1}], "extra": [12345678901234567890, 1.0]}}"""
    )
    assert stores.backfill().clean
    exported(tmp_path)
    text = Stores(tmp_path / "export").path("profiles").read_text()
    assert '"elo_snapshot":{"b":9007199254740993}' in text
    assert '"weight":0.1,' in text
    assert '"extra":[12345678901234567890,1.0]}' in text


def test_the_manifest_holds_for_every_file(imported, tmp_path):
    found = exported(tmp_path)
    files = json.loads((found.folder / "manifest.json").read_text())["files"]
    assert files.keys() == {layout.file_name for layout in LAYOUTS.values()}
    for name, said in files.items():
        data = (found.folder / name).read_bytes()
        assert (said["size"], said["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert [files[LAYOUTS[store].file_name]["records"] for store in Store] == [2, 3, 2]
    assert sorted(path.name for path in found.folder.iterdir()) == sorted([*files, "manifest.json"])


def test_an_export_verifies_and_changes_nothing_when_it_is_imported(imported, tmp_path):
    found = exported(tmp_path)
    assert verified(found).equal
    summary = found.backfill()
    assert {name for counts in summary.counts.values() for name, n in counts.items() if n} == {
        "read",
        "unchanged",
    }


def test_an_export_into_an_empty_database_gives_the_same_export_again(imported, tmp_path):
    found = exported(tmp_path)
    before = {name: found.path(name).read_bytes() for name in Store}
    LearnerProfile.objects.all().delete()
    assert found.backfill().clean
    again = Stores(tmp_path / "again")
    export.stores(again.folder)
    assert {name: again.path(name).read_bytes() for name in Store} == before


def test_an_empty_database_exports_empty_stores(stores, tmp_path):
    found = exported(tmp_path)
    assert [read(found, name) for name in Store] == [{}, {}, {}]
    assert found.backfill().clean


def test_only_the_named_learners_are_exported(imported, tmp_path):
    found = exported(tmp_path, usernames=frozenset({"fél ix"}))
    assert list(read(found, "profiles")) == list(read(found, "submissions")) == ["fél ix"]
    assert read(found, "attachments") == {}


def legacy(folder):
    shutil.rmtree(folder)
    Stores(folder).path("profiles").parent.mkdir()
    Stores(folder).write(profiles=[])


def foreign_manifest(folder):
    legacy(folder)
    Stores(folder).path("profiles").unlink()
    (folder / "manifest.json").write_text('{"name": "a web application"}')


def grown(folder):
    with Stores(folder).path("submissions").open("ab") as file:
        file.write(b" ")


@pytest.mark.parametrize(
    ("change", "names", "is_refused"),
    [
        (lambda folder: None, (), False),
        (lambda folder: None, ("amara",), True),
        (legacy, (), True),
        (legacy, ("amara",), True),
        (foreign_manifest, (), True),
        (foreign_manifest, ("amara",), True),
        (grown, (), True),
        (lambda folder: (folder / "assessment_submissions.json.gz").write_bytes(b""), (), True),
        (shutil.rmtree, ("amara",), False),
    ],
)
def test_an_export_replaces_nothing_but_an_earlier_export_unasked(
    imported, tmp_path, change, names, is_refused
):
    folder = exported(tmp_path).folder
    change(folder)
    before = {path: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}
    if is_refused:
        with pytest.raises(export.Refused, match="--force"):
            export.stores(folder, usernames=frozenset(names))
        assert {path: path.read_bytes() for path in folder.iterdir()} == before
    export.stores(folder, usernames=frozenset(names), force=is_refused)
    assert list(read(Stores(folder), "profiles")) == ["amara", *(() if names else ("fél ix",))]


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_no_export_replaces_what_an_import_reads_however_it_is_named(imported, tmp_path, link):
    export_folder = tmp_path / "export"
    export_folder.mkdir()
    link(imported.path("profiles"), Stores(export_folder).path("profiles"))
    (tmp_path / "linked").symlink_to(imported.folder)
    for folder in (imported.folder, tmp_path / "linked", export_folder):
        with pytest.raises(export.Refused, match="what an import reads"):
            export.stores(folder, inputs=imported.folder, force=True)
    assert verified(imported).equal


def test_unknown_members_whose_place_is_gone_are_counted(imported, tmp_path):
    MemoryRecord.objects.filter(learner__username="fél ix").delete()
    assert [file.misplaced for file in export.stores(tmp_path / "export")] == [1, 0, 0]


def test_used_attachments_are_pending_no_more(imported, tmp_path):
    row = AttachmentMetadata.objects.get(attachment_id="a1")
    row.submission = LearnerProfile.objects.get(username="amara").submissions.first()
    row.save()
    assert [e["attachment_id"] for e in read(exported(tmp_path), "attachments")["amara"]] == ["a2"]


def test_a_failure_leaves_the_earlier_export_alone(imported, tmp_path, monkeypatch):
    found = exported(tmp_path)
    before = {path.name: path.read_bytes() for path in found.folder.iterdir()}

    def full(*_):
        raise OSError(28, "No space left on device")

    # No test can fill a disk.
    monkeypatch.setattr(export._Part, "write", full)
    with pytest.raises(OSError, match="No space left"):
        export.stores(found.folder)
    assert {path.name: path.read_bytes() for path in found.folder.iterdir()} == before


@pytest.mark.postgresql("SQLite's snapshot is its own affair")
def test_an_export_sees_one_moment_of_the_database(imported, tmp_path):
    def edit(store, done, total):
        if store == Store.PROFILES and done == 1:
            with contextlib.closing(connection.copy()) as other, other.cursor() as cursor:
                cursor.execute("UPDATE coach_assessmentsubmission SET metadata = '{}'")

    found = exported(tmp_path, progress=edit)
    assert read(found, "submissions")["amara"][0]["metadata"] == {"z": "1", "a": "2"}


# --- verify -----------------------------------------------------------------------------------------


def test_what_was_imported_verifies(imported):
    result = verified(imported)
    assert result.equal
    assert [counts["equal"] for counts in result.counts.values()] == [2, 3, 2]


@pytest.mark.parametrize(
    ("edit", "path"),
    [
        (lambda: LearnerProfile.objects.filter(username="amara").update(goal="secret"), "$.goal"),
        (
            lambda: LearnerProfile.objects.filter(username="amara").update(unknown_members=None),
            "$.palette (unknown member)",
        ),
        (
            lambda: MemoryRecord.objects.filter(note_id="n2").update(note_id="n0"),
            "$.memory_records[1].note_id",
        ),
        (
            lambda: LearnerProfile.objects.filter(username="amara").update(
                elo_snapshot='{"http":1100,"sql":1200}'
            ),
            "$.elo_snapshot (order)",
        ),
    ],
)
def test_a_difference_is_named_by_path_and_never_by_content(imported, edit, path):
    edit()
    result = verified(imported)
    [difference] = result.differences
    assert not result.equal
    assert difference.key == "amara"
    assert path in difference.paths
    assert "secret" not in repr(result)


def test_a_missing_row_is_a_difference_and_a_rejected_record_is_none(stores):
    stores.write(profiles=[profile("amara"), 7], submissions={"nobody": [submission("s")]}).backfill()
    assert verified(stores).equal
    assert verified(stores).total("rejected") == 2
    LearnerProfile.objects.all().delete()
    assert [d.paths for d in verified(stores).differences] == [("$ (no such row)",)]
