"""Attachments of a learner: listing, adding, removing, downloading."""

import hashlib
import re
from urllib.parse import quote

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from coach import attachments as storage
from coach.api.http import base, bodies, ranges, rendering, schema, uploads
from coach.documents import requests
from coach.documents.submissions import ServedAttachment, ServedAttachments
from coach.services import attachments

_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+( *; *[\w.+-]+=([\w.+-]+|\"[ !#-\[\]-~]*\"))*", re.ASCII)


class AttachmentsView(base.View):
    @schema.describe("listAttachments", answers=ServedAttachments)
    def get(self, request: Request, username: str) -> HttpResponse:
        pending = attachments.pending(username=base.username(username), spelled=username)
        return rendering.texts(attachment.to_json() for attachment in pending)


class AttachmentView(base.View):
    """Removing works for every id, also for one that is spelled like a route beside it."""

    spelled_id = ""

    @property
    def allowed_methods(self) -> list[str]:
        """The methods as described: clients are told of one route that removes."""
        methods: list[str] = super().allowed_methods
        return [name for name in methods if name != "DELETE" or not self.spelled_id]

    @schema.describe("deleteAttachment")
    def delete(self, request: Request, username: str, attachment_id: str = "") -> HttpResponse:
        identifier = base.identifier(attachment_id or self.spelled_id)
        attachments.delete(username=base.username(username), attachment_id=identifier)
        return rendering.nothing()


@schema.no_delete
class FilesView(AttachmentView):
    throttle_scope = "uploads"
    spelled_id = "files"

    @schema.describe("uploadAttachment", body=schema.FORM, answers=ServedAttachment)
    def post(self, request: Request, username: str) -> HttpResponse:
        with uploads.form(request) as form:
            served = attachments.upload(
                username=base.username(username),
                spelled=username,
                name=form.name,
                content_type=form.content_type,
                description=form.fields.get("description"),
                chunks=form.chunks(),
            )
        return rendering.document(served, status=201)


@schema.no_delete
class LinksView(AttachmentView):
    throttle_scope = "uploads"
    spelled_id = "links"

    @schema.describe("linkAttachment", body=requests.LinkRequest, answers=ServedAttachment)
    def post(self, request: Request, username: str) -> HttpResponse:
        asked = bodies.read(request, requests.LinkRequest)
        served = attachments.link(username=base.username(username), spelled=username, **dict(asked))
        return rendering.document(served, status=201)


class DownloadView(base.View):
    @schema.describe("downloadAttachment", answers=bytes)
    def get(self, request: Request, username: str, attachment_id: str) -> HttpResponseBase:
        found = attachments.find(
            username=base.username(username), attachment_id=base.identifier(attachment_id)
        )
        # What is stored under an id never changes.
        etag = f'"{hashlib.sha256(found.path.encode()).hexdigest()[:32]}"'
        response = ranges.respond(request, storage.open_bytes(found.path), size=found.size, etag=etag)
        response["Cache-Control"] = "private, no-cache"
        if response.status_code not in (200, 206):
            return response
        response["Content-Type"] = _content_type(found.content_type)
        response["Content-Disposition"] = _disposition(found.name)
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        response["X-Content-Type-Options"] = "nosniff"
        return response


def _content_type(stored: str | None) -> str:
    """The stored type, where a header can carry it; texts are taken for UTF-8."""
    kind = stored if stored and _MEDIA_TYPE.fullmatch(stored) else "application/octet-stream"
    if kind.lower().startswith("text/") and "charset=" not in kind.lower():
        return f"{kind}; charset=utf-8"
    return kind


def _disposition(name: str) -> str:
    """Always an attachment; names that are not plain are spelled in percent-encoded UTF-8."""
    encoded = quote(name, safe="")
    return f'attachment; filename="{name}"' if encoded == name else f"attachment; filename*=utf-8''{encoded}"
