"""Files for a chat, and the ChatKit protocol."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from coach import attachments as storage
from coach.api import base, rendering, schema, uploads
from coach.documents import sessions as documents
from coach.services import chat_files


class UploadView(base.View):
    @schema.describe(
        "Upload a file for a chat; the bytes are not kept here",
        body={"multipart/form-data": uploads.FORM_SCHEMA},
        answers=documents.UploadedFile,
        errors=(413, 422),
    )
    def post(self, request: Request) -> HttpResponse:
        with uploads.form(request) as form:
            if (form.file.content.size or 0) > chat_files.MOST_BYTES:
                raise storage.TooLarge("A file for a chat has at most 5 MiB.")
            content = b"".join(form.file.chunks())
            name, content_type = form.file.name, form.file.content_type
        return rendering.document(chat_files.upload(name=name, content_type=content_type, content=content))
