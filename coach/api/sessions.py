"""Sessions with the coach: lessons, quizzes, milestones, chat."""

from django.http import HttpResponse
from rest_framework.request import Request

from coach.api.http import base, bodies, rendering, schema
from coach.documents import requests
from coach.documents import sessions as documents
from coach.documents.base import Document
from coach.services import sessions


def _topic_view(kind: documents.TopicKind, operation: str, answers: type[Document]) -> type[base.View]:
    class TopicView(base.View):
        @schema.describe(operation, body=requests.TopicRequest, answers=answers)
        def post(self, request: Request) -> HttpResponse:
            asked = bodies.read(request, requests.TopicRequest)
            return rendering.document(sessions.topic(kind=kind, **dict(asked)))

    return TopicView


LessonView = _topic_view("lesson", "askLesson", documents.Lesson)
QuizView = _topic_view("quiz", "askQuiz", documents.Quiz)
MilestoneView = _topic_view("milestone", "askMilestone", documents.Milestone)


class ChatView(base.View):
    @schema.describe("sendMessage", body=requests.ChatRequest, answers=documents.Chat)
    def post(self, request: Request) -> HttpResponse:
        return rendering.document(sessions.chat(bodies.read(request, requests.ChatRequest)))


class ResetView(base.View):
    @schema.describe("resetSession", body=requests.SessionReset)
    def post(self, request: Request) -> HttpResponse:
        sessions.reset(session_id=bodies.read(request, requests.SessionReset).session_id)
        return rendering.nothing()
