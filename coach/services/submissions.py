"""Submissions: validating, grading, and everything that follows from a grade, in one transaction."""

import secrets
from collections.abc import Mapping, Sequence
from types import ModuleType

from django.db import transaction

from coach import agent, telemetry
from coach.agent.errors import AgentError
from coach.agent.tools.requests import GradeRequest, LearnerGoals
from coach.documents import submissions as documents
from coach.documents.assessment import Assessment, GradingResult
from coach.documents.base import utc_now
from coach.documents.requests import ResponseEntry
from coach.documents.submissions import Response, Submission, count_words
from coach.engines import grading as rules
from coach.models import AssessmentSubmission, AttachmentMetadata, LearnerProfile
from coach.services import assessments, attachments, audit, grading, learner_tools, learners
from coach.services.operations import connections


class NothingToAnswer(Exception):
    """The assessment has no tasks."""


class UnusableResponse(ValueError):
    """An entry names no task of the assessment, a task that was answered already, or has no answer."""


def submit(*, username: str, answers: Sequence[ResponseEntry], metadata: Mapping[str, str]) -> str:
    """Take a learner's answers, grade them, and store all that follows; returns the submission as JSON text.

    Raises LearnerNotFound, NoAssessment, NothingToAnswer, UnusableResponse, with nothing changed.
    """
    learner = learners.named(username)
    submission = Submission(
        submission_id=f"sub_{secrets.token_hex(12)}",
        username=username,
        submitted_at=utc_now(),
        responses=_responses(_assessment(learner), answers),
        metadata={key: value.strip() for key, value in metadata.items() if value.strip()},
    )
    # What is uploaded while the answers are graded belongs to the next submission.
    arrived = list(AttachmentMetadata.objects.filter(learner=learner).pending().values_list("pk", flat=True))
    result, grader = _grade(learner, submission, arrived)
    submission = submission.model_copy(update={"grading": result})
    with transaction.atomic():
        learner = learners.locked(username)
        # The assessment may have been replaced while the answers were graded.
        _responses(_assessment(learner), answers)
        row = _store(learner, submission, grader, arrived)
        grading.apply(learner, result, submitted_at=submission.submitted_at)
    telemetry.emit("submission_graded", by=grader, responses=len(submission.responses))
    return row.api_json


def _assessment(learner: LearnerProfile) -> Assessment:
    assessment = learner.assessment
    if assessment is None:
        raise assessments.NoAssessment(f"{learner.username!r} has no assessment.")
    if not assessment.tasks:
        raise NothingToAnswer("The assessment has no tasks to answer.")
    return assessment


def _responses(assessment: Assessment, answers: Sequence[ResponseEntry]) -> list[Response]:
    """The answers with their tasks' categories and types, stripped, in the order sent. Raises UnusableResponse."""
    tasks = {task.task_id: task for task in assessment.tasks}
    responses: dict[str, Response] = {}
    for answer in answers:
        task_id, text = answer.task_id.strip(), answer.response.strip()
        if not task_id:
            raise UnusableResponse("Every response must name its task.")
        if task_id not in tasks:
            raise UnusableResponse(f"The assessment has no task {task_id!r}.")
        if task_id in responses:
            raise UnusableResponse(f"Task {task_id!r} is answered twice.")
        if not text:
            raise UnusableResponse(f"The response to task {task_id!r} is blank.")
        task = tasks[task_id]
        responses[task_id] = Response(
            task_id=task_id,
            response=text,
            category_key=task.category_key,
            task_type=task.task_type,
            word_count=count_words(text),
        )
    return list(responses.values())


def _grade(
    learner: LearnerProfile, submission: Submission, arrived: list[int]
) -> tuple[GradingResult, AssessmentSubmission.Grader]:
    """The model's grading where there is one to ask and its answer can be used; otherwise the provisional one.

    Called before the transaction: the model may take minutes.
    """
    if coach := agent.coach():
        try:
            return _model_grading(coach, learner, submission, arrived), AssessmentSubmission.Grader.MODEL
        except AgentError as error:
            telemetry.emit("grading_fallback", error=type(error).__name__)
    report = rules.provisional_report(submission.submission_id, submission.responses, now=utc_now())
    return report, AssessmentSubmission.Grader.PROVISIONAL


def _model_grading(
    coach: ModuleType, learner: LearnerProfile, submission: Submission, arrived: list[int]
) -> GradingResult:
    """Raises AgentError."""
    assessment, plan = _assessment(learner), learner.plan
    pending = [attachment.to_document() for attachment in attachments.consume(learner, arrived)]
    ask = GradeRequest(
        goals=LearnerGoals(learner.username, learner.goal, learner.use_case, learner.strengths),
        plan=plan,
        assessment=assessment,
        submission=documents.served(submission.model_copy(update={"attachments": pending})),
    )
    with connections.released():
        grades = coach.grade(ask, learner_tools=learner_tools.tools(learner.username))
    return grading.result(
        grades, submission_id=submission.submission_id, tasks=assessment.tasks, plan=plan, now=utc_now()
    )


def _store(
    learner: LearnerProfile, submission: Submission, grader: str, arrived: list[int]
) -> AssessmentSubmission:
    """Write the (graded) submission, and take the pending attachments along."""
    taken = attachments.consume(learner, arrived)
    row = AssessmentSubmission(learner=learner, graded_by=grader)
    attached = [attachment.to_document() for attachment in taken]
    row.apply_document(submission.model_copy(update={"attachments": attached}))
    row.save(force_insert=True)
    for attachment in taken:
        attachment.submission = row
    AttachmentMetadata.objects.bulk_update(taken, ["submission", "position", "source", "url"])
    audit.record(
        "submission.graded", learner, submission_id=row.submission_id, by=grader, attachments=len(taken)
    )
    return row
