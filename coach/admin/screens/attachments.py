"""Attachments: the list, one attachment, and its bytes."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.files.base import File
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.views.decorators.clickjacking import xframe_options_sameorigin

from coach.admin.access import rights
from coach.admin.changelist import bulk, columns, exports, filters, search
from coach.admin.imports.views import StoreImport
from coach.admin.presentation import cells, links, previews
from coach.admin.screens.records import ORIGIN, Fact, History
from coach.legacy.stores import Store
from coach.models import AttachmentMetadata
from coach.services import attachments, staff

SIZE = columns.of("size_bytes", "size", cells.size)
_OPAQUE = "application/octet-stream"
_BYTES = {
    True: ("in the storage", "good"),
    False: ("missing", "bad"),
    None: ("the storage does not answer", "warn"),
}
_FRAMED = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


@admin.register(AttachmentMetadata)
class AttachmentAdmin(StoreImport, History, exports.Exportable):
    store = Store.ATTACHMENTS
    list_display = (
        columns.name("attachment_id"),
        columns.text("name", "name", 50),
        "kind",
        columns.learner(),
        "submission_link",
        SIZE,
        columns.moment("created_at", "created", ordering="created_at"),
    )
    list_filter = (filters.AttachmentUseFilter, filters.of_column("kind", AttachmentMetadata.Kind.choices))
    date_hierarchy = "created_at"
    ordering = ("-created_at", "id")
    look_ups = (
        search.LookUp("attachment_id"),
        search.LookUp("name", "words"),
        search.LookUp("submission__submission_id"),
        search.LookUp("learner__username", "fragment"),
        search.LookUp("learner__goal", "fragment"),
    )
    search_help_text = (
        "Words of usernames and goals, or the beginning of an attachment's or a submission's id."
    )
    list_joins = ("learner__username", "submission__submission_id")
    nothing_here = "No attachment yet. Learners upload them, or an attachments store brings them."

    record_template = "attachmentmetadata/record"
    record_joins = ("learner", "submission", "imported_by")
    record_fields = (
        ("name", "description", "learner", "submission_link", "kind", SIZE, "content_type", "created_at"),
        (ORIGIN, columns.of("url", "address", links.outside)),
    )
    record_documents = ("unknown_members",)
    row_pages = ("download", "show")
    actions = ("export", "remove")
    export_columns = {
        "attachment_id": lambda row: row.attachment_id,
        "username": lambda row: row.learner.username,
        "submission_id": lambda row: row.submission.submission_id if row.submission else None,
        "kind": lambda row: row.kind,
        "name": lambda row: row.name,
        "url": lambda row: row.url,
        "size_bytes": lambda row: row.size_bytes,
        "created_at": lambda row: row.created_at,
    }

    def facts(self, row: AttachmentMetadata) -> Iterator[Fact]:
        yield from super().facts(row)
        if row.kind == AttachmentMetadata.Kind.FILE:
            yield Fact("Bytes", cells.badge(*_BYTES[staff.has_bytes(row)]))

    def tools(self, request: HttpRequest, row: AttachmentMetadata) -> Iterator[tuple[str, str]]:
        if row.kind == AttachmentMetadata.Kind.FILE and staff.has_bytes(row):
            yield links.page_of(type(row), row.pk, "download"), "Download"

    def more(self, request: HttpRequest, row: AttachmentMetadata) -> dict[str, Any]:
        return {"preview": previews.of(row)}

    # --- actions ----------------------------------------------------------------------------------

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return rights.may_delete(request, "attachmentmetadata")

    @admin.action(description="Delete…", permissions=["remove"])
    def remove(self, request: HttpRequest, queryset: QuerySet[AttachmentMetadata]) -> HttpResponse | None:
        question = bulk.Question(
            title="Delete attachments",
            button="Delete for good",
            goes_with=("Their files go with them, and the submissions that held them no longer show them.",),
            danger=True,
        )
        if asked := bulk.ask(self, request, queryset, question):
            return asked
        found = {(row.learner.username, row.attachment_id) for row in queryset.select_related("learner")}
        for username, attachment_id in sorted(found):
            staff.delete_attachment(user=rights.user(request), username=username, attachment_id=attachment_id)
        words = "%d attachment was deleted.", "%d attachments were deleted."
        bulk.tell(request, words, len(found))
        return None

    # --- bytes ------------------------------------------------------------------------------------

    def download_view(self, request: HttpRequest, pk: int) -> FileResponse:
        """The bytes, as a download that no browser runs."""
        row, file = self._opened(request, pk)
        # The type that a client named is not repeated: a browser must not come to think of showing it.
        response = FileResponse(file, as_attachment=True, filename=row.name, content_type=_OPAQUE)
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        return response

    @method_decorator(xframe_options_sameorigin)
    def show_view(self, request: HttpRequest, pk: int) -> FileResponse:
        """An image or a PDF, for a frame of ours; nothing in it can reach anything."""
        row, file = self._opened(request, pk)
        media = previews.media_type(file.read(16))
        file.seek(0)
        if not media:
            file.close()
            raise Http404("This attachment is no image and no PDF.")
        response = FileResponse(file, filename=row.name, content_type=media)
        # Browsers show no PDF in a sandbox: their own viewer is one.
        sandbox = "" if media == "application/pdf" else "sandbox; "
        response["Content-Security-Policy"] = f"{sandbox}{_FRAMED}"
        return response

    def _opened(self, request: HttpRequest, pk: int) -> "tuple[AttachmentMetadata, File[bytes]]":
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        row = AttachmentMetadata.objects.filter(pk=pk, kind=AttachmentMetadata.Kind.FILE).first()
        try:
            if row is None:
                raise attachments.AttachmentNotFound
            return row, staff.open_bytes(row)
        except attachments.AttachmentNotFound:
            raise Http404("The storage has no bytes of this attachment.") from None

    @admin.display(description="submission")
    def submission_link(self, row: AttachmentMetadata) -> SafeString | None:
        return links.to(row.submission) or cells.badge("pending", "warn")
