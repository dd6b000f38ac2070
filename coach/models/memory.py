"""Memory records: what is to be remembered about a learner."""

from typing import Self

from django.db import models

from coach.documents.base import LONGEST_IDENTIFIER
from coach.documents.profile import Note
from coach.models.database import members
from coach.models.database.constraints import index, unique
from coach.models.database.fields import DocumentField, Parsed
from coach.models.database.search import WordIndex
from coach.models.learners import LearnerProfile


class MemoryQuerySet(models.QuerySet["MemoryRecord"]):
    def newest_first(self) -> Self:
        """By falling time; of equal times in stored order."""
        return self.order_by("-created_at", "position")


class MemoryRecord(models.Model):
    """One note; its id is unique within one learner, its position is that in the profile."""

    learner = models.ForeignKey(
        LearnerProfile, on_delete=models.CASCADE, related_name="memory_records", db_index=False
    )
    position = models.PositiveIntegerField()
    note_id = models.CharField(max_length=LONGEST_IDENTIFIER)
    note = models.TextField()
    tags = DocumentField(schema=list[str], default="[]")
    created_at = models.DateTimeField()

    tag_list = Parsed[list[str]]("tags")

    objects = MemoryQuerySet.as_manager()

    class Meta:
        ordering = ("learner", "-created_at", "position")
        constraints = (unique("memory_note_id_unique_per_learner", "learner", "note_id"),)
        indexes = (
            index("memory_newest_first", "learner", "-created_at", "position"),
            WordIndex(fields=("note",), name="memory_note_words"),
            # Of the pattern class: for the whole id and for its beginning.
            models.Index(fields=("note_id",), name="memory_by_note_id", opclasses=("varchar_pattern_ops",)),
        )

    def __str__(self) -> str:
        return self.note_id

    def apply_document(self, document: Note, *, position: int) -> None:
        """Take over a note that stands at `position` (from 0) in its profile."""
        self.position = position
        members.take(self, document)

    def to_document(self) -> Note:
        """The note as it is stored and served."""
        return Note.model_construct(**members.of(self, Note))
