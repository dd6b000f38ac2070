"""Submissions: the list, and one submission with its answers and its grade."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from coach.admin import cells, filters, links, search
from coach.admin.lists import History
from coach.models import AssessmentSubmission, AttachmentMetadata

GRADER_MARKS = {"": "warn", "provisional": "calm", "model": "good", "imported": "good"}


@admin.register(AssessmentSubmission)
class SubmissionAdmin(History):
    list_display = ("submission_id", "learner_link", "submitted", "grade", "attachment_links")
    list_filter = (filters.GraderFilter,)
    date_hierarchy = "submitted_at"
    look_ups = (
        search.LookUp("submission_id"),
        search.LookUp("learner__username", "fragment"),
        search.LookUp("learner__goal", "fragment"),
    )
    search_help_text = "Words of usernames and goals, or the beginning of a submission id."
    list_joins = ("learner",)
    list_columns = ("submission_id", "submitted_at", "graded_by", "learner__username")
    nothing_here = "No submission yet. They arrive through the API, or with a submissions store."

    def rows(self, request: HttpRequest) -> QuerySet[AssessmentSubmission]:
        return super().rows(request).annotate(attachment_count=Count("attachments"))

    @admin.display(description="learner")
    def learner_link(self, row: AssessmentSubmission) -> SafeString | None:
        return links.to(row.learner)

    @admin.display(description="submitted", ordering="submitted_at")
    def submitted(self, row: AssessmentSubmission) -> SafeString | str:
        return cells.moment(row.submitted_at)

    @admin.display(description="grade")
    def grade(self, row: AssessmentSubmission) -> SafeString:
        return cells.mark(row.get_graded_by_display(), GRADER_MARKS.get(row.graded_by, "calm"))

    @admin.display(description="attachments")
    def attachment_links(self, row: Any) -> SafeString | str:
        if not row.attachment_count:
            return "–"
        return links.to_list(AttachmentMetadata, row.attachment_count, {"submission__id__exact": row.pk})
