"""The tamperer: every column of every imported table is changed, one at a time, and `--verify` must name it.

The columns come from the models, so a new one is included by itself; what verification need not see is listed with
the reason.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import models as orm

from coach import models
from coach.models.database.fields import DocumentField
from coach.tests.legacy.model import stores
from coach.tests.legacy.model.fields import Pairs
from coach.tests.legacy.model.world import World

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = (
    models.LearnerProfile,
    models.MemoryRecord,
    models.CurriculumSchedule,
    models.ScheduleItem,
    models.AssessmentSubmission,
    models.AttachmentMetadata,
)
# Why verification must not name it, by column, for every table that has it.
EXCUSED = {
    "id": "a number of the database's own, which no store, client or export knows",
    "imported_at": "when an import wrote the row: no store says it",
    "imported_by": "which run wrote the row: no store says it",
    "edited_since_import": "a hint that saves comparing: the checksums decide",
    "raw_checksum": "saves decoding where the bytes are the same; a store may be spelled in other bytes",
}
# The same for one way of changing a column, or for one use of a row.
EXCUSED_CHANGES = {
    ("extended_assessment", "NULL"): "not derived yet: it is derived when it is read",
    ("unknown_members", "spelled otherwise"): "an export writes its values, not its text",
    ("unknown_members", "members in another order"): "the order of members carries no meaning",
    ("position", "pending"): "pending attachments are listed by time; a submission gives them their position",
    ("source", "pending"): "a pending attachment has none; a submission gives it one",
    ("import_checksum", "attached"): "what a submission holds was imported with the submission's record",
    ("content_checksum", "attached"): "what a submission holds was imported with the submission's record",
    ("unknown_members", "attached"): "what a submission holds was imported with the submission's record",
}


class Store:
    """Two learners who have everything, imported; and the words of the command that verifies them."""

    def __init__(self, folder: Path) -> None:
        chance = random.Random(4)
        self.world = World(folder, chance)
        self.world.empty()
        self.profiles, self.submissions, self.attachments = Pairs(), Pairs(), Pairs()
        for name in ("mira", "joanna"):
            maker = stores.Maker(chance, complete=True, timeless=False)
            profile = rich(maker, "profile", name)
            profile |= {
                "timezone": "Europe/Lisbon",
                "elo_snapshot": {"b": 2, "a": 1},
                "schedule_adjustments": {"i": 3},
            }
            profile["memory_records"] = [{**rich(maker, "note", name), "note_id": f"n{n}"} for n in range(2)]
            profile["curriculum_schedule"] = rich(maker, "schedule", name)
            profile["curriculum_schedule"]["items"] = [
                {**rich(maker, "item", name), "item_id": f"i{n}", "recommended_day_offset": n}
                for n in range(2)
            ]
            self.profiles.append((name, profile))
            submission = rich(maker, "submission", name) | {"submission_id": f"s-{name}"}
            submission["attachments"] = [
                self.attachment(maker, "attachment", name, f"b{n}-{name}") for n in range(2)
            ]
            submission["metadata"] = {"b": "2", "a": "1", "attachments": "x.py"}
            self.submissions.append(
                (name, [submission, {**submission, "submission_id": f"t-{name}", "attachments": []}])
            )
            self.attachments.append((name, [self.attachment(maker, "pending", name, f"a-{name}")]))
        content = {
            "profiles": self.profiles,
            "submissions": self.submissions,
            "attachments": self.attachments,
        }
        paths = self.world.write(content)
        self.words = [word for store, path in paths.items() for word in (f"--{store}", str(path))]
        self.folder = self.world.write_bytes({f"{key}.bin": b"the bytes" for key in self.keys()})
        done = self.world.backfill(*self.words, "--attachment-files", str(self.folder))
        assert done.status == 0, done

    def attachment(self, maker: stores.Maker, kind: str, name: str, key: str) -> dict[str, Any]:
        made = rich(maker, kind, name) | {"attachment_id": key, "kind": "file"}
        return made | {"stored_path": f"{key}.bin", "size_bytes": 9}

    def keys(self) -> list[str]:
        return [f"{letter}-{name}" for name in ("mira", "joanna") for letter in ("b0", "b1", "a")]

    def fault(self, what: str, *, about: str = "mira", files: bool = False) -> list[str]:
        """What is wrong with how verification takes a change: nothing, where it names it."""
        words = [*self.words, *(["--attachment-files", str(self.folder)] if files else [])]
        try:
            ended = self.world.backfill("--verify", *words)
        except Exception as crash:
            return [f"{what}: {type(crash).__name__}: {crash}"]
        _, _, said = ended.printed.partition("\n")
        if ended.status != 4:
            return [f"{what}: status {ended.status}"]
        return [] if about in said else [f"{what}: {about} is not named: {said}"]


def rich(maker: stores.Maker, kind: str, name: str) -> dict[str, Any]:
    """A record in which every member has a value that is not the default one."""
    made = maker.document(kind)
    made["legacy_flag"] = {"kept": "aside"}
    for member, value in made.items():
        if value in (None, "") and member not in ("timezone",):
            made[member] = "text"
    if "grading" in made or "onboarding_assessment_result" in made:
        made["grading" if "grading" in made else "onboarding_assessment_result"] = maker.document("result")
    for member in ("elo_category_plan", "curriculum_plan", "onboarding_assessment", "goal_inference"):
        if made.get(member) == "text":
            made[member] = maker.document(
                {
                    "elo_category_plan": "plan",
                    "curriculum_plan": "curriculum",
                    "onboarding_assessment": "assessment",
                    "goal_inference": "inference",
                }[member]
            )
    if "username" in made:
        made["username"] = name
    return made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "world")


# --- columns ----------------------------------------------------------------------------------------


def changes(row: orm.Model, column: Any) -> Iterator[tuple[str, Any]]:
    """Ways to change one column of a row, each by name and new value, as the database takes it."""
    value = getattr(row, column.attname)
    if column.is_relation:
        others = column.related_model.objects.exclude(pk=value)
        yield from [("another row", other.pk) for other in others[:1]]
    elif isinstance(column, DocumentField):
        yield from _document_changes(value)
    elif column.choices:
        yield from [("another choice", choice) for choice, _ in column.flatchoices if choice != value][:1]
    elif isinstance(column, orm.BooleanField):
        yield "the other", not value
    elif isinstance(column, orm.DateTimeField):
        yield (
            "a microsecond later",
            (value or dt.datetime(2025, 1, 1, tzinfo=dt.UTC)) + dt.timedelta(microseconds=1),
        )
    elif isinstance(column, orm.IntegerField):
        yield "larger", (value or 0) + 10
    else:
        kept = (value or "")[: column.max_length and column.max_length - 1]
        yield "another text", f"{kept}x"
    if column.null and value is not None:
        yield "NULL", None


def _document_changes(text: str | None) -> Iterator[tuple[str, str]]:
    yield "another kind", "7" if text != "7" else "8"
    if text is None:
        return
    value = json.loads(text)
    yield "spelled otherwise", json.dumps(value, indent=1)
    altered = json.dumps(_altered(value))
    if json.loads(altered) != value:
        yield "altered inside", altered
    if isinstance(value, dict) and len(value) > 1:
        turned = dict(reversed(value.items()))
        yield "members in another order", json.dumps(turned, separators=(",", ":"), ensure_ascii=False)
    if isinstance(value, list) and value:
        yield "one element fewer", json.dumps(value[:-1], separators=(",", ":"), ensure_ascii=False)


def _altered(value: Any) -> Any:
    """The value with its last leaf changed."""
    if isinstance(value, dict) and value:
        name = list(value)[-1]
        return {**value, name: _altered(value[name])}
    if isinstance(value, list) and value:
        return [*value[:-1], _altered(value[-1])]
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else f"{value}x" if isinstance(value, str) else ["x"]


def rows_of(table: type[orm.Model]) -> list[tuple[str, orm.Model]]:
    """The rows that are changed: one, and of attachments one of each use."""
    if table is models.AttachmentMetadata:
        mine = table.objects.filter(learner__username="mira")
        return [
            ("pending", mine.get(submission=None)),
            ("attached", mine.exclude(submission=None).earliest("position")),
        ]
    if table is models.LearnerProfile:
        return [("", table.objects.get(username="mira"))]
    if table is models.AssessmentSubmission:
        return [("", table.objects.get(submission_id="s-mira"))]
    if table is models.ScheduleItem:
        return [("", table.objects.filter(schedule__learner__username="mira").earliest("position"))]
    return [("", table.objects.filter(learner__username="mira").earliest("pk"))]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_column_that_was_changed_is_named(store, table):
    faults, tried = [], 0
    for use, row in rows_of(table):
        for column in table._meta.concrete_fields:
            for how, value in changes(row, column):
                if (
                    column.name in EXCUSED
                    or {(column.name, how), (column.name, use)} & EXCUSED_CHANGES.keys()
                ):
                    continue
                what = f"{table.__name__}.{column.name}{' of a ' + use if use else ''} ({how})"
                before = getattr(row, column.attname)
                if not _write(table, row, column, value):
                    continue
                tried += 1
                faults += store.fault(what)
                assert _write(table, row, column, before)
    assert not faults, "\n".join([f"of {tried}:", *faults])


def _write(table: type[orm.Model], row: orm.Model, column: Any, value: Any) -> bool:
    """Change a column behind the models' back; False where a constraint of the database refuses it."""
    from django.db import DatabaseError, transaction

    try:
        with transaction.atomic():
            table.objects.filter(pk=row.pk).update(**{column.attname: value})
    except DatabaseError:
        return False
    return True


def test_the_excuses_name_columns_that_exist():
    columns = {column.name for table in TABLES for column in table._meta.concrete_fields}
    assert EXCUSED.keys() <= columns
    assert {column for column, _ in EXCUSED_CHANGES} <= columns


# --- rows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_a_row_that_is_gone_is_named(store, table):
    for _, row in rows_of(table):
        table.objects.filter(pk=row.pk).delete()
        faults = store.fault(f"{table.__name__} deleted")
        assert not faults


def test_rows_that_were_moved_to_another_learner_are_named(store):
    mira, joanna = (models.LearnerProfile.objects.get(username=name) for name in ("mira", "joanna"))
    faults = []
    for table, key in ((models.AssessmentSubmission, "s-mira"), (models.AttachmentMetadata, "a-mira")):
        column = "submission_id" if table is models.AssessmentSubmission else "attachment_id"
        rows = table.objects.filter(**{column: key})
        rows.update(learner=joanna)
        faults += store.fault(f"{key} is joanna's", about=key)
        rows.update(learner=mira)
    assert not faults


def test_rows_in_another_order_are_named(store):
    faults = []
    for table, rows in (
        (models.MemoryRecord, models.MemoryRecord.objects.filter(learner__username="mira")),
        (models.ScheduleItem, models.ScheduleItem.objects.filter(schedule__learner__username="mira")),
        (
            models.AttachmentMetadata,
            models.AttachmentMetadata.objects.filter(submission__submission_id="s-mira"),
        ),
    ):
        for before, after in (([0, 1], [11, 10]), ([10, 11], [0, 1])):
            for old, new in zip(before, after, strict=True):
                rows.filter(position=old).update(position=new)
            if after[0] == 11:
                faults += store.fault(f"{table.__name__} in another order")
    assert not faults


def test_rows_that_were_added_to_a_record_are_named(store):
    faults = []
    for table in (models.MemoryRecord, models.ScheduleItem):
        row = rows_of(table)[0][1]
        row.pk, row.position = None, 77
        if table is models.MemoryRecord:
            row.note_id = "added"
        row.save(force_insert=True)
        faults += store.fault(f"a {table.__name__} more")
        row.delete()
    row = rows_of(models.AttachmentMetadata)[1][1]
    row.pk, row.position = None, 77
    row.save(force_insert=True)
    assert not faults + store.fault("an attachment more")


def test_records_that_only_the_database_has_are_told_and_are_no_difference(store):
    row = models.LearnerProfile.objects.get(username="mira")
    row.pk, row.username = None, "only-here"
    row.save(force_insert=True)
    ended = store.world.backfill("--verify", *store.words)
    assert ended.status == 0, ended
    assert "only-here" in ended.printed


# --- bytes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["b1-mira", "a-mira"])
@pytest.mark.parametrize("how", ["gone", "changed", "longer", "empty"])
def test_bytes_that_were_changed_are_named(store, key, how):
    path = Path(settings.ATTACHMENTS_DIR) / f"{key}.bin"
    assert path.read_bytes() == b"the bytes"
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes({"changed": b"THE BYTES", "longer": b"the bytes!", "empty": b""}[how])
    faults = store.fault(f"bytes {how}", about=key, files=True)
    assert not faults


def test_nothing_is_named_where_nothing_was_changed(store):
    assert store.world.backfill("--verify", *store.words, "--attachment-files", str(store.folder)).status == 0
