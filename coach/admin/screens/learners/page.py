"""What stands on a learner's page, gathered with a fixed number of queries and handed to the template."""

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import F
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from coach.admin.presentation import cells, changes, charts, links, timeline
from coach.admin.screens import notes
from coach.documents import schedule as zones
from coach.documents.assessment import Assessment, GradingResult
from coach.documents.base import utc_now
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    AuditEvent,
    BackfillFinding,
    CurriculumSchedule,
    LearnerProfile,
    MemoryRecord,
    MemoryUpload,
    RecordVersion,
    ScheduleItem,
)
from coach.services import staff

MOST_SUBMISSIONS = 50
MOST_ATTACHMENTS = 50
MOST_NOTES = 20
MOST_EVENTS = 60
MOST_FINDINGS = 5
STATUS_BADGES = {"pending": "calm", "in_progress": "warn", "completed": "good"}


@dataclass(frozen=True)
class Alert:
    """Something that waits for staff; `kind` is warn or bad."""

    words: str
    kind: str = "warn"
    link: SafeString | None = None


@dataclass(frozen=True)
class Skill:
    """One rated category: where it stands, where it started, how it went."""

    key: str
    label: str
    today: int | None
    start: int | None
    spark: SafeString

    @property
    def change(self) -> str:
        if self.today is None or self.start is None:
            return ""
        return f"{self.today - self.start:+d}"


@dataclass(frozen=True)
class Week:
    """One week of a schedule, from its first day; each item with its day and whether that is today."""

    number: int
    first: dt.date
    last: dt.date
    items: list[tuple[ScheduleItem, dt.date, bool]]
    minutes: int
    is_current: bool


class LearnerPage:
    """Everything of one learner. Reading it costs the same number of queries for every learner."""

    def __init__(self, learner: LearnerProfile) -> None:
        """`learner` comes with its schedule joined."""
        self.learner = learner
        self.now = utc_now()
        self.assessment: Assessment | None = learner.assessment
        self.result: GradingResult | None = learner.result
        self.result_score = score(self.result)
        self.schedule: CurriculumSchedule | None = getattr(learner, "schedule", None)
        in_order = ("recommended_day_offset", "position")
        self.items = list(self.schedule.items.order_by(*in_order)) if self.schedule else []
        self._submissions = list(
            AssessmentSubmission.objects.filter(learner=learner)
            .newest_first()
            .defer("api_json", "metadata")[: MOST_SUBMISSIONS + 1]
        )
        self._attachments = list(
            AttachmentMetadata.objects.filter(learner=learner)
            .order_by("-created_at", "id")
            .annotate(used_in=F("submission__submission_id"))[: MOST_ATTACHMENTS + 1]
        )
        self._notes = list(MemoryRecord.objects.filter(learner=learner).newest_first()[: MOST_NOTES + 1])
        self._uploads = dict(MemoryUpload.objects.filter(learner=learner).values_list("note_id", "state"))
        self._events = list(AuditEvent.objects.filter(learner=learner)[:MOST_EVENTS])
        kept = RecordVersion.objects.filter(learner=learner).select_related("run")
        self._versions = changes.explained(kept[:MOST_EVENTS])
        findings = BackfillFinding.objects.open().filter(username=learner.username)
        self._findings = list(findings.defer("record").order_by("-id")[:MOST_FINDINGS])
        self._results = [(row, row.result) for row in self._submissions]

    # --- who this is ------------------------------------------------------------------------------

    @property
    def counts(self) -> dict[str, str]:
        """How many of each there are, no further than they are shown."""
        return {
            "submissions": _up_to(self._submissions, MOST_SUBMISSIONS),
            "attachments": _up_to(self._attachments, MOST_ATTACHMENTS),
            "notes": _up_to(self._notes, MOST_NOTES),
            "schedule items": str(len(self.items)),
        }

    @property
    def source(self) -> str:
        if self.learner.imported_at is None:
            return "made by the API"
        return "imported, edited since" if self.learner.edited_since_import else "imported"

    # --- what waits for staff ---------------------------------------------------------------------

    def alerts(self) -> Iterator[Alert]:
        if self.schedule is not None and self.schedule.is_stale:
            warnings = self.schedule.warning_list
            yield Alert(
                f"The schedule is stale. {warnings[-1].message if warnings else ''}".strip(),
                link=links.to(self.schedule, "see it"),
            )
        for finding in self._findings:
            yield Alert(
                f"A record of the {finding.store} store {_FOUND[finding.outcome]} ({finding.code}).",
                kind="bad",
                link=links.to(finding, f"finding of run {finding.run_id}"),
            )
        missing = [row for row, _, has_bytes in self.attachments if row.kind == "file" and not has_bytes]
        if missing:
            yield Alert(
                ngettext("%d uploaded file has", "%d uploaded files have", len(missing)) % len(missing)
                + " no bytes in the storage.",
                kind="bad",
                link=links.to(missing[0]),
            )
        ungraded = [row for row, result in self._results if result is None]
        if ungraded:
            words = ngettext("%d submission is", "%d submissions are", len(ungraded)) % len(ungraded)
            yield Alert(f"{words} not graded.", link=links.to(ungraded[0]))

    # --- skills -----------------------------------------------------------------------------------

    @cached_property
    def skills(self) -> list[Skill]:
        """Each rated category, in the order of the ratings, then those that only the plan knows."""
        plan = self.learner.plan
        planned = {category.key: category for category in plan.categories} if plan else {}
        ratings = self.learner.ratings
        course = self._course()
        skills = []
        for key in {**ratings, **planned}:
            known = planned.get(key)
            values = [known.starting_rating] if known else []
            values += course.get(key, [])
            if key in ratings and values[-1:] != [ratings[key]]:
                values.append(ratings[key])
            skills.append(
                Skill(
                    key=key,
                    label=known.label if known else key,
                    today=ratings.get(key),
                    start=known.starting_rating if known else None,
                    spark=charts.sparkline(values, label=f"ratings in {known.label if known else key}"),
                )
            )
        return skills

    def _course(self) -> dict[str, list[int]]:
        """The ratings that gradings gave, by category, oldest first."""
        course: dict[str, list[int]] = {}
        for _, result in sorted(
            ((row.submitted_at, result) for row, result in self._results if result), key=lambda pair: pair[0]
        ):
            for outcome in result.category_outcomes:
                course.setdefault(outcome.category_key, []).append(outcome.initial_rating)
        return course

    # --- the schedule -----------------------------------------------------------------------------

    @property
    def anchor(self) -> dt.date | None:
        if self.schedule is None:
            return None
        return zones.anchor_date(self.schedule.generated_at, zones.zone(self.schedule.timezone))

    @property
    def today(self) -> dt.date:
        return self.now.astimezone(zones.zone(self.schedule.timezone if self.schedule else None)).date()

    @property
    def has_progress(self) -> bool:
        """Whether the learner marks items at all: without, nothing is known of what was missed."""
        return any(map(zones.has_progress, self.items))

    def workload(self) -> SafeString:
        """Minutes a day over the schedule's horizon."""
        anchor = self.anchor
        if self.schedule is None or anchor is None:
            return SafeString("")
        words = ngettext("%d item", "%d items", len(self.items)) % len(self.items)
        return charts.workload(
            self.items,
            days=self.schedule.time_horizon_days,
            today=(self.today - anchor).days,
            label=f"minutes a day from {date_format(anchor)}, {words}",
        )

    def weeks(self) -> list[Week]:
        """The items by week of the schedule, the current week marked."""
        anchor = self.anchor
        if anchor is None:
            return []
        weeks = []
        for number, group in itertools.groupby(self.items, lambda item: item.recommended_day_offset // 7):
            first, last = anchor + dt.timedelta(days=7 * number), anchor + dt.timedelta(days=7 * number + 6)
            days = [(item, anchor + dt.timedelta(days=item.recommended_day_offset)) for item in group]
            weeks.append(
                Week(
                    number + 1,
                    first,
                    last,
                    items=[(item, day, day == self.today) for item, day in days],
                    minutes=sum(item.recommended_minutes for item, _ in days),
                    is_current=first <= self.today <= last,
                )
            )
        return weeks

    # --- assessment, submissions, attachments, notes ----------------------------------------------

    @property
    def status(self) -> SafeString | None:
        """The state of the assessment, as a badge."""
        status = self.assessment.status if self.assessment else None
        return cells.badge(status.replace("_", " "), STATUS_BADGES[status]) if status else None

    @cached_property
    def submissions(self) -> list[tuple[AssessmentSubmission, int, int | None]]:
        """The newest submissions, each with the number of its answers and its score."""
        return [
            (row, len(row.response_list), score(result)) for row, result in self._results[:MOST_SUBMISSIONS]
        ]

    @cached_property
    def attachments(self) -> list[tuple[AttachmentMetadata, SafeString | str | None, bool]]:
        """The newest attachments, each with the address of a link, and whether a file has bytes."""
        return [
            (
                row,
                links.outside(row.url) if row.kind == "link" else None,
                row.kind == "file" and bool(staff.has_bytes(row)),
            )
            for row in self._attachments[:MOST_ATTACHMENTS]
        ]

    @cached_property
    def notes(self) -> list[tuple[MemoryRecord, SafeString]]:
        """The newest notes, each with the state of its upload to the index."""
        return [(note, self._upload_mark(note.note_id)) for note in self._notes[:MOST_NOTES]]

    def _upload_mark(self, note_id: str) -> SafeString:
        state = self._uploads.get(note_id)
        if state is None:
            return cells.badge("not queued for upload", "calm")
        return cells.badge(MemoryUpload.State(state).label, notes.STATE_BADGES[state])

    @cached_property
    def timeline(self) -> list[timeline.Entry]:
        return timeline.merged(
            self.learner,
            schedule=self.schedule,
            submissions=self._submissions,
            attachments=self._attachments,
            events=self._events,
            versions=self._versions,
        )


_FOUND = {"rejected": "was rejected", "conflict": "is in conflict", "file": "came without its bytes"}


def score(result: GradingResult | None) -> int | None:
    """The mean score of a grading in per cent; None without one, or without graded tasks."""
    if result is None or not result.task_results:
        return None
    return round(100 * sum(task.score for task in result.task_results) / len(result.task_results))


def _up_to(rows: Sequence[Any], most: int) -> str:
    return f"{most}+" if len(rows) > most else str(len(rows))
