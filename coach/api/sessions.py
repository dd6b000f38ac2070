"""Sessions with the coach: lessons, quizzes, milestones, chat."""

from __future__ import annotations

from typing import ClassVar

from django.http import HttpResponse
from rest_framework.request import Request

from coach.api.http import base, bodies, rendering, schema
from coach.documents import requests
from coach.documents import sessions as documents
from coach.services import sessions

_ERRORS = (422, 502, 503)


class _TopicView(base.View):
    """Work on a topic."""

    kind: ClassVar[documents.TopicKind]

    def post(self, request: Request) -> HttpResponse:
        asked = bodies.read(request, requests.TopicRequest)
        return rendering.document(sessions.topic(kind=self.kind, **dict(asked)))


class LessonView(_TopicView):
    kind = "lesson"

    @schema.describe(
        "askLesson", "Ask for a lesson", body=requests.TopicRequest, answers=documents.Lesson, errors=_ERRORS
    )
    def post(self, request: Request) -> HttpResponse:
        return super().post(request)


class QuizView(_TopicView):
    kind = "quiz"

    @schema.describe(
        "askQuiz", "Ask for a quiz", body=requests.TopicRequest, answers=documents.Quiz, errors=_ERRORS
    )
    def post(self, request: Request) -> HttpResponse:
        return super().post(request)


class MilestoneView(_TopicView):
    kind = "milestone"

    @schema.describe(
        "askMilestone",
        "Mark a milestone",
        body=requests.TopicRequest,
        answers=documents.Milestone,
        errors=_ERRORS,
    )
    def post(self, request: Request) -> HttpResponse:
        return super().post(request)


class ChatView(base.View):
    @schema.describe(
        "sendMessage",
        "Talk with the coach",
        body=requests.ChatRequest,
        answers=documents.Chat,
        errors=_ERRORS,
    )
    def post(self, request: Request) -> HttpResponse:
        return rendering.document(sessions.chat(bodies.read(request, requests.ChatRequest)))


class ResetView(base.View):
    @schema.describe(
        "resetSession",
        "Forget a session, or all of them",
        body=requests.SessionReset,
        status=204,
        errors=(422,),
    )
    def post(self, request: Request) -> HttpResponse:
        sessions.reset(session_id=bodies.read(request, requests.SessionReset).session_id)
        return rendering.nothing()
