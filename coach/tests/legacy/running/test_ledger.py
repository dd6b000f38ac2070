"""Findings: what they keep of a record, and which later run closes them."""

from __future__ import annotations

import json

import pytest

from coach.legacy.running import ledger
from coach.models import BackfillFinding, BackfillRun, LearnerProfile
from coach.tests.legacy.conftest import Stores
from coach.tests.legacy.people import attachment, profile, submission
from coach.tests.management.commands.test_backfill import manage

pytestmark = pytest.mark.django_db(transaction=True)

BAD = profile("felix", timezone=["bad"])


@pytest.fixture
def stores(tmp_path, settings):
    settings.LEGACY_DATA_DIR = settings.BASE_DIR = tmp_path
    return Stores(tmp_path)


def states():
    """Of each finding, oldest first: its number, its run, and the run that closed it."""
    found = BackfillFinding.objects.order_by("pk").values_list("natural_key", "run", "resolved_run")
    runs = {
        pk: number
        for number, pk in enumerate(BackfillRun.objects.order_by("pk").values_list("pk", flat=True), 1)
    }
    return [(key, runs[run], runs.get(closed)) for key, run, closed in found]


def edit(**columns):
    row = LearnerProfile.objects.get(username="amara")
    for name, value in columns.items():
        setattr(row, name, value)
    row.save()


def test_a_finding_keeps_the_record_as_it_stands_in_the_store(stores):
    stores.write(
        profiles=b'{"felix": {"username": "felix",\r\n "n": 12345678901234567890.0, "timezone": [1]}}'
    )
    stores.backfill()
    text = '{"username": "felix",\r\n "n": 12345678901234567890.0, "timezone": [1]}'
    assert BackfillFinding.objects.get().record == text


def test_a_conflict_keeps_the_stores_record(stores):
    stores.write(profiles=[profile("amara")]).backfill()
    edit(goal="Here.")
    stores.write(profiles=[profile("amara", goal="There.")]).backfill()
    finding = BackfillFinding.objects.get()
    assert (finding.outcome, json.loads(finding.record)["goal"]) == ("conflict", "There.")


def test_a_large_record_is_not_kept(stores, monkeypatch):
    monkeypatch.setattr(ledger, "LARGEST_KEPT", 200)
    stores.write(profiles=[BAD, profile("ngozi", timezone=[1], goal="x" * 200)]).backfill()
    assert [row.record is None for row in BackfillFinding.objects.order_by("pk")] == [False, True]


def test_what_a_later_run_imports_is_resolved_by_it_and_its_record_goes(stores):
    stores.write(profiles=[profile("amara"), BAD]).backfill()
    stores.write(profiles=[profile("amara"), profile("felix")]).backfill()
    finding = BackfillFinding.objects.get()
    assert (finding.resolution, finding.resolved_by, finding.record) == ("later_run", "a test", None)
    assert finding.resolved_run == BackfillRun.objects.latest("pk")


def test_what_is_at_fault_again_is_found_again(stores):
    stores.write(profiles=[BAD])
    for _ in range(3):
        stores.backfill()
    assert states() == [("felix", 1, 2), ("felix", 2, 3), ("felix", 3, None)]


def test_a_conflict_is_resolved_where_the_store_went_back(stores):
    stores.write(profiles=[profile("amara")]).backfill()
    edit(goal="Here.")
    stores.write(profiles=[profile("amara", goal="There.")]).backfill()
    stores.write(profiles=[profile("amara")])
    assert stores.backfill().counts["profiles"]["kept"] == 1
    assert states() == [("amara", 2, 3)]


def test_a_finding_is_resolved_by_a_run_that_finds_the_record_equal(stores):
    stores.write(profiles=[profile("amara")]).backfill()
    stores.write(profiles=[profile("amara", timezone=[1])]).backfill()
    stores.write(profiles=[profile("amara")])
    assert stores.backfill().counts["profiles"]["unchanged"] == 1
    assert states() == [("amara", 2, 3)]


def test_a_finding_is_resolved_by_a_run_that_reads_no_record_again(stores):
    stores.write(profiles=[profile("amara"), profile("felix")])
    assert manage("backfill").status == 0
    stores.write(profiles=[profile("amara"), BAD])
    assert manage("backfill").status == 2
    stores.write(profiles=[profile("amara"), profile("felix")])
    assert manage("backfill").status == 0
    assert states() == [("felix", 2, 3)]


def test_a_run_for_some_learners_resolves_theirs_alone(stores):
    stores.write(profiles=[BAD, profile("ngozi", timezone=[1])]).backfill()
    stores.write(profiles=[profile("felix"), profile("ngozi")]).backfill(usernames=frozenset({"felix"}))
    assert states() == [("felix", 1, 2), ("ngozi", 1, None)]


def test_a_record_without_an_id_waits_until_its_store_is_read_again(stores):
    stores.write(profiles=[profile("amara")], submissions={"amara": [7]}).backfill()
    assert states() == [("", 1, None)]
    stores.backfill(usernames=frozenset({"amara"}))
    assert states() == [("", 1, None), ("", 2, None)]
    stores.write(submissions={"amara": [submission("s1")]}).backfill()
    assert states() == [("", 1, 3), ("", 2, 3)]


def test_mended_rejects_resolve_what_they_were(stores):
    stores.write(profiles=[profile("amara"), BAD], submissions={"amara": [7], "felix": [8]})
    assert manage("backfill").status == 2
    lines = (
        stores.rejects if stores.rejects.exists() else next((stores.folder / "var" / "backfill").glob("*"))
    )
    mended = [json.loads(line) for line in lines.read_text().splitlines()]
    mended = [line for line in mended if line["place"] != "$.felix[0]"]
    for line in mended:
        line["record"] = profile("felix") if line["store"] == "profiles" else submission("s1")
    path = stores.folder / "mended.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in mended))
    assert manage("backfill", f"--retry-rejected={path}").status == 0
    assert states() == [("felix", 1, 2), ("", 1, 2), ("", 1, None)]


def test_missing_bytes_are_resolved_where_some_were_copied(stores):
    bytes_ = stores.folder / "files"
    bytes_.mkdir()
    file = attachment("a1", kind="file", stored_path="amara/a1.txt", size_bytes=2)
    stores.write(profiles=[profile("amara")], attachments={"amara": [file]})
    stores.backfill(attachment_files=bytes_)
    stores.backfill()
    assert states() == [("a1", 1, None)]
    (bytes_ / "amara").mkdir()
    (bytes_ / "amara" / "a1.txt").write_text("ok")
    stores.write(attachments={"amara": [{**file, "name": "new"}]})
    stores.backfill(attachment_files=bytes_)
    assert states() == [("a1", 1, 3)]
