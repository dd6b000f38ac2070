"""What stands on a learner's page, gathered with a fixed number of queries and handed to the template."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from coach.admin.presentation import cells, changes, charts, links, timeline
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
UPLOAD_BADGES = {"queued": "calm", "stored": "good", "dead": "bad"}
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


@dataclass
class Week:
    """One week of a schedule, from its first day."""

    number: int
    first: dt.date
    last: dt.date
    items: list[tuple[ScheduleItem, dt.date, bool]] = field(default_factory=list)
    minutes: int = 0
    is_current: bool = False


@dataclass(frozen=True)
class SubmissionLine:
    row: AssessmentSubmission
    score: int | None
    answers: int


@dataclass(frozen=True)
class AttachmentLine:
    row: AttachmentMetadata
    target: SafeString | str | None
    downloadable: bool


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
        self.items = list(_items(self.schedule))
        self._submissions = list(
            AssessmentSubmission.objects.filter(learner=learner)
            .newest_first()
            .defer("api_json", "metadata")[: MOST_SUBMISSIONS + 1]
        )
        self._attachments = list(
            AttachmentMetadata.objects.filter(learner=learner)
            .order_by("-created_at", "id")
            .select_related("submission")
            .only(*_ATTACHMENT_COLUMNS)[: MOST_ATTACHMENTS + 1]
        )
        self._notes = list(MemoryRecord.objects.filter(learner=learner).newest_first()[: MOST_NOTES + 1])
        self._uploads = _uploads(learner)
        self._events = list(AuditEvent.objects.filter(learner=learner)[:MOST_EVENTS])
        kept = RecordVersion.objects.filter(learner=learner).select_related("run")
        self._versions = changes.explained(kept[:MOST_EVENTS])
        self._findings = list(_findings(learner))
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
        missing = [line.row for line in self.attachments if line.row.kind == "file" and not line.downloadable]
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
        weeks: dict[int, Week] = {}
        for item in self.items:
            number = item.recommended_day_offset // 7
            if number not in weeks:
                first = anchor + dt.timedelta(days=7 * number)
                last = first + dt.timedelta(days=6)
                weeks[number] = Week(number + 1, first, last, is_current=first <= self.today <= last)
            day = anchor + dt.timedelta(days=item.recommended_day_offset)
            weeks[number].items.append((item, day, day == self.today))
            weeks[number].minutes += item.recommended_minutes
        return [weeks[number] for number in sorted(weeks)]

    # --- assessment, submissions, attachments, notes ----------------------------------------------

    @property
    def status(self) -> SafeString | None:
        """The state of the assessment, as a badge."""
        status = self.assessment.status if self.assessment else None
        return cells.badge(status.replace("_", " "), STATUS_BADGES[status]) if status else None

    @cached_property
    def submissions(self) -> list[SubmissionLine]:
        return [
            SubmissionLine(row, score=score(result), answers=len(row.response_list))
            for row, result in self._results[:MOST_SUBMISSIONS]
        ]

    @cached_property
    def attachments(self) -> list[AttachmentLine]:
        return [
            AttachmentLine(
                row,
                target=links.outside(row.url) if row.kind == "link" else None,
                downloadable=row.kind == "file" and bool(staff.has_bytes(row)),
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
        return cells.badge(MemoryUpload.State(state).label, UPLOAD_BADGES[state])

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
_ATTACHMENT_COLUMNS = (
    "attachment_id",
    "learner_id",
    "kind",
    "name",
    "description",
    "url",
    "size_bytes",
    "stored_path",
    "created_at",
    "imported_at",
    "imported_by_id",
    "submission__submission_id",
)


def score(result: GradingResult | None) -> int | None:
    """The mean score of a grading in per cent; None without one, or without graded tasks."""
    if result is None or not result.task_results:
        return None
    return round(100 * sum(task.score for task in result.task_results) / len(result.task_results))


def _items(schedule: CurriculumSchedule | None) -> Any:
    if schedule is None:
        return ()
    return ScheduleItem.objects.filter(schedule=schedule).order_by("recommended_day_offset", "position")


def _uploads(learner: LearnerProfile) -> dict[str, str]:
    return dict(MemoryUpload.objects.of(learner).values_list("note_id", "state"))


def _findings(learner: LearnerProfile) -> Any:
    """What waits of what runs found in the learner's records, the newest first."""
    return (
        BackfillFinding.objects.open().filter(username=learner.username).defer("record").order_by("-id")[:5]
    )


def _up_to(rows: Sequence[Any], most: int) -> str:
    return f"{most}+" if len(rows) > most else str(len(rows))
