"""Submissions: the list, and one submission with its answers and its grade."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.safestring import SafeString

from coach.admin.access import rights
from coach.admin.changelist import columns, exports, filters, search
from coach.admin.imports.views import StoreImport
from coach.admin.presentation import cells, links, previews
from coach.admin.screens import desk
from coach.admin.screens.learners import page
from coach.admin.screens.records import ORIGIN, Fact, History
from coach.legacy.stores import Store
from coach.models import AssessmentSubmission, AttachmentMetadata
from coach.models.versions import fingerprint
from coach.services import staff

GRADER_BADGES = {"": "warn", "provisional": "calm", "model": "good", "staff": "good", "imported": "good"}


@admin.register(AssessmentSubmission)
class SubmissionAdmin(StoreImport, History, exports.Exportable):
    store = Store.SUBMISSIONS
    list_display = (
        columns.name("submission_id"),
        columns.learner(),
        columns.moment("submitted_at", "submitted", ordering="submitted_at"),
        "grade",
        columns.number("attachment_count", "attachments", AttachmentMetadata, "submission"),
    )
    list_filter = (filters.GraderFilter,)
    date_hierarchy = "submitted_at"
    look_ups = (
        search.LookUp("submission_id"),
        search.LookUp("learner__username", "fragment"),
        search.LookUp("learner__goal", "fragment"),
    )
    search_help_text = "Pieces of usernames and goals, or the beginning of a submission id."
    list_joins = ("learner__username",)
    nothing_here = "No submission yet. They arrive through the API, or with a submissions store."

    record_template = "assessmentsubmission/record"
    record_joins = ("learner", "imported_by")
    record_fields = ("learner", "submitted_at", "grade", ORIGIN)
    record_documents = ("grading", "metadata", "unknown_members")
    row_pages = ("grade",)
    actions = ("export",)
    export_columns = {
        "submission_id": lambda row: row.submission_id,
        "username": lambda row: row.learner.username,
        "submitted_at": lambda row: row.submitted_at,
        "answers": lambda row: len(row.response_list),
        "score_per_cent": lambda row: page.score(row.result),
        "graded_by": lambda row: row.get_graded_by_display(),
    }

    def facts(self, row: AssessmentSubmission) -> Iterator[Fact]:
        yield from super().facts(row)
        if (score := page.score(row.result)) is not None:
            yield Fact("Score", f"{score} %")
        if row.result:
            yield Fact("Feedback", row.result.overall_feedback, wide=True)

    def more(self, request: HttpRequest, row: AssessmentSubmission) -> dict[str, Any]:
        return {
            "answers": desk.answers(row),
            "attachments": [previews.of(attachment) for attachment in row.attachments.order_by("position")],
        }

    def tools(self, request: HttpRequest, row: AssessmentSubmission) -> Iterator[tuple[str, str]]:
        if rights.may_edit(request) and row.response_list:
            words = "Grade…" if row.result is None else "Grade again…"
            yield links.page_of(AssessmentSubmission, row.pk, "grade"), words

    # --- grading ----------------------------------------------------------------------------------

    def grade_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Each answer under its question, with the form of its grade."""
        rights.may_edit.demand(request)
        row = get_object_or_404(AssessmentSubmission.objects.select_related("learner"), pk=pk)
        form = desk.GradeForm(row, request.POST or None)
        if request.method == "POST" and form.is_valid() and self._grade(request, row, form):
            return HttpResponseRedirect(links.page_of(AssessmentSubmission, pk))
        return self.render(
            request,
            "assessmentsubmission/grade",
            f"Grade {row.submission_id}",
            row=row,
            form=form,
            attachments=[previews.of(attachment) for attachment in row.attachments.order_by("position")],
        )

    def _grade(self, request: HttpRequest, row: AssessmentSubmission, form: desk.GradeForm) -> bool:
        try:
            counts = staff.grade(
                user=rights.user(request),
                submission_id=row.submission_id,
                grades=form.grades(),
                seen=form.cleaned_data["seen"],
            )
        except staff.ChangedMeanwhile:
            form.add_error(
                None,
                "Nothing was written: the submission was graded since this page was shown. "
                "Send again to replace that grade.",
            )
            form.data = {**form.data.dict(), "seen": fingerprint(row.grading)}  # type: ignore[attr-defined]
            return False
        words = "The grade is stored; ratings and schedule follow it."
        if not counts:
            words = "The grade is stored. A later submission is graded, so ratings and schedule stay."
        messages.success(request, words)
        return True

    # --- the list ---------------------------------------------------------------------------------

    def export_document(self, row: AssessmentSubmission) -> str:
        return row.api_json

    def rows(self, request: HttpRequest) -> QuerySet[AssessmentSubmission]:
        return super().rows(request).annotate(attachment_count=Count("attachments"))

    @admin.display(description="grade")
    def grade(self, row: AssessmentSubmission) -> SafeString:
        return cells.badge(row.get_graded_by_display(), GRADER_BADGES.get(row.graded_by, "calm"))
