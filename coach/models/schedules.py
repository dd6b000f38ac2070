"""Curriculum schedules and their items."""

from operator import attrgetter

from django.db import models

from coach.documents import schedule as schedules
from coach.documents.schedule import CategoryAllocation, Rationale, Schedule, ScheduleWarning
from coach.documents.schedule import ScheduleItem as ItemDocument
from coach.models.database import members
from coach.models.database.constraints import holds, index, unique
from coach.models.database.fields import DocumentField, Parsed
from coach.models.database.search import BeginningIndex, WordIndex
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

    class Meta:
        ordering = ("learner",)
        constraints = (
            holds("schedule_horizon_positive", time_horizon_days__gte=1),
            holds("schedule_sessions_positive", sessions_per_week__gte=1),
        )
        permissions = (("regenerate_schedules", "Can regenerate schedules"),)
        indexes = (
            index("schedule_stale", "learner", is_stale=True),
            index("schedule_newest", "-generated_at", "id"),
        )

    def __str__(self) -> str:
        return f"schedule of {self.learner}"

    def apply_document(self, document: Schedule) -> None:
        """Take over a schedule's own members; its items are rows of their own."""
        members.take(self, document)
        self.api_json = schedules.served(document).to_json()

    def to_document(self) -> Schedule:
        """The schedule as it is stored; its items are read unless they were fetched with it."""
        items = sorted(self.items.all(), key=attrgetter("position"))
        return Schedule.model_construct(
            **members.of(self, Schedule), items=[item.to_document() for item in items]
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

    class Meta:
        ordering = ("schedule", "recommended_day_offset", "position")
        constraints = (
            unique("schedule_item_position_unique", "schedule", "position"),
            holds("schedule_item_kind_known", kind__in=("lesson", "quiz", "milestone")),
            holds("schedule_item_effort_known", effort_level__in=("light", "moderate", "focus")),
            holds("schedule_item_minutes_least", recommended_minutes__gte=5),
            holds(
                "schedule_item_launch_status_known", launch_status__in=("pending", "in_progress", "completed")
            ),
        )
        indexes = (
            WordIndex(fields=("title",), name="schedule_item_title_words"),
            BeginningIndex(fields=("item_id",), name="schedule_item_by_id"),
            index("schedule_item_moved", "schedule", "position", user_adjusted=True),
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
        members.take(self, document)

    def to_document(self) -> ItemDocument:
        """The item as it is stored."""
        return ItemDocument.model_construct(**members.of(self, ItemDocument))
