"""The index of the API: every route of the contract, in its order."""

from django.urls import path

from coach.api import (
    attachments,
    chatkit,
    developer,
    docs,
    health,
    metrics,
    onboarding,
    profiles,
    schedules,
    sessions,
    submissions,
)

_LEARNER = "api/onboarding/<str:username>"
_ATTACHMENTS = f"{_LEARNER}/assessment/attachments"

urlpatterns = [
    path("healthz", health.HealthView.as_view()),
    path("healthz/database", health.DatabaseHealthView.as_view()),
    path("metrics", metrics.MetricsView.as_view()),
    path("api/profile/<str:username>", profiles.ProfileView.as_view()),
    path("api/profile/<str:username>/elo-plan", profiles.EloPlanView.as_view()),
    path("api/profile/<str:username>/schedule", schedules.ScheduleView.as_view()),
    path("api/profile/<str:username>/schedule/adjust", schedules.AdjustView.as_view()),
    path("api/onboarding/plan", onboarding.PlanView.as_view()),
    path(_LEARNER, onboarding.OnboardingView.as_view()),
    path(f"{_LEARNER}/status", onboarding.StatusView.as_view()),
    path(f"{_LEARNER}/curriculum", profiles.CurriculumView.as_view()),
    path(f"{_LEARNER}/assessment", profiles.AssessmentView.as_view()),
    path(f"{_LEARNER}/assessment/status", onboarding.AssessmentStatusView.as_view()),
    path(f"{_LEARNER}/assessment/submissions", submissions.SubmissionsView.as_view()),
    path(f"{_LEARNER}/assessment/result", profiles.ResultView.as_view()),
    path(_ATTACHMENTS, attachments.AttachmentsView.as_view()),
    path(f"{_ATTACHMENTS}/files", attachments.FilesView.as_view()),
    path(f"{_ATTACHMENTS}/links", attachments.LinksView.as_view()),
    path(f"{_ATTACHMENTS}/<str:attachment_id>", attachments.AttachmentView.as_view()),
    path(f"{_ATTACHMENTS}/<str:attachment_id>/download", attachments.DownloadView.as_view()),
    path("api/developer/reset", developer.ResetView.as_view()),
    path("api/developer/submissions", developer.SubmissionsView.as_view()),
    path("api/session/lesson", sessions.LessonView.as_view()),
    path("api/session/quiz", sessions.QuizView.as_view()),
    path("api/session/milestone", sessions.MilestoneView.as_view()),
    path("api/session/schedule/launch", schedules.LaunchView.as_view()),
    path("api/session/schedule/complete", schedules.CompleteView.as_view()),
    path("api/session/schedule/reopen", schedules.ReopenView.as_view()),
    path("api/session/chat", sessions.ChatView.as_view()),
    path("api/session/reset", sessions.ResetView.as_view()),
    path("api/chatkit/upload", chatkit.UploadView.as_view()),
    path("chatkit", chatkit.ProtocolView.as_view()),
    path("openapi.json", docs.DescriptionView.as_view(), name="openapi"),
    path("docs", docs.PageView.as_view()),
]
