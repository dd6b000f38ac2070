"""Curriculum schedules and their items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from django.db import models

from coach.documents import schedule as schedules
from coach.documents.schedule import (
    CategoryAllocation,
    Effort,
    ItemKind,
    LaunchStatus,
    Rationale,
    Schedule,
    ScheduleWarning,
)
from coach.documents.schedule import (
    ScheduleItem as ItemDocument,
)
from coach.models.database.fields import DocumentField, Parsed
from coach.models.learners import LearnerProfile


class CurriculumSchedule(models.Model):
    """A learner's one schedule. `api_json` is derived: the schedule as clients see it, items included."""

    learner = models.OneToOneField(LearnerProfile, on_delete=models.CASCADE, related_name="schedule")
    generated_at = models.DateTimeField()
    time_horizon_days = models.PositiveIntegerField(default=14)
    timezone = models.TextField(null=True, blank=True)
    cadence_notes = models.TextField(null=True, blank=True)
    pacing_overview = models.TextField(null=True, blank=True)
    is_stale = models.BooleanField(default=False)
    warnings = DocumentField(schema=list[ScheduleWarning], default="[]")
    category_allocations = DocumentField(schema=list[CategoryAllocation], default="[]")
    rationale_history = DocumentField(schema=list[Rationale], default="[]")
    sessions_per_week = models.PositiveIntegerField(default=4)
    projected_weekly_minutes = models.PositiveIntegerField(default=0)
    long_range_item_count = models.PositiveIntegerField(default=0)
    extended_weeks = models.PositiveIntegerField(default=0)
    long_range_category_keys = DocumentField(schema=list[str], default="[]")
    api_json = DocumentField(schema=schedules.ServedSchedule, editable=False)

    warning_list = Parsed[list[ScheduleWarning]]("warnings")
    allocations = Parsed[list[CategoryAllocation]]("category_allocations")
    rationales = Parsed[list[Rationale]]("rationale_history")
    long_range_keys = Parsed[list[str]]("long_range_category_keys")

    class Meta:
        ordering = ("learner",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(time_horizon_days__gte=1), name="schedule_horizon_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(sessions_per_week__gte=1), name="schedule_sessions_positive"
            ),
        )
        permissions = (("regenerate_schedules", "Can regenerate schedules"),)
        indexes = (
            models.Index(fields=("learner",), condition=models.Q(is_stale=True), name="schedule_stale"),
            models.Index(fields=("-generated_at", "id"), name="schedule_newest"),
        )

    def __str__(self) -> str:
        return f"schedule of {self.learner}"

    def apply_document(self, document: Schedule) -> None:
        """Take over a schedule's own members; its items are rows of their own."""
        self.generated_at = document.generated_at
        self.time_horizon_days = document.time_horizon_days
        self.timezone = document.timezone
        self.cadence_notes = document.cadence_notes
        self.pacing_overview = document.pacing_overview
        self.is_stale = document.is_stale
        self.warning_list = document.warnings
        self.allocations = document.category_allocations
        self.rationales = document.rationale_history
        self.sessions_per_week = document.sessions_per_week
        self.projected_weekly_minutes = document.projected_weekly_minutes
        self.long_range_item_count = document.long_range_item_count
        self.extended_weeks = document.extended_weeks
        self.long_range_keys = document.long_range_category_keys
        self.api_json = schedules.served(document).to_json()

    def to_document(self, *, items: Sequence[ItemDocument] | None = None) -> Schedule:
        """The schedule as it is stored; its items are read from the database unless they are given."""
        if items is None:
            items = [item.to_document() for item in self.items.order_by("position")]
        return Schedule.model_construct(
            generated_at=self.generated_at,
            time_horizon_days=self.time_horizon_days,
            timezone=self.timezone,
            cadence_notes=self.cadence_notes,
            pacing_overview=self.pacing_overview,
            items=list(items),
            is_stale=self.is_stale,
            warnings=self.warning_list,
            category_allocations=self.allocations,
            rationale_history=self.rationales,
            sessions_per_week=self.sessions_per_week,
            projected_weekly_minutes=self.projected_weekly_minutes,
            long_range_item_count=self.long_range_item_count,
            extended_weeks=self.extended_weeks,
            long_range_category_keys=self.long_range_keys,
        )


class ScheduleItem(models.Model):
    """One piece of work; `position` is its place in the stored order, the day is counted from the anchor."""

    class Kind(models.TextChoices):
        LESSON = "lesson"
        QUIZ = "quiz"
        MILESTONE = "milestone"

    class Effort(models.TextChoices):
        LIGHT = "light"
        MODERATE = "moderate"
        FOCUS = "focus"

    class LaunchStatus(models.TextChoices):
        PENDING = "pending"
        IN_PROGRESS = "in_progress"
        COMPLETED = "completed"

    schedule = models.ForeignKey(
        CurriculumSchedule, on_delete=models.CASCADE, related_name="items", db_index=False
    )
    position = models.PositiveIntegerField()
    item_id = models.TextField()
    kind = models.CharField(max_length=16, choices=Kind)
    category_key = models.TextField()
    title = models.TextField()
    summary = models.TextField(blank=True, default="")
    objectives = DocumentField(schema=list[str], default="[]")
    prerequisites = DocumentField(schema=list[str], default="[]")
    recommended_minutes = models.PositiveIntegerField(default=45)
    recommended_day_offset = models.PositiveIntegerField(default=0)
    effort_level = models.CharField(max_length=16, choices=Effort, default=Effort.MODERATE)
    focus_reason = models.TextField(null=True, blank=True)
    expected_outcome = models.TextField(null=True, blank=True)
    user_adjusted = models.BooleanField(default=False)
    # The default is the database's too, so that servers of the version before go on writing items.
    launch_status = models.CharField(
        max_length=16, choices=LaunchStatus, default=LaunchStatus.PENDING, db_default=LaunchStatus.PENDING
    )
    last_launched_at = models.DateTimeField(null=True, blank=True)
    last_completed_at = models.DateTimeField(null=True, blank=True)
    active_session_id = models.TextField(null=True, blank=True)

    objective_list = Parsed[list[str]]("objectives")
    prerequisite_ids = Parsed[list[str]]("prerequisites")

    class Meta:
        ordering = ("schedule", "recommended_day_offset", "position")
        constraints = (
            models.UniqueConstraint(fields=("schedule", "position"), name="schedule_item_position_unique"),
            models.CheckConstraint(
                condition=models.Q(kind__in=("lesson", "quiz", "milestone")), name="schedule_item_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(effort_level__in=("light", "moderate", "focus")),
                name="schedule_item_effort_known",
            ),
            models.CheckConstraint(
                condition=models.Q(recommended_minutes__gte=5), name="schedule_item_minutes_least"
            ),
            models.CheckConstraint(
                condition=models.Q(launch_status__in=("pending", "in_progress", "completed")),
                name="schedule_item_launch_status_known",
            ),
        )
        indexes = (
            models.Index(
                fields=("schedule", "position"),
                condition=models.Q(user_adjusted=True),
                name="schedule_item_moved",
            ),
            models.Index(
                fields=("schedule", "launch_status"),
                condition=~models.Q(launch_status="pending"),
                name="schedule_item_progress",
            ),
        )

    def __str__(self) -> str:
        return self.item_id

    def apply_document(self, document: ItemDocument, *, position: int) -> None:
        """Take over an item that stands at `position` (from 0) in its schedule."""
        self.position = position
        self.item_id = document.item_id
        self.kind = document.kind
        self.category_key = document.category_key
        self.title = document.title
        self.summary = document.summary
        self.objective_list = document.objectives
        self.prerequisite_ids = document.prerequisites
        self.recommended_minutes = document.recommended_minutes
        self.recommended_day_offset = document.recommended_day_offset
        self.effort_level = document.effort_level
        self.focus_reason = document.focus_reason
        self.expected_outcome = document.expected_outcome
        self.user_adjusted = document.user_adjusted
        self.launch_status = document.launch_status
        self.last_launched_at = document.last_launched_at
        self.last_completed_at = document.last_completed_at
        self.active_session_id = document.active_session_id

    def to_document(self) -> ItemDocument:
        """The item as it is stored."""
        return ItemDocument.model_construct(
            item_id=self.item_id,
            kind=cast(ItemKind, self.kind),
            category_key=self.category_key,
            title=self.title,
            summary=self.summary,
            objectives=self.objective_list,
            prerequisites=self.prerequisite_ids,
            recommended_minutes=self.recommended_minutes,
            recommended_day_offset=self.recommended_day_offset,
            effort_level=cast(Effort, self.effort_level),
            focus_reason=self.focus_reason,
            expected_outcome=self.expected_outcome,
            user_adjusted=self.user_adjusted,
            launch_status=cast(LaunchStatus, self.launch_status),
            last_launched_at=self.last_launched_at,
            last_completed_at=self.last_completed_at,
            active_session_id=self.active_session_id,
        )
