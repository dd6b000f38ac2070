"""All that happened to a learner, in one list: imports, submissions, gradings, schedules, staff edits."""

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from coach.admin.presentation import cells, links
from coach.admin.presentation.changes import Explained
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    AuditEvent,
    BackfillRun,
    CurriculumSchedule,
    LearnerProfile,
)

MOST_SHOWN = 60
# Rows of their own show these already.
_SHOWN_ELSEWHERE = frozenset({"submission graded", "attachment uploaded", "attachment linked"})
_WORDS = {
    "learner.told": "told something in a session",
    "learner.created": "was created",
    "learner.edited": "profile edited",
    "memory.written": "note written",
    "schedule.not_generated": "schedule could not be generated, the earlier one stays",
    "import.resolved": "a finding of an import resolved",
    "version.put_back": "an earlier version put back",
    "schedule.adjusted": "moved an item",
    "schedule.launched": "launched an item",
    "schedule.completed": "completed an item",
    "schedule.reopened": "reopened an item",
    "assessment.status": "assessment status changed",
    "onboarding.told": "onboarding details told",
    "attachment.consumed": "pending attachments attached to a submission",
}


@dataclass(frozen=True)
class Entry:
    """One thing that happened; `kind` chooses the badge, `link` leads to it."""

    at: dt.datetime
    kind: str
    words: str
    link: SafeString | None = None
    by: str = ""
    versions: Sequence[Explained] = ()


def merged(
    learner: LearnerProfile,
    *,
    schedule: CurriculumSchedule | None,
    submissions: Sequence[AssessmentSubmission],
    attachments: Sequence[AttachmentMetadata],
    events: Sequence[AuditEvent],
    versions: Sequence[Explained],
) -> list[Entry]:
    """The newest entries of all kinds, newest first."""
    done = _done(events, versions)
    entries = itertools.chain(
        _imports(learner, submissions, attachments),
        _schedules(schedule),
        _submissions(submissions),
        _attachments(attachments),
        (entry for entry in done if entry.versions or entry.words not in _SHOWN_ELSEWHERE),
    )
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:MOST_SHOWN]


def history(events: Sequence[AuditEvent], versions: Sequence[Explained]) -> list[Entry]:
    """What was done to a learner, newest first."""
    return sorted(_done(events, versions), key=lambda entry: entry.at, reverse=True)


def _imports(
    learner: LearnerProfile,
    submissions: Iterable[AssessmentSubmission],
    attachments: Iterable[AttachmentMetadata],
) -> Iterator[Entry]:
    """One entry a run, whatever it brought of this learner."""
    by_run: dict[int, dt.datetime] = {}
    for row in (learner, *submissions, *(row for row in attachments if row.submission_id is None)):
        if row.imported_at and row.imported_by_id:
            by_run[row.imported_by_id] = max(row.imported_at, by_run.get(row.imported_by_id, row.imported_at))
    for run, at in by_run.items():
        yield Entry(at, "import", "imported", links.to(BackfillRun(pk=run)))


def _schedules(schedule: CurriculumSchedule | None) -> Iterator[Entry]:
    if schedule is None:
        return
    yield Entry(schedule.generated_at, "schedule", "schedule generated", links.to(schedule, "schedule"))
    for rationale in schedule.rationales:
        if rationale.generated_at != schedule.generated_at:
            yield Entry(rationale.generated_at, "schedule", cells.short(rationale.headline, 60))


def _submissions(submissions: Iterable[AssessmentSubmission]) -> Iterator[Entry]:
    for row in submissions:
        link = links.to(row, cells.short(row.submission_id, 14))
        yield Entry(row.submitted_at, "submission", "submitted answers", link)
        if result := row.result:
            words = f"graded ({row.get_graded_by_display()})" if row.graded_by else "graded"
            yield Entry(result.evaluated_at, "grading", words, link)


def _attachments(attachments: Iterable[AttachmentMetadata]) -> Iterator[Entry]:
    for row in attachments:
        yield Entry(
            row.created_at, "attachment", f"added a {row.kind}", links.to(row, cells.short(row.name, 32))
        )


def _done(events: Iterable[AuditEvent], versions: Iterable[Explained]) -> Iterator[Entry]:
    """The events with the versions that they left, then what left a version without an event: imports, and the cap on notes."""
    kept: dict[int | None, list[Explained]] = {}
    for version in versions:
        kept.setdefault(version.version.event_id, []).append(version)
    for event in events:
        kind = "staff" if event.actor.startswith("staff") else event.action.partition(".")[0]
        words = _WORDS.get(event.action, event.action.replace(".", " "))
        link = links.to(event, "details")
        yield Entry(event.at, kind, words, link, event.actor, kept.pop(event.pk, ()))
    for explained in itertools.chain(*kept.values()):
        row = explained.version
        happened = f"{row.kind} {'deleted' if row.after is None else 'updated'}"
        kind = "import" if row.run_id else row.kind
        yield Entry(row.at, kind, happened, links.to(row.run), row.actor, [explained])
