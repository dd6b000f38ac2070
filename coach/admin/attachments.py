"""Attachments: the list, one attachment, and its bytes."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from coach.admin import cells, filters, links, search
from coach.admin.lists import History
from coach.models import AttachmentMetadata
from coach.services import attachments, staff

_OPAQUE = "application/octet-stream"


@admin.register(AttachmentMetadata)
class AttachmentAdmin(History):
    list_display = ("attachment_id", "name_shown", "kind", "learner_link", "submission_link", "size", "created")
    list_filter = (filters.AttachmentUseFilter, filters.AttachmentKindFilter)
    date_hierarchy = "created_at"
    ordering = ("-created_at", "id")
    look_ups = (
        search.LookUp("attachment_id"),
        search.LookUp("submission__submission_id"),
        search.LookUp("learner__username", "fragment"),
        search.LookUp("learner__goal", "fragment"),
    )
    search_help_text = "Words of usernames and goals, or the beginning of an attachment's or a submission's id."
    list_joins = ("learner", "submission")
    list_columns = (
        "attachment_id",
        "name",
        "kind",
        "size_bytes",
        "created_at",
        "learner__username",
        "submission__submission_id",
    )
    nothing_here = "No attachment yet. Learners upload them, or an attachments store brings them."

    def get_urls(self) -> list[URLPattern]:
        download = path(
            "<int:pk>/download/",
            self.admin_site.admin_view(self.download_view),
            name="coach_attachmentmetadata_download",
        )
        return [download, *super().get_urls()]

    def download_view(self, request: HttpRequest, pk: int) -> FileResponse:
        """The bytes, as a download that no browser runs."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        row = AttachmentMetadata.objects.filter(pk=pk, kind=AttachmentMetadata.Kind.FILE).first()
        try:
            if row is None:
                raise attachments.AttachmentNotFound
            opened = staff.open_bytes(row)
        except attachments.AttachmentNotFound:
            raise Http404("The storage has no bytes of this attachment.") from None
        # The type that a client named is not repeated: a browser must not come to think of showing it.
        response = FileResponse(opened.file, as_attachment=True, filename=row.name, content_type=_OPAQUE)
        response["Content-Length"] = str(opened.size)
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        response["X-Content-Type-Options"] = "nosniff"
        return response

    @admin.display(description="name")
    def name_shown(self, row: AttachmentMetadata) -> str:
        return cells.short(row.name, 50)

    @admin.display(description="learner")
    def learner_link(self, row: AttachmentMetadata) -> SafeString | None:
        return links.to(row.learner)

    @admin.display(description="submission")
    def submission_link(self, row: AttachmentMetadata) -> SafeString | None:
        return links.to(row.submission) or cells.mark("pending", "warn")

    @admin.display(description="size")
    def size(self, row: AttachmentMetadata) -> str:
        return cells.size(row.size_bytes)

    @admin.display(description="created", ordering="created_at")
    def created(self, row: AttachmentMetadata) -> SafeString | str:
        return cells.moment(row.created_at)
