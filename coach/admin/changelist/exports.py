"""Taking a selection out: as legacy stores (ZIP), as JSON, as CSV. Each leaves an audit event.

An export is complete in a temporary file before it is sent: no database connection waits for its reader.
"""

from __future__ import annotations

import codecs
import csv
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest

from coach.admin.access import rights
from coach.admin.changelist import bulk
from coach.admin.changelist.lists import StaffAdmin
from coach.documents.base import utc_now
from coach.legacy.proving import export
from coach.models.database import replica
from coach.services import staff

MOST_ROWS = 20_000
STORES = bulk.Choice("stores", "legacy stores (a ZIP with profiles, submissions and pending attachments)")
JSON = bulk.Choice("json", "JSON (the stored documents)")
CSV = bulk.Choice("csv", "CSV (one line each, for spreadsheets)")
# A spreadsheet would run what begins like this.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Columns = dict[str, Callable[[Any], Any]]


class Exportable(StaffAdmin):
    """A list whose rows can be exported, each as a JSON document or as a line of CSV."""

    export_choices: Sequence[bulk.Choice] = (JSON, CSV)
    export_columns: Columns

    def has_export_permission(self, request: HttpRequest) -> bool:
        return rights.may_export(request)

    def export_document(self, row: Any) -> str:
        """A row's JSON text."""
        return str(row.to_document().to_json())

    @admin.action(description="Export…", permissions=["export"])
    def export(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        name = str(self.opts.verbose_name_plural)
        question = bulk.Question(
            title=f"Export {name}",
            button="Export",
            goes_with=("Nothing is changed. That you exported them is noted in the audit events.",),
            most=MOST_ROWS,
            command="manage.py export_stores --data-dir DIR",
            choices=self.export_choices,
        )
        if asked := bulk.ask(self, request, queryset, question):
            return asked
        chosen = str(request.POST.get("choice", ""))
        if chosen == STORES.value and STORES in self.export_choices:
            return stores(request, queryset.values_list("username", flat=True))
        rows = queryset.select_related(*self.list_joins or (None,))
        staff.told(
            user=rights.user(request), action="data.exported", what=name, rows=rows.count(), form=chosen
        )
        found = rows.iterator(chunk_size=200)
        with replica.reading_as_of_now():
            if chosen == CSV.value:
                return _download(_csv(found, self.export_columns), f"{name}.csv", "text/csv; charset=utf-8")
            return _download(_json(found, self.export_document), f"{name}.json", "application/json")


def stores(request: HttpRequest, usernames: Iterable[str]) -> FileResponse:
    """The stores of those learners and their manifest, as a ZIP."""
    names = frozenset(usernames)
    staff.told(
        user=rights.user(request), action="data.exported", what="stores", rows=len(names), form="stores"
    )
    folder = Path(tempfile.mkdtemp(prefix="arcadia-export-"))
    try:
        export.stores(folder, usernames=names)
        packed = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.iterdir()):
                archive.write(path, path.name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return _sent(packed, f"arcadia-stores-{utc_now():%Y%m%d-%H%M}.zip", "application/zip")


def _download(lines: Iterator[bytes], name: str, content_type: str) -> FileResponse:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    file.writelines(lines)
    return _sent(file, name, content_type)


def _sent(file: IO[bytes], name: str, content_type: str) -> FileResponse:
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name, content_type=content_type)


def _json(rows: Iterable[Any], document: Callable[[Any], str]) -> Iterator[bytes]:
    yield b"["
    for number, row in enumerate(rows):
        yield (b",\n" if number else b"\n") + document(row).encode()
    yield b"\n]\n"


class _Line:
    """What csv.writer writes to: the line is handed on."""

    def write(self, text: str) -> bytes:
        return text.encode()


def _csv(rows: Iterable[Any], columns: Columns) -> Iterator[bytes]:
    writer = csv.writer(_Line())
    # Without it Excel takes the bytes for the machine's old code page.
    yield codecs.BOM_UTF8
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([_cell(read(row)) for read in columns.values()])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = (
        value
        if isinstance(value, str)
        else value.isoformat()
        if hasattr(value, "isoformat")
        else json.dumps(value, ensure_ascii=False)
    )
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
