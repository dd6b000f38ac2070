"""Taking a selection out: as legacy stores (ZIP), as JSON, as CSV. Each leaves an audit event.

An export is complete in a temporary file before it is sent: no database connection waits for its reader. One of many rows
is made by the worker.
"""

import csv
import io
import json
import logging
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from coach.admin.access import rights
from coach.admin.changelist import bulk
from coach.admin.changelist.lists import StaffAdmin
from coach.admin.presentation import links
from coach.documents.base import utc_now
from coach.legacy.proving import export, stored_json
from coach.legacy.stores import Store
from coach.models import ExportRun, LearnerProfile
from coach.models.database import replica
from coach.services import staff
from coach.services.keeping import staged_files
from coach.services.operations import jobs

MOST_ROWS = 20_000
STORES = bulk.Choice("stores", "legacy stores (a ZIP with profiles, submissions and pending attachments)")
JSON = bulk.Choice("json", "JSON (the stored documents)")
CSV = bulk.Choice("csv", "CSV (one line each, for spreadsheets)")
# A spreadsheet would run what begins like this.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_BATCH = 200
Columns = dict[str, Callable[[Any], Any]]
# Called with how many rows are done, and of how many; may raise to end it.
Tell = Callable[[int, int], None]
_logger = logging.getLogger(__name__)


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
        offered = {choice.value for choice in self.export_choices}
        chosen = str(request.POST.get("choice", ""))
        keys = list(queryset.values_list("pk", flat=True))
        return answer(self, request, chosen if chosen in offered else JSON.value, keys)


def answer(screen: Exportable, request: HttpRequest, form: str, keys: Sequence[int]) -> HttpResponseBase:
    """The file; of many rows the page of the run that makes it."""
    user, name = rights.user(request), str(screen.opts.verbose_name_plural)
    what = "stores" if form == STORES.value else name
    with transaction.atomic():
        staff.told(user=user, action="data.exported", what=what, rows=len(keys), form=form)
        if len(keys) > settings.BACKGROUND_EXPORT_ROWS:
            run = ExportRun(actor=f"staff {user.get_username()}", what=str(screen.opts.model_name), form=form)
            run.state, run.key_list, run.total = ExportRun.State.QUEUED, list(keys), len(keys)
            run.save()
            jobs.hand_over(work, run)
            return HttpResponseRedirect(links.page_of(ExportRun, run.pk))
    return sent(_written(screen, form, keys), form, name)


def sent(file: IO[bytes], form: str, name: str) -> FileResponse:
    """An export as a download, under a name that says what it holds."""
    moment = f"{utc_now():%Y%m%d-%H%M}"
    filename, content_type = {
        STORES.value: (f"arcadia-stores-{moment}.zip", "application/zip"),
        CSV.value: (f"{name}.csv", "text/csv; charset=utf-8"),
        JSON.value: (f"{name}.json", "application/json"),
    }[form]
    return FileResponse(file, as_attachment=True, filename=filename, content_type=content_type)


# --- in the worker ----------------------------------------------------------------------------------


class _Cancelled(Exception):
    pass


@jobs.task
def work(pk: int) -> None:
    """Make an export, from its beginning: nothing of an earlier attempt is kept."""
    run = jobs.begin(ExportRun, pk)
    if run is None:
        return
    rows = ExportRun.objects.filter(pk=pk, state=ExportRun.State.RUNNING)
    with jobs.Work(run, told=lambda: {"done": run.done, "total": run.total}) as at_work:

        def tell(done: int, total: int) -> None:
            run.done, run.total = done, total
            if at_work.cancelled:
                raise _Cancelled

        try:
            screen: Any = admin.site.get_model_admin(apps.get_model("coach", run.what))
            with _written(screen, run.form, run.key_list, tell) as file:
                path = staged_files.keep_export(pk, file)
        except _Cancelled:
            path = ""
        except (OSError, ValueError, LookupError) as error:
            _logger.error("%s failed: %s", run, type(error).__name__)
            rows.update(state=run.State.FAILED, finished_at=utc_now(), error=type(error).__name__)
            return
    end = {"done": run.done, "total": run.total, "file": path, "finished_at": utc_now()}
    if not path or not rows.filter(cancelled_by="").update(state=run.State.DONE, **end):
        staged_files.drop_export(path)
        jobs.end_cancelled(ExportRun, pk)


# --- the files --------------------------------------------------------------------------------------


def _written(
    screen: Exportable, form: str, keys: Sequence[int], tell: Tell = lambda done, total: None
) -> IO[bytes]:
    """The export as a temporary file, to be closed."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    try:
        if form == STORES.value:
            _pack(file, keys, tell)
        else:
            with replica.reading_as_of_now():
                rows = _rows(screen, keys, tell)
                if form == CSV.value:
                    _write_csv(file, rows, screen.export_columns)
                else:
                    file.writelines(_json(rows, screen.export_document))
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _rows(screen: Exportable, keys: Sequence[int], tell: Tell) -> Iterator[Any]:
    rows = screen.joined()
    for start in range(0, len(keys), _BATCH):
        batch = keys[start : start + _BATCH]
        found = rows.in_bulk(batch)
        yield from (found[key] for key in batch if key in found)
        tell(start + len(batch), len(keys))


def _pack(file: IO[bytes], keys: Sequence[int], tell: Tell) -> None:
    """The stores of those learners and their manifest, as a ZIP."""
    names = frozenset(LearnerProfile.objects.filter(pk__in=keys).values_list("username", flat=True))
    # No name at all would mean every learner.
    names = names or frozenset({""})
    total = sum(stored_json.rows(store, names).count() for store in Store)
    counts: dict[Store, int] = {}

    def progress(store: Store, done: int, _: int) -> None:
        counts[store] = done
        tell(sum(counts.values()), total)

    with tempfile.TemporaryDirectory(prefix="arcadia-export-") as folder:
        export.stores(Path(folder), usernames=names, progress=progress)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(Path(folder).iterdir()):
                archive.write(path, path.name)


def _json(rows: Iterable[Any], document: Callable[[Any], str]) -> Iterator[bytes]:
    yield b"["
    for number, row in enumerate(rows):
        yield (b",\n" if number else b"\n") + document(row).encode()
    yield b"\n]\n"


def _write_csv(file: IO[bytes], rows: Iterable[Any], columns: Columns) -> None:
    # Without a byte order mark Excel takes the bytes for the machine's old code page.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(read(row)) for read in columns.values()] for row in rows)
    text.detach()


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if value is None:
        return ""
    return value.isoformat() if hasattr(value, "isoformat") else json.dumps(value, ensure_ascii=False)
