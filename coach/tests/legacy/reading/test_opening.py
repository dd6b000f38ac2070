"""What a file is: read where that is text or gzip of it, else refused by its name."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import socket
import zipfile

import pytest

from coach.legacy.reading import inputs, store_file
from coach.legacy.reading.opening import RefusedFile
from coach.legacy.stores import LAYOUTS, MANIFEST, Store

PROFILES = b'{"amara": {"username": "amara"}, "felix": {"username": "felix"}}'


def keys(path, store=Store.PROFILES, **options):
    opened = store_file.open_store(path, store, **options)
    try:
        return [record.key for batch in opened.batches(store, 10) for record in batch]
    finally:
        opened.close()


def archive(name):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(name, b"x")
    return packed.getvalue()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.json"


@pytest.mark.parametrize("store", list(Store))
@pytest.mark.parametrize(
    ("data", "named"),
    [
        ("[]".encode("utf-16"), "UTF-16"),
        ("[]".encode("utf-16-le"), "UTF-16"),
        ("[]".encode("utf-32"), "UTF-16 or UTF-32"),
        (archive("learner_profiles.json"), "a zip archive: unpack it"),
        (archive("[Content_Types].xml"), "an Excel workbook"),
        (b'{"username": "a"}\n{"username": "b"}\n', "JSON lines"),
        (b'{"username": "a"}\n["b"]\n', "JSON lines"),
        (gzip.compress(PROFILES, mtime=0)[:-9], "not a whole gzip file"),
        (gzip.compress(PROFILES, mtime=0) + b"more", "not a whole gzip file"),
        (gzip.compress(b"", mtime=0), "empty"),
        (gzip.compress("[]".encode("utf-16"), mtime=0), "UTF-16"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_its_name(path, store, data, named):
    path.write_bytes(data)
    with pytest.raises(RefusedFile, match=named):
        keys(path, store)


def named_pipe(path):
    os.mkfifo(path)


def listening_socket(path):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (named_pipe, "a pipe"),
        (os.mkdir, "a folder"),
        (lambda path: path.symlink_to("/dev/zero"), "a device"),
        (listening_socket, "a socket"),
    ],
)
@pytest.mark.parametrize("name", ["store.json", MANIFEST])
def test_what_is_no_file_is_refused_at_once_by_its_name(path, tmp_path, monkeypatch, make, named, name):
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    path.write_bytes(PROFILES)
    target = path.with_name(name)
    target.unlink(missing_ok=True)
    make(target if make is not listening_socket else name)
    with pytest.raises(RefusedFile, match=f"^{name}: is {named}"):
        keys(path)


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf" + PROFILES, gzip.compress(PROFILES, mtime=0)])
def test_a_byte_order_mark_is_skipped_and_gzip_unpacked(path, data):
    path.write_bytes(data)
    assert keys(path) == ["amara", "felix"]


def test_a_packed_default_file_is_found_and_described_as_it_lies_there(tmp_path):
    packed = tmp_path / f"{LAYOUTS[Store.PROFILES].file_name}.gz"
    packed.write_bytes(gzip.compress(PROFILES, mtime=0))
    with inputs.of_stores(tmp_path, {}) as found:
        [file] = [file.describe() for file in found]
    assert (file["name"], file["size"], file["records"]) == (packed.name, packed.stat().st_size, 2)
    assert file["sha256"] == hashlib.sha256(packed.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["learner_profiles.json", "learner_profiles.json.gz"])
def test_a_manifest_names_a_packed_file_as_it_lies_there_or_as_it_unpacks(tmp_path, name):
    packed = tmp_path / "learner_profiles.json.gz"
    packed.write_bytes(gzip.compress(PROFILES, mtime=0))
    right = hashlib.sha256(packed.read_bytes() if name.endswith("gz") else PROFILES).hexdigest()
    for sha256 in (right, "0" * 64):
        (tmp_path / MANIFEST).write_text(json.dumps({"files": {name: {"sha256": sha256}}}))
        if sha256 == right:
            assert keys(packed) == ["amara", "felix"]
        else:
            with pytest.raises(RefusedFile, match="sha256"):
                keys(packed)


def test_what_unpacks_to_more_than_the_limit_is_refused(path):
    path.write_bytes(gzip.compress(b" " * 10_000_000 + b"{}", mtime=0))
    with pytest.raises(RefusedFile, match="more than 1,000,000 bytes"):
        keys(path, largest=1_000_000)


SUBMISSIONS = {"amara": [{"submission_id": "s1"}], "felix": []}
ATTACHMENTS = {"amara": [{"attachment_id": "a1"}]}


@pytest.mark.parametrize(
    ("store", "content", "named"),
    [
        (Store.PROFILES, SUBMISSIONS, "submissions or attachments"),
        (Store.PROFILES, {"amara": []}, "submissions or attachments"),
        (Store.SUBMISSIONS, {"amara": {"username": "amara"}}, "it holds profiles"),
        (Store.SUBMISSIONS, ATTACHMENTS, "it holds attachments"),
        (Store.ATTACHMENTS, SUBMISSIONS, "it holds submissions"),
    ],
)
def test_a_store_of_another_kind_is_refused_by_that_name(path, store, content, named):
    path.write_text(json.dumps(content))
    with pytest.raises(RefusedFile, match=named):
        keys(path, store)


@pytest.mark.parametrize(
    ("store", "content"),
    [
        (Store.PROFILES, {"amara": [], "felix": {"username": "felix"}}),
        (Store.PROFILES, {"amara": [], "felix": 7}),
        (Store.PROFILES, {}),
        (Store.SUBMISSIONS, {"amara": {"submission_id": "s1"}}),
        (Store.SUBMISSIONS, {"amara": [{"attachment_id": "a1"}, {"submission_id": "s1"}]}),
        (Store.ATTACHMENTS, {"amara": []}),
        (Store.ATTACHMENTS, {"amara": [{"attachment_id": 7, "username": "amara"}]}),
        (Store.SUBMISSIONS, {"amara": [{"username": "amara"}, {"username": "amara"}]}),
    ],
)
def test_a_store_with_bad_records_is_judged_record_by_record(path, store, content):
    path.write_text(json.dumps(content))
    keys(path, store)


def test_an_output_is_recognised_as_an_input_however_it_is_spelled(tmp_path, monkeypatch):
    path = tmp_path / "learner_profiles.json"
    path.write_bytes(PROFILES)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "bytes").write_bytes(b"x")
    (tmp_path / "link").symlink_to(path)
    os.link(path, tmp_path / "hard")
    monkeypatch.chdir(tmp_path)
    read, files = inputs.paths_of_stores(tmp_path, {}), tmp_path / "files"
    spelled = [path, path.with_name("link"), path.with_name("hard"), path.relative_to(tmp_path)]
    spelled += [files / ".." / path.name, files / "bytes", tmp_path / MANIFEST]
    spelled += [tmp_path / "assessment_submissions.json"]
    assert [name for name in spelled if not inputs.is_one_of(name, read, files)] == []
    assert not inputs.is_one_of(tmp_path / "report.json", read, files)
