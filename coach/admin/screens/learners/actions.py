"""What can be done with many learners at once."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from coach.admin.access import rights
from coach.admin.changelist import bulk, exports
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    CurriculumSchedule,
    LearnerProfile,
    MemoryRecord,
)
from coach.services import learners, schedules, staff

MOST_REGENERATED = 200
REGENERATE = bulk.Question(
    title="Regenerate schedules",
    button="Regenerate",
    goes_with=(
        "Each schedule is generated again from curriculum, ratings and the learner's own adjustments. "
        "The one that it replaces is kept in the history and can be put back.",
        "Where that fails, the earlier schedule stays and is marked stale.",
    ),
    most=MOST_REGENERATED,
)
CONSUME = bulk.Question(
    title="Mark pending attachments consumed",
    button="Mark consumed",
    goes_with=(
        "Each learner's pending attachments are attached to the learner's newest submission, "
        "as if they had been sent with it.",
    ),
)


class LearnerActions(exports.Exportable):
    """The actions of the learners' list."""

    actions: Any = ("export", "regenerate", "consume", "delete_learners")
    export_choices = (exports.STORES, exports.JSON, exports.CSV)
    export_columns = {
        "username": lambda row: row.username,
        "goal": lambda row: row.goal,
        "use_case": lambda row: row.use_case,
        "strengths": lambda row: row.strengths,
        "timezone": lambda row: row.timezone,
        "knowledge_tags": lambda row: row.tags,
        "ratings": lambda row: row.ratings,
        "last_updated": lambda row: row.last_updated,
    }

    def has_regenerate_permission(self, request: HttpRequest) -> bool:
        return rights.may_regenerate(request)

    @admin.action(description="Regenerate schedules…", permissions=["regenerate"])
    def regenerate(self, request: HttpRequest, queryset: QuerySet[LearnerProfile]) -> HttpResponse | None:
        return bulk.ask_and_do(
            self,
            request,
            queryset,
            REGENERATE,
            names=_names(queryset),
            do=lambda name: staff.regenerate(user=rights.user(request), username=name),
            words=("%d schedule was regenerated.", "%d schedules were regenerated."),
            excuses=(learners.LearnerNotFound, schedules.CannotSchedule),
        )

    @admin.action(description="Mark pending attachments consumed…", permissions=["change"])
    def consume(self, request: HttpRequest, queryset: QuerySet[LearnerProfile]) -> HttpResponse | None:
        return bulk.ask_and_do(
            self,
            request,
            queryset,
            CONSUME,
            names=_names(queryset),
            do=lambda name: staff.consume(user=rights.user(request), username=name),
            words=("Done for %d learner.", "Done for %d learners."),
            excuses=(learners.LearnerNotFound, staff.NothingToJoin),
        )

    @admin.action(description="Delete…", permissions=["delete"])
    def delete_learners(
        self, request: HttpRequest, queryset: QuerySet[LearnerProfile]
    ) -> HttpResponse | None:
        return bulk.ask_and_do(
            self,
            request,
            queryset,
            deleting(queryset.order_by().values("pk")),
            names=_names(queryset),
            do=lambda name: staff.delete(user=rights.user(request), username=name),
            words=("%d learner was deleted.", "%d learners were deleted."),
        )


def _names(rows: QuerySet[LearnerProfile]) -> Iterable[str]:
    return rows.values_list("username", flat=True)


def deleting(keys: Any) -> bulk.Question:
    """The question before the learners with those primary keys are deleted, with the exact numbers of what goes along."""
    parts = [
        f"{model.objects.filter(learner__in=keys).count()} {words}"
        for model, words in (
            (CurriculumSchedule, "schedules"),
            (AssessmentSubmission, "submissions"),
            (AttachmentMetadata, "attachments"),
            (MemoryRecord, "notes"),
        )
    ]
    return bulk.Question(
        title="Delete learners",
        button="Delete for good",
        goes_with=(
            f"With them go {', '.join(parts)}, and the files they uploaded.",
            "Audit events stay, without the name. This cannot be undone, and imports do not bring them back.",
        ),
        danger=True,
        command="manage.py export_stores, first",
    )
