"""The reject file: a line a rejected record, mended and taken back."""

from __future__ import annotations

import json

import pytest

from coach.legacy.reading import inputs
from coach.legacy.running import ledger
from coach.legacy.running.backfill import Backfill
from coach.legacy.running.reject_file import RejectFile
from coach.legacy.running.summary import Options
from coach.legacy.stores import Store
from coach.models import AssessmentSubmission, AttachmentMetadata, LearnerProfile
from coach.tests.legacy.people import attachment, profile, submission

pytestmark = pytest.mark.django_db(transaction=True)


def retry(path, rejected_again):
    with inputs.of_rejects(path) as found:
        files = [file.describe() for file in found]
        run = ledger.start(source="command", actor="a test", version="0", options={}, files=files)
        again = RejectFile(rejected_again)
        return Backfill(
            files=found, options=Options(), derive=lambda assessment, plan: None, run=run, rejects=again
        ).execute()


COUNTS = ledger.empty_counts()


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_mended_records_are_taken_and_the_others_are_rejected_again(stores, tmp_path):
    stores.write(
        profiles={"amara": profile("amara"), "felix": profile("felix", goal=7), "lost": 3},
        submissions={"FELIX": [submission("s1", metadata={"n": 1})], "amara": {"submission_id": "s2"}},
        attachments={"amara": [attachment("a1", kind="video")]},
    )
    assert sum(counts["rejected"] for counts in stores.backfill().counts.values()) == 5
    mended = lines(stores.rejects)
    mended[0]["record"]["goal"] = "mended"
    mended[2]["record"]["metadata"] = {"n": "1"}
    mended[3]["record"] = [submission("s2"), submission("s3")]
    mended[4]["record"]["kind"] = "link"
    stores.rejects.write_text("\n".join(map(json.dumps, mended)) + "\n\n")
    summary = retry(stores.rejects, tmp_path / "again.jsonl")
    assert {store: counts["created"] for store, counts in summary.counts.items()} == {
        "profiles": 1,
        "submissions": 3,
        "attachments": 1,
    }
    assert [line["record"] for line in lines(tmp_path / "again.jsonl")] == [3]
    assert LearnerProfile.objects.get(username="felix").goal == "mended"
    assert AssessmentSubmission.objects.get(submission_id="s1").learner.username == "felix"
    assert AttachmentMetadata.objects.get().kind == "link"


def test_a_record_comes_back_as_it_was_line_breaks_between_members_apart(stores):
    spelled = b'{\n "username": "amara",\r\n "goal": 12345678901234567890.0, "x": "\\n \\u0000 \\ud800"\n}'
    stores.write(profiles=b"[" + spelled + b"]").backfill()
    [line] = stores.rejects.read_bytes().splitlines()
    assert line.endswith(b'"record": ' + spelled.replace(b"\r", b" ").replace(b"\n", b" ") + b"}")


@pytest.mark.parametrize(
    "line", [b"{}", b"7", b'{"store": "other", "record": {}}', b"{", b'{"store": "profiles"}']
)
def test_a_line_that_is_no_rejected_record_is_rejected_again_and_holds_up_no_other(tmp_path, line):
    path, again = tmp_path / "rejects.jsonl", tmp_path / "again.jsonl"
    path.write_bytes(b'{"store": "profiles", "record": {"username": "amara"}}\n' + line + b"\n")
    assert retry(path, again).counts["profiles"] | {"unchanged": 0} == COUNTS | {
        "created": 1,
        "rejected": 1,
        "read": 2,
    }
    [kept] = lines(again)
    assert (kept["code"], kept["place"], kept["record"]) == ("unreadable_line", "line 2", line.decode())
    assert retry(again, tmp_path / "third.jsonl").counts["profiles"]["rejected"] == 1


ODD_OWNERS = ['"\\ud83d"', '"\\u0000"', '"a b"', '"x\\ny"', '"\u202e"', '""', '"\\"]"', '"é/."']


@pytest.mark.parametrize("owner", ODD_OWNERS)
def test_every_line_that_a_run_writes_can_be_read_again_and_survives_a_resume(stores, tmp_path, owner):
    records = json.dumps([submission("s1", metadata=7)])
    stores.write(
        profiles=[profile("amara")], submissions=f"{{{owner}: {records}, {owner}: 3}}".encode()
    ).backfill()
    RejectFile(stores.rejects).keep_before(Store.ATTACHMENTS, 0)
    written = stores.rejects.read_bytes()
    assert len(written.splitlines()) == 2
    retry(stores.rejects, tmp_path / "again.jsonl")
    assert [line["record"] for line in lines(tmp_path / "again.jsonl")] == [
        line["record"] for line in lines(stores.rejects)
    ]


def test_keeping_drops_what_comes_again_and_half_a_line(tmp_path):
    path = tmp_path / "rejects.jsonl"
    heads = [("profiles", 0), ("profiles", 7), ("submissions", 1), ("submissions", 2), ("attachments", 0)]
    whole = [json.dumps({"store": s, "ordinal": n, "record": 1}) for s, n in heads]
    path.write_text("\n".join([*whole, "{}"]) + '\n{"store": "profiles", "ord')
    RejectFile(path).keep_before(Store.SUBMISSIONS, 2)
    assert [(line.get("store"), line.get("ordinal")) for line in lines(path)] == [*heads[:3], (None, None)]


def test_a_full_disk_stops_the_run_before_the_batch_is_written(stores, monkeypatch):
    from coach.legacy.running.retry import DatabaseFailed

    def full(self, planned):
        raise OSError(28, "No space left on device")

    # No test can fill a disk.
    monkeypatch.setattr(RejectFile, "add", full)
    stores.write(profiles=[profile("amara"), 7])
    with pytest.raises(DatabaseFailed, match="No space left"):
        stores.backfill()
    assert not LearnerProfile.objects.exists()
    assert ledger.unfinished().state == "failed"
