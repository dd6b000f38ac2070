"""Attachments' bytes: copied once, verified, and never from outside of the folder."""

from __future__ import annotations

import hashlib
import os
import unicodedata

import pytest

from coach import attachments
from coach.models import AttachmentMetadata, BackfillFinding
from coach.tests.legacy.people import attachment, profile, submission

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "bytes"
    (folder / "amara").mkdir(parents=True)
    (folder / "amara" / "notes.txt").write_bytes(b"hello")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "inner.txt").symlink_to(folder / "amara" / "notes.txt")
    os.mkfifo(folder / "pipe")
    return folder


@pytest.fixture(autouse=True)
def storage(tmp_path, settings):
    location = {"location": tmp_path / "storage", "base_url": None}
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": location}
    settings.STORAGES = {**settings.STORAGES, "attachments": backend}


def one(stores, folder, **members):
    stores.write(
        profiles=[profile("amara")],
        attachments={"amara": [attachment("a1", kind="file", size_bytes=5) | members]},
    )
    return stores.backfill(attachment_files=folder)


def test_bytes_are_copied_verified_and_not_copied_again(stores, folder, tmp_path):
    summary = one(stores, folder, stored_path="amara/notes.txt")
    assert summary.clean
    assert summary.bytes_copied == {"copied": 1}
    assert attachments.digest("amara/notes.txt") == hashlib.sha256(b"hello").hexdigest()
    written = (tmp_path / "storage/amara/notes.txt").stat()
    AttachmentMetadata.objects.all().delete()
    assert stores.backfill(attachment_files=folder).bytes_copied == {"present": 1}
    assert (tmp_path / "storage/amara/notes.txt").stat() == written


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("../secret.txt", "unsafe_path"),
        ("amara/../../secret.txt", "unsafe_path"),
        ("/etc/passwd", "unsafe_path"),
        ("link.txt", "unsafe_path"),
        ("amara", "missing_file"),
        ("absent.txt", "missing_file"),
        ("pipe", "missing_file"),
        (".", "unsafe_path"),
        ("x" * 5000, "missing_file"),
    ],
)
def test_bytes_that_cannot_be_had_are_findings_and_the_row_comes_all_the_same(stores, folder, path, code):
    summary = one(stores, folder, stored_path=path)
    assert summary.bytes_copied == {code: 1}
    assert not summary.clean
    assert AttachmentMetadata.objects.get().stored_path == path
    finding = BackfillFinding.objects.get()
    assert (finding.outcome, finding.code, finding.natural_key) == ("file", code, "a1")


def test_a_link_within_the_folder_is_followed(stores, folder):
    assert one(stores, folder, stored_path="inner.txt").bytes_copied == {"copied": 1}


def test_another_size_than_the_record_says_is_found(stores, folder):
    assert one(stores, folder, stored_path="amara/notes.txt", size_bytes=6).bytes_copied == {"other_size": 1}
    assert attachments.exists("amara/notes.txt")


def test_links_and_files_without_a_path_have_no_bytes(stores, folder):
    assert one(stores, folder, kind="link", stored_path="amara/notes.txt").bytes_copied == {}


def test_files_within_submissions_are_copied_too(stores, folder):
    inner = {"attachment_id": "x", "name": "n", "kind": "file", "stored_path": "amara/notes.txt"}
    stores.write(profiles=[profile("amara")], submissions={"amara": [submission("s1", attachments=[inner])]})
    assert stores.backfill(attachment_files=folder).bytes_copied == {"copied": 1}


@pytest.mark.parametrize(
    ("theirs", "here", "outcome"),
    [
        ({}, {}, "unchanged"),
        ({}, {"name": "edited"}, "kept"),
        ({"name": "moved"}, {"name": "edited"}, "conflict"),
        ({"name": 7}, {}, "rejected"),
        ({"name": "moved"}, {}, "updated"),
    ],
)
def test_bytes_follow_the_outcome_of_their_record(stores, folder, theirs, here, outcome):
    one(stores, folder, stored_path="amara/notes.txt")
    if here:
        AttachmentMetadata.objects.update(edited_since_import=True, **here)
    (folder / "amara" / "notes.txt").write_bytes(b"other")
    summary = one(stores, folder, stored_path="amara/notes.txt", **theirs)
    assert summary.counts["attachments"][outcome] == 1
    stored = b"other" if outcome == "updated" else b"hello"
    assert attachments.digest("amara/notes.txt") == hashlib.sha256(stored).hexdigest()


def test_a_rehearsal_looks_at_the_bytes_and_writes_none(stores, folder):
    stores.write(
        profiles=[profile("amara")],
        attachments={
            "amara": [
                attachment("a1", kind="file", stored_path="amara/notes.txt"),
                attachment("a2", kind="file", stored_path="absent.txt"),
            ]
        },
    )
    summary = stores.backfill(attachment_files=folder, dry_run=True)
    assert summary.bytes_copied == {"copied": 1, "missing_file": 1}
    assert not attachments.exists("amara/notes.txt")


@pytest.mark.parametrize(("on_disk", "in_store"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_path_may_be_composed_otherwise_than_the_file_s_name(stores, folder, on_disk, in_store):
    path = "élan/é.txt"
    source = folder / unicodedata.normalize(on_disk, path)
    source.parent.mkdir()
    source.write_bytes(b"hello")
    stored = unicodedata.normalize(in_store, path)
    assert one(stores, folder, stored_path=stored).bytes_copied == {"copied": 1}
    assert attachments.digest(stored) == hashlib.sha256(b"hello").hexdigest()
    # Where both are there, each is itself.
    (folder / stored).parent.mkdir()
    (folder / stored).write_bytes(b"other")
    AttachmentMetadata.objects.all().delete()
    one(stores, folder, stored_path=stored)
    assert attachments.digest(stored) == hashlib.sha256(b"other").hexdigest()
