"""Files for a chat, and the ChatKit protocol."""

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from coach import attachments as storage
from coach.api.http import base, bodies, rendering, schema, uploads
from coach.documents import sessions as documents
from coach.services.chat import files, protocol


class UploadView(base.View):
    throttle_scope = "uploads"

    @schema.describe("uploadChatFile", body=schema.FORM, answers=documents.UploadedFile)
    def post(self, request: Request) -> HttpResponse:
        with uploads.form(request) as form:
            if form.size > files.MOST_BYTES:
                raise storage.TooLarge("A file for a chat has at most 5 MiB.")
            content = b"".join(form.chunks())
        return rendering.document(
            files.upload(name=form.name, content_type=form.content_type, content=content)
        )


class ProtocolView(base.View):
    @schema.describe("sendChatkitRequest", body=dict, answers=dict)
    def post(self, request: Request) -> HttpResponseBase:
        answer = protocol.process(bodies.raw(request))
        if isinstance(answer, bytes):
            return HttpResponse(answer, content_type=rendering.JSON)
        response = StreamingHttpResponse(answer, content_type="text/event-stream")
        response["Cache-Control"] = "no-cache"
        # Proxies that gather an answer before they pass it on would turn the stream into a pause.
        response["X-Accel-Buffering"] = "no"
        return response
