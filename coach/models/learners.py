"""Learner profiles: one row a learner, nested documents as they are served."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, Self

from django.db import models

from coach.documents.assessment import Assessment, GradingResult
from coach.documents.base import LONGEST_IDENTIFIER, Whole
from coach.documents.curriculum import Curriculum, EloPlan, GoalInference, Track
from coach.documents.profile import DEFAULT_MEMORY_INDEX_ID, Note, Profile
from coach.documents.schedule import Schedule
from coach.models.database import members
from coach.models.database.constraints import index
from coach.models.database.fields import DocumentField, Parsed
from coach.models.database.search import PieceIndex, WordIndex
from coach.models.imported import Imported, ImportedQuerySet


class LearnerQuerySet(ImportedQuerySet["LearnerProfile"]):
    def named(self, username: str) -> Self:
        """The learner of that (normal) name, if there is one."""
        return self.filter(username=username)


class LearnerProfile(Imported):
    """One person, keyed by username in its normal form.

    The columns named in `plan` … `adjustments` below hold JSON text; those properties read and write it as
    documents. `extended_assessment` is derived: the assessment as the profile view shows it, NULL while
    it has not been derived since the plan or the assessment changed.
    """

    username = models.CharField(max_length=LONGEST_IDENTIFIER, unique=True)
    goal = models.TextField(blank=True, default="")
    use_case = models.TextField(blank=True, default="")
    strengths = models.TextField(blank=True, default="")
    timezone = models.TextField(null=True, blank=True)
    knowledge_tags = DocumentField(schema=list[str], default="[]")
    recent_sessions = DocumentField(schema=list[str], default="[]")
    elo_snapshot = DocumentField(schema=dict[str, Whole], default="{}")
    memory_index_id = models.TextField(blank=True, default=DEFAULT_MEMORY_INDEX_ID)
    last_updated = models.DateTimeField(db_index=True)
    elo_category_plan = DocumentField(schema=EloPlan, null=True, blank=True)
    curriculum_plan = DocumentField(schema=Curriculum, null=True, blank=True)
    schedule_adjustments = DocumentField(schema=dict[str, Whole], default="{}")
    onboarding_assessment = DocumentField(schema=Assessment, null=True, blank=True)
    onboarding_assessment_result = DocumentField(schema=GradingResult, null=True, blank=True)
    goal_inference = DocumentField(schema=GoalInference, null=True, blank=True)
    foundation_tracks = DocumentField(schema=list[Track], default="[]")
    extended_assessment = DocumentField(schema=Assessment, null=True, blank=True, editable=False)

    tags = Parsed[list[str]]("knowledge_tags")
    sessions = Parsed[list[str]]("recent_sessions")
    ratings = Parsed[dict[str, int]]("elo_snapshot")
    plan = Parsed["EloPlan | None"]("elo_category_plan")
    curriculum = Parsed["Curriculum | None"]("curriculum_plan")
    adjustments = Parsed[dict[str, int]]("schedule_adjustments")
    assessment = Parsed["Assessment | None"]("onboarding_assessment")
    result = Parsed["GradingResult | None"]("onboarding_assessment_result")
    inference = Parsed["GoalInference | None"]("goal_inference")
    tracks = Parsed[list[Track]]("foundation_tracks")

    objects = LearnerQuerySet.as_manager()

    class Meta:
        verbose_name = "learner"
        ordering = ("username",)
        constraints = (
            models.CheckConstraint(condition=~models.Q(username=""), name="learner_username_not_empty"),
        )
        indexes = (
            PieceIndex(fields=("username",), name="learner_username_pieces"),
            PieceIndex(fields=("goal",), name="learner_goal_pieces"),
            WordIndex(fields=("use_case",), name="learner_use_case_words"),
            index("learner_edited", "id", edited_since_import=True),
        )

    def __str__(self) -> str:
        return self.username

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Save. Raises ValueError where the derived assessment would be left behind by what it is derived from."""
        if update_fields is not None:
            update_fields = set(update_fields)
            sources = {"elo_category_plan", "onboarding_assessment"}
            if update_fields & sources and "extended_assessment" not in update_fields:
                raise ValueError("a changed plan or assessment is saved together with extended_assessment")
        super().save(*args, update_fields=update_fields, **kwargs)

    def apply_document(self, document: Profile) -> None:
        """Take over a profile's own members; its notes and its schedule are rows of their own."""
        members.take(self, document)
        self.extended_assessment = None

    def to_document(self) -> Profile:
        """The profile as it is stored; its notes and its schedule are read unless they were fetched with it."""
        schedule = getattr(self, "schedule", None)
        notes = sorted(self.memory_records.all(), key=attrgetter("position"))
        return self.assemble(
            notes=[note.to_document() for note in notes],
            schedule=schedule.to_document() if schedule else None,
        )

    def assemble(self, *, notes: Sequence[Note], schedule: Schedule | None) -> Profile:
        """The profile as it is stored, of this row and of notes and a schedule that were read already."""
        return Profile.model_construct(
            **members.of(self, Profile), memory_records=list(notes), curriculum_schedule=schedule
        )
