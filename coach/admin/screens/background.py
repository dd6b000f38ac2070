"""Runs while they are at work: how far they are, how long it takes, a button that ends them; and the list of exports."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import admin, messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.safestring import SafeString

from coach.admin.access import rights
from coach.admin.changelist import bulk, columns, exports, filters
from coach.admin.presentation import cells, links
from coach.admin.screens.records import Fact, History
from coach.models import ExportRun, Run
from coach.services.keeping import staged_files
from coach.services.operations import jobs

STATE_BADGES = {
    "queued": "calm",
    "running": "calm",
    "done": "good",
    "done_with_rejects": "warn",
    "interrupted": "warn",
    "aborted": "bad",
    "failed": "bad",
}
CANCEL = bulk.Question(
    title="Cancel the run",
    button="Cancel the run",
    goes_with=(
        "It ends after the batch that it is at. What an import has written before stays; an export leaves no file.",
    ),
    danger=True,
)


class RunPage(History):
    """The page of a run; one that is at work shows its progress, and looks again by itself."""

    right: rights.Right
    row_pages: Sequence[str] = ("cancel",)
    record_fields: Any = (
        ("state_shown", "actor", "started_at", "finished_at"),
        (columns.moment("heartbeat_at", "last sign of life"), "process", "error"),
    )

    def can_cancel(self, row: Any) -> bool:
        """Whether the worker does it: a command is stopped where it runs."""
        return not row.is_over

    def tools(self, request: HttpRequest, row: Any) -> Iterator[tuple[str, str]]:
        if self.right(request) and self.can_cancel(row) and not row.cancelled_by:
            yield links.page_of(self.model, row.pk, "cancel"), "Cancel the run"

    def more(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        done, total = row.counted()
        left = row.seconds_left
        return {
            "done": done,
            "total": total,
            "left": None if left is None else dt.timedelta(seconds=round(left)),
        }

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Asks, then ends the run."""
        self.right.demand(request)
        row: Run = get_object_or_404(self.model, pk=pk)
        back = links.page_of(type(row), pk)
        if request.method != "POST":
            return self.render(request, "confirm", f"Cancel {row}", question=CANCEL, back=back)
        if self.can_cancel(row) and jobs.cancel(user=rights.user(request), run=row):
            messages.success(request, f"Cancelled: {row} ends after the batch that it is at.")
        else:
            messages.warning(request, f"Nothing was cancelled: {row} is over, or is being cancelled already.")
        return HttpResponseRedirect(back)

    @admin.display(description="state")
    def state_shown(self, row: Any) -> SafeString:
        return cells.badge(row.get_state_display(), STATE_BADGES[row.state])


@admin.register(ExportRun)
class ExportAdmin(RunPage):
    right = rights.may_export
    list_display = (
        columns.of("pk", "export", "export {}".format, ordering="id"),
        "state_shown",
        columns.text("what", "what", 40),
        columns.text("form", "form", 10),
        columns.text("actor", "who", 40),
        columns.moment("started_at", "started", ordering="started_at"),
        columns.moment("finished_at", "finished"),
    )
    list_filter = (filters.of_column("state", ExportRun.State.choices),)
    nothing_here = "No large export was made in the last day. Small ones are sent at once."
    record_template = "exportrun/record"
    row_pages = ("cancel", "download")

    def facts(self, row: ExportRun) -> Iterator[Fact]:
        yield from super().facts(row)
        yield Fact("What", f"{len(row.key_list):,} rows of {row.what}, as {row.form}")
        if row.file and _is_there(row):
            yield Fact("File", cells.size(staged_files.storage().size(row.file)))
        elif row.state == row.State.DONE:
            yield Fact("File", "Not here any more: export again.")

    def tools(self, request: HttpRequest, row: ExportRun) -> Iterator[tuple[str, str]]:
        if self.right(request) and _is_there(row):
            yield links.page_of(type(row), row.pk, "download"), "Download the file"
        yield from super().tools(request, row)

    def download_view(self, request: HttpRequest, pk: int) -> FileResponse:
        """The file, as long as it is kept."""
        self.right.demand(request)
        row = get_object_or_404(ExportRun, pk=pk)
        if not _is_there(row):
            raise Http404("This export has no file here.")
        return exports.sent(staged_files.storage().open(row.file, "rb"), row.form, row.what)


def _is_there(row: ExportRun) -> bool:
    return bool(row.file) and staged_files.storage().exists(row.file)
