"""Backfill runs and what they found."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from coach.admin.access import rights
from coach.admin.changelist import bulk, columns, filters, search
from coach.admin.imports import resolving
from coach.admin.presentation import cells, changes, links
from coach.admin.screens import operations
from coach.admin.screens.background import RunPage
from coach.admin.screens.records import Fact, History
from coach.legacy.running import reject_file
from coach.legacy.stores import Outcome, Store
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    BackfillFinding,
    BackfillRun,
    LearnerProfile,
    RecordVersion,
)
from coach.services import staff
from coach.services.keeping import staged_files

MOST_FINDINGS = 100
MOST_REPLACED = 25


@admin.register(BackfillRun)
class RunAdmin(RunPage):
    right = rights.may_import
    list_display = (
        columns.of("pk", "run", "run {}".format, ordering="id"),
        "state_shown",
        "source",
        columns.text("actor", "who", 40),
        columns.moment("started_at", "started", ordering="started_at"),
        columns.moment("finished_at", "finished"),
        "counts_shown",
        columns.number("finding_count", "findings", BackfillFinding, "run"),
    )
    list_filter = (
        filters.of_column("state", BackfillRun.State.choices),
        filters.of_column("source", BackfillRun.Source.choices),
    )
    row_pages = ("cancel", "rejects")
    date_hierarchy = "started_at"
    list_documents = ("counts",)
    nothing_here = "No import has run yet. Import a store, or run manage.py backfill."

    record_template = "backfillrun/record"
    record_fields = (*RunPage.record_fields, "source", "version")
    record_documents = ("options",)

    def facts(self, row: BackfillRun) -> Iterator[Fact]:
        yield from super().facts(row)
        if row.checkpoint_store:
            yield Fact("Came as far as", f"{row.checkpoint_store}, record {row.checkpoint_ordinal:,}")
        if absent := _where_rejects_are(row):
            yield Fact("Rejects", absent, wide=True)

    def tools(self, request: HttpRequest, row: BackfillRun) -> Iterator[tuple[str, str]]:
        if rights.may_import(request) and _has_rejects(row):
            yield links.page_of(type(row), row.pk, "rejects"), "Download the rejects"
        yield links.list_of(BackfillFinding, run__id__exact=row.pk), "All findings"
        yield from super().tools(request, row)

    def can_cancel(self, row: BackfillRun) -> bool:
        return super().can_cancel(row) and row.upload is not None

    def more(self, request: HttpRequest, row: BackfillRun) -> dict[str, Any]:
        findings = list(row.findings.defer("record").order_by("id")[: MOST_FINDINGS + 1])
        return super().more(request, row) | {
            "outcomes": ["read", *Outcome],
            "count_table": [
                (store, [counts.get(outcome, 0) for outcome in ("read", *Outcome)])
                for store, counts in row.outcome_counts.items()
            ],
            "files": row.file_list,
            "resolved": row.resolved.defer("record")[:MOST_FINDINGS],
            "replaced": changes.explained(row.versions.select_related("learner")[:MOST_REPLACED]),
            "all_replaced": links.list_of(RecordVersion, run__id__exact=row.pk),
            "findings": [(finding, _record_link(finding)) for finding in findings[:MOST_FINDINGS]],
            "more_findings": len(findings) > MOST_FINDINGS,
            "all_findings": links.list_of(BackfillFinding, run__id__exact=row.pk),
        }

    def get_urls(self) -> list[URLPattern]:
        page = path("operations/", self.admin_site.admin_view(operations.page), name="coach_operations")
        return [page, *super().get_urls()]

    def rejects_view(self, request: HttpRequest, pk: int) -> FileResponse:
        """The rejected records with their contents, to be mended and imported again."""
        rights.may_import.demand(request)
        row = BackfillRun.objects.filter(pk=pk).first()
        if row is None or not _has_rejects(row):
            raise Http404("This run has no reject file here.")
        by_screens = row.source == BackfillRun.Source.ADMIN
        return FileResponse(
            staged_files.open_rejects(pk) if by_screens else reject_file.path_of(row).open("rb"),
            as_attachment=True,
            filename=f"rejects-{pk}.jsonl",
            content_type="application/octet-stream",
        )

    def rows(self, request: HttpRequest) -> QuerySet[BackfillRun]:
        return super().rows(request).annotate(finding_count=Count("findings"))

    @admin.display(description="records")
    def counts_shown(self, row: BackfillRun) -> str:
        return _totals(row) or "–"


def _totals(row: BackfillRun) -> str:
    return ", ".join(f"{number:,} {outcome}" for outcome, number in operations.totals(row).items())


def _has_rejects(row: BackfillRun) -> bool:
    """Whether a run's reject file is at hand: in the staging storage, or where the command left it on this machine."""
    if row.source == BackfillRun.Source.ADMIN:
        return staged_files.has_rejects(row.pk)
    return reject_file.path_of(row).is_file()


def _where_rejects_are(row: BackfillRun) -> str:
    """Why the rejects of a run cannot be downloaded here; nothing where they can be, or where there are none."""
    if _has_rejects(row) or not row.findings.filter(outcome=BackfillFinding.Outcome.REJECTED).exists():
        return ""
    if row.source == BackfillRun.Source.ADMIN:
        return "Not here any more: the reject file was removed."
    host = row.process.split(" ")[0] or "its machine"
    name = reject_file.path_of(row).name
    return (
        f"Not here: the command wrote them on {host}, to var/backfill/{name} or where --rejects said. "
        "This page offers the file where the server shares that var/backfill folder."
    )


def _record_link(finding: BackfillFinding) -> Any:
    """A link to the row that a finding is about, as far as there is one; the text of its key otherwise."""
    key = finding.natural_key
    if not key:
        return None
    model, column = _IMPORTED[finding.store]
    return links.to_list(model, cells.short(key, 40), {column: key})


_RESOLVED_ALREADY = "This finding was resolved already. Nothing was done again."
_SET_ASIDE = (
    "Nothing is imported, and the record's text is removed here.",
    "The record comes up again when a store that holds it is imported.",
)
_IMPORTED: dict[str, tuple[type[Any], str]] = {
    "profiles": (LearnerProfile, "username"),
    "submissions": (AssessmentSubmission, "submission_id"),
    "attachments": (AttachmentMetadata, "attachment_id"),
}


@admin.register(BackfillFinding)
class FindingAdmin(History):
    list_display = (
        columns.text("place", "place", 60),
        "state_shown",
        "outcome_shown",
        "store",
        "key_shown",
        "code",
        "run_link",
    )
    list_filter = (
        filters.OpenFilter,
        filters.of_column("outcome", BackfillFinding.Outcome.choices),
        filters.of_column("store", [(store, store) for store in Store]),
    )
    ordering = ("-id",)
    look_ups = (search.LookUp("natural_key"),)
    search_help_text = "The beginning of a username or an id."
    nothing_here = "No record was rejected and none is in conflict."
    record_joins = ("run", "resolved_run")
    record_fields = (
        (
            "state_shown",
            "resolved_at",
            "resolved_by",
            "resolved_run",
            "run",
            "outcome_shown",
            "store",
            "place",
        ),
        ("key_shown", "code", "checksum"),
    )
    record_template = "backfillfinding/record"
    row_pages = ("resolve", "set_aside")

    def tools(self, request: HttpRequest, row: BackfillFinding) -> Iterator[tuple[str, str]]:
        if rights.may_import(request) and not row.resolved_at:
            yield links.page_of(type(row), row.pk, "set_aside"), "Set aside…"

    def more(self, request: HttpRequest, row: BackfillFinding) -> dict[str, Any]:
        return {
            "form": resolving.form_of(row),
            "may_resolve": rights.may_import(request),
            "columns": ("here", "in the store"),
        }

    # --- resolving --------------------------------------------------------------------------------

    def resolve_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Mend a rejected record, or decide a conflict; the forms stand on the finding's page."""
        row = self._to_resolve(request, pk)
        form = resolving.form_of(row, request.POST) if request.method == "POST" else None
        if row.resolved_at:
            messages.info(request, _RESOLVED_ALREADY)
        if form is None:
            return HttpResponseRedirect(links.page_of(BackfillFinding, pk))
        run = form.save(rights.user(request)) if form.is_valid() else None
        if run is None and not form.has_moved:
            return self.page(request, row, form=form)
        if run is None:
            messages.error(request, " ".join(map(str, form.non_field_errors())))
        elif conflict := run.findings.first():
            messages.warning(request, "The record is in conflict with what is here. Decide below.")
            return HttpResponseRedirect(links.page_of(BackfillFinding, conflict.pk))
        else:
            run.refresh_from_db()
            messages.success(request, f"Resolved by {run}, for {form.username}: {_totals(run)}.")
        return HttpResponseRedirect(links.page_of(BackfillFinding, pk))

    def set_aside_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self._to_resolve(request, pk)
        back = links.page_of(BackfillFinding, pk)
        if request.method != "POST" and not row.resolved_at:
            title = f"Set aside: {row}"
            return self.render(
                request, "confirm", title, question=bulk.Question(title, "Set aside", _SET_ASIDE), back=back
            )
        user = rights.user(request)
        with transaction.atomic():
            # It may be resolved at this moment.
            if BackfillFinding.objects.open().select_for_update().filter(pk=pk).exists():
                staff.resolve(user=user, finding=row, resolution="set_aside", username=row.username)
                messages.success(request, "The finding was set aside.")
            else:
                messages.info(request, _RESOLVED_ALREADY)
        return HttpResponseRedirect(back)

    def _to_resolve(self, request: HttpRequest, pk: int) -> BackfillFinding:
        rights.may_import.demand(request)
        return get_object_or_404(BackfillFinding.objects.select_related("run"), pk=pk)

    # --- the list ---------------------------------------------------------------------------------

    def rows(self, request: HttpRequest) -> QuerySet[BackfillFinding]:
        return super().rows(request).defer("record")

    @admin.display(description="state")
    def state_shown(self, row: BackfillFinding) -> SafeString:
        if row.resolved_at is None:
            return cells.badge("open", "warn")
        return cells.badge(row.get_resolution_display(), "good")

    @admin.display(description="outcome")
    def outcome_shown(self, row: BackfillFinding) -> SafeString:
        return cells.badge(row.get_outcome_display(), "bad" if row.outcome == "rejected" else "warn")

    @admin.display(description="record")
    def key_shown(self, row: BackfillFinding) -> SafeString | str:
        return _record_link(row) or "–"

    @admin.display(description="run")
    def run_link(self, row: BackfillFinding) -> SafeString | None:
        return links.to(BackfillRun(pk=row.run_id))
