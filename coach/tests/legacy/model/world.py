"""The real thing: a database, a folder of stores, and every door that leads to them. Needs Django to be set up."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import load_command_class
from django.db import connection, connections
from django.test import Client

from coach import models
from coach.models.imported import Imported
from coach.services import assessments
from coach.tests.legacy.model import fields, promises, stores
from coach.tests.legacy.model.fields import UNKNOWN, Ordered, same

ROOT = Path(__file__).parents[4]
OPTIONS = {"profiles": "--profiles", "submissions": "--submissions", "attachments": "--attachments"}
NAMES = {
    "profiles": "learner_profiles.json",
    "submissions": "assessment_submissions.json",
    "attachments": "assessment_attachments.json",
}
SCREENS = {
    "profiles": "learnerprofile",
    "submissions": "assessmentsubmission",
    "attachments": "attachmentmetadata",
}
# What an import notes about itself: everything else of a row that is not written stays as it is.
PROVENANCE = frozenset(field.attname for field in Imported._meta.get_fields())


class Ended:
    """How a command ended: its exit status, what it printed, and its report (None where it wrote none)."""

    def __init__(self, status: int, printed: str, report: dict[str, Any] | None) -> None:
        self.status, self.printed, self.report = status, printed, report

    def __repr__(self) -> str:
        return f"status {self.status}\n{self.printed}"


class World:
    """One database and one folder. `folder` holds stores, rejects and reports; attachments lie where they are configured."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder, self.chance = folder, chance
        self.client = Client()
        self.console = Client()
        self.numbers = iter(range(1, 10**9))

    def empty(self) -> None:
        """Forget everything, bytes and files included."""
        # Nothing of one trial may decide what happens in the next.
        tables = [model._meta.db_table for model in apps.get_app_config("coach").get_models()]
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
            else:
                cursor.execute("PRAGMA foreign_keys = OFF")
                for table in tables:
                    cursor.execute(f"DELETE FROM {table}")
                cursor.execute("PRAGMA foreign_keys = ON")
        for folder in (Path(settings.ATTACHMENTS_DIR), self.folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        user, _ = User.objects.get_or_create(
            username="model", defaults={"is_staff": True, "is_superuser": True}
        )
        self.console.force_login(user)
        self.user = user

    # --- files ----------------------------------------------------------------------------------------

    def path(self, name: str) -> Path:
        """A path in the folder that was never used before."""
        return self.folder / f"{next(self.numbers)}-{name}"

    def write(
        self, content: dict[str, Any], *, folder: Path | None = None, wrap: str = ""
    ) -> dict[str, Path]:
        """Spell stores out as files; `wrap` is `bom`, `gzip` or nothing."""
        folder = folder or self.path("stores")
        folder.mkdir(parents=True, exist_ok=True)
        paths = {}
        for store, value in content.items():
            data = stores.spell(value, self.chance).encode()
            paths[store] = folder / NAMES[store]
            if wrap == "bom":
                data = b"\xef\xbb\xbf" + data
            if wrap == "gzip":
                import gzip

                data = gzip.compress(data)
            paths[store].write_bytes(data)
        return paths

    def write_bytes(self, content: dict[str, bytes]) -> Path:
        """The folder of attachment files."""
        folder = self.path("bytes")
        for name, data in content.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        folder.mkdir(exist_ok=True)
        return folder

    # --- commands -------------------------------------------------------------------------------------

    def backfill(self, *words: str) -> Ended:
        """`manage.py backfill` in this process, with a report."""
        if "--report" in words:
            return self._run("backfill", *words, "--no-progress")
        report = self.path("report.json")
        return self._run("backfill", *words, "--no-progress", "--report", str(report), report=report)

    def export(self, *words: str) -> tuple[Ended, Path]:
        folder = self.path("export")
        return self._run("export_stores", "--data-dir", str(folder), "--no-progress", *words), folder

    def _run(self, name: str, *words: str, report: Path | None = None) -> Ended:
        out, status = io.StringIO(), 0
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                load_command_class("coach", name).run_from_argv(["manage.py", name, *words])
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
        said = json.loads(report.read_text()) if report and report.exists() else None
        return Ended(status, f"manage.py {name} {' '.join(words)}\n{out.getvalue()}", said)

    def killed(self, when: str, *words: str) -> bool:
        """The same command in a process that kills itself at an instant (see victim.py); whether it got there."""
        command = [
            sys.executable,
            "-m",
            "coach.tests.legacy.model.victim",
            when,
            "backfill",
            *words,
            "--no-progress",
        ]
        connections.close_all()
        done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, check=False)
        return done.returncode < 0

    # --- the admin's door -----------------------------------------------------------------------------

    def preview(self, store: str, data: bytes, on_conflict: str) -> Any:
        url = f"/admin/coach/{SCREENS[store]}/import/"
        upload = SimpleUploadedFile("store.json", data)
        form = {"import_file": upload, "on_conflict": on_conflict, "format": "0", "resource": "0"}
        return self.console.post(url, form)

    def confirm(self, store: str, preview: Any) -> Any:
        initial = preview.context["confirm_form"].initial
        url = f"/admin/coach/{SCREENS[store]}/process_import/"
        form = {
            "import_file_name": initial["import_file_name"],
            "original_file_name": "store.json",
            "format": "0",
            "resource": "0",
        }
        return self.console.post(url, form, follow=True)

    # --- what is there --------------------------------------------------------------------------------

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table, as it stands."""
        return {
            model.__name__: list(model._base_manager.order_by("pk").values())
            for model in apps.get_app_config("coach").get_models()
        }

    def files(self) -> dict[str, bytes]:
        """Every file of the folder."""
        return {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    def stored(self) -> dict[str, bytes]:
        """The bytes of attachments, by path; uploads of the API apart."""
        root = Path(settings.ATTACHMENTS_DIR)
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.relative_to(root).parts[0] != "uploads"
        }

    def documents(self) -> dict[str, dict[str, tuple[str, dict[str, Any]]]]:
        """What stands in the tables, as (owner, document) by key, read column by column."""
        return {
            "profiles": {
                row.username: (row.username, _profile(row)) for row in models.LearnerProfile.objects.all()
            },
            "submissions": {
                row.submission_id: (row.learner.username, _submission(row))
                for row in models.AssessmentSubmission.objects.select_related("learner")
            },
            "attachments": {
                row.attachment_id: (row.learner.username, _attachment("pending", row))
                for row in models.AttachmentMetadata.objects.filter(submission=None).select_related("learner")
            },
        }

    def underived(self) -> list[str]:
        """Derived columns that are not what their sources give."""
        found = []
        for schedule in models.CurriculumSchedule.objects.all():
            found += _underived(schedule, schedule.to_document())
        for submission in models.AssessmentSubmission.objects.select_related("learner"):
            found += _underived(submission, submission.to_document())
        for learner in models.LearnerProfile.objects.exclude(extended_assessment=None):
            derived = assessments.extended(learner.assessment, learner.plan)
            if not _equal(learner.extended_assessment, derived):
                found.append(f"{learner}.extended_assessment: {learner.extended_assessment} / {derived}")
        return found


def _underived(row: Any, document: Any) -> list[str]:
    before = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    row.apply_document(document)
    return [
        f"{row}.{name}: {value!r} / {getattr(row, name)!r}"
        for name, value in before.items()
        if not _equal(value, getattr(row, name))
    ]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str) and one[:1] in "{[" and one != other:
        return bool(json.loads(one) == json.loads(other))
    return bool(one == other)


# --- rows as documents ------------------------------------------------------------------------------


def _columns(kind: str, row: Any, **others: Any) -> dict[str, Any]:
    """A document of a row's columns of the same names; `others` are members that lie elsewhere."""
    value = dict(others)
    for name in fields.TABLE[kind]:
        if name not in value:
            column = row._meta.get_field(name)
            stored = getattr(row, name)
            is_json = type(column).__name__ == "DocumentField" and stored is not None
            value[name] = json.loads(stored) if is_json else stored
    document = fields.Doc(kind).decode(value)
    assert not list(_unknown(document)), f"a stored {kind} holds unknown members: {list(_unknown(document))}"
    return document


def _profile(row: Any) -> dict[str, Any]:
    notes = row.memory_records.order_by("position")
    schedule = models.CurriculumSchedule.objects.filter(learner=row).first()
    document = _columns("profile", row, memory_records=[], curriculum_schedule=None)
    document["memory_records"] = [_columns("note", note) for note in notes]
    if schedule is not None:
        document["curriculum_schedule"] = _columns("schedule", schedule, items=[])
        items = schedule.items.order_by("position")
        document["curriculum_schedule"]["items"] = [_columns("item", item) for item in items]
    return document


def _submission(row: Any) -> dict[str, Any]:
    document = _columns("submission", row, attachments=[], username="")
    del document["username"]
    attachments = row.attachments.order_by("position")
    document["attachments"] = [_attachment("attachment", attachment) for attachment in attachments]
    assert all(attachment.learner_id == row.learner_id for attachment in attachments), (
        "another learner's attachment"
    )
    return document


def _attachment(kind: str, row: Any) -> dict[str, Any]:
    document = _columns(kind, row, **({"username": ""} if kind == "pending" else {}))
    document.pop("username", None)
    return document


def _unknown(value: Any, path: str = "$") -> Iterator[str]:
    if isinstance(value, Ordered) or not isinstance(value, dict | list):
        return
    for name, part in value.items() if isinstance(value, dict) else enumerate(value):
        if name == UNKNOWN:
            yield path
        else:
            yield from _unknown(part, f"{path}.{name}")


def known(document: Any) -> Any:
    """A document without its unknown members."""
    if isinstance(document, Ordered):
        return document
    if isinstance(document, dict):
        return {name: known(part) for name, part in document.items() if name != UNKNOWN}
    return [known(part) for part in document] if isinstance(document, list) else document


def with_unknown(document: Any, former: Any) -> Any:
    """A document that was read from the tables, with the unknown members of the former one where their holders are."""
    if isinstance(document, Ordered) or not isinstance(former, type(document)):
        return document
    if isinstance(document, dict):
        grafted = {name: with_unknown(part, former.get(name)) for name, part in document.items()}
        return grafted | {UNKNOWN: copy.deepcopy(former[UNKNOWN])} if UNKNOWN in former else grafted
    if isinstance(document, list):
        return [with_unknown(part, _counterpart(part, at, former)) for at, part in enumerate(document)]
    return document


def _counterpart(part: Any, at: int, former: list[Any]) -> Any:
    """The element of an earlier list that is the same one: in its place, by its id, or by what it holds."""
    beside = former[at] if at < len(former) else None
    if not isinstance(part, dict) or same(known(beside), part):
        return beside
    for name in ("attachment_id", "note_id", "module_id", "item_id"):
        if name in part:
            found = [element for element in former if element[name] == part[name]]
            return found[0] if len(found) == 1 else None
    return next((element for element in former if same(known(element), part)), beside)


def strayed(document: Any, ours: Any, path: str = "$") -> Iterator[str]:
    """The unknown members of an exported document that do not belong to their holders."""
    if isinstance(document, Ordered) or not isinstance(ours, type(document)):
        return
    if isinstance(document, dict):
        if document.get(UNKNOWN, ours.get(UNKNOWN)) != ours.get(UNKNOWN):
            yield f"{path}: {document[UNKNOWN]!r}"
        for name in document.keys() & ours.keys() - {UNKNOWN}:
            yield from strayed(document[name], ours[name], f"{path}.{name}")
    if isinstance(document, list):
        for number, pair in enumerate(zip(document, ours, strict=False)):
            yield from strayed(*pair, f"{path}[{number}]")


def items_of(content: dict[str, Any]) -> list[promises.Item]:
    """The records of several stores."""
    return [item for store, value in content.items() for item in promises.items(store, value)]


def exported(folder: Path) -> list[promises.Item]:
    """The records of an export."""
    content = {store: stores.read((folder / name).read_text()) for store, name in NAMES.items()}
    for store, value in content.items():
        if isinstance(value, dict):
            content[store] = fields.Pairs(value.items())
    return items_of(content)


def rejected(path: Path) -> list[dict[str, Any]]:
    """The lines of a reject file."""
    if not path.exists():
        return []
    return [stores.read(line) for line in path.read_text("utf-8").split("\n") if line.strip()]
