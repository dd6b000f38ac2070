"""The first page: what waits for staff, and how the service is doing. Each number leads to just these rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncWeek
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from coach.admin.changelist import counts, filters
from coach.admin.presentation import charts, links
from coach.models import (
    AssessmentSubmission,
    AuditEvent,
    BackfillFinding,
    BackfillRun,
    CurriculumSchedule,
    MemoryUpload,
)

WEEKS = 8
# Beyond, "1,000+" is said.
MOST = 1_000
# Seconds for which the charts are kept: they add up months.
_KEPT = 300


@dataclass(frozen=True)
class Work:
    """One kind of open work: how much, and where it is listed. `bad` stands out."""

    words: str
    hint: str
    number: counts.Counted
    link: str
    bad: bool

    @property
    def shown(self) -> str:
        return f"{self.number:,}" if self.number.exact else f"{self.number:,}+"


@dataclass(frozen=True)
class _Kind:
    words: str
    hint: str
    model: Any
    filters: dict[str, str]
    rows: QuerySet[Any]
    bad: bool = False


def work(request: HttpRequest) -> list[Work]:
    """What is open now, of what the user may see; a query each."""
    found = []
    for kind in _kinds():
        if request.user.has_perm(f"coach.view_{kind.model._meta.model_name}"):
            number = counts.up_to(kind.rows, MOST)
            address = links.list_of(kind.model, **kind.filters)
            found.append(Work(kind.words, kind.hint, number, address, kind.bad and number > 0))
    return found


def _kinds() -> Iterator[_Kind]:
    for outcome, words, hint in (
        ("conflict", "Conflicts", "changed here and in the store"),
        ("rejected", "Rejected records", "not imported since"),
    ):
        rows = BackfillFinding.objects.filter(filters.is_open(), outcome=outcome)
        yield _Kind(words, hint, BackfillFinding, {"open": "1", "outcome": outcome}, rows, bad=True)
    submissions = AssessmentSubmission.objects.filter(graded_by="")
    yield _Kind(
        "Ungraded submissions", "wait for a grade", AssessmentSubmission, {"graded": "nobody"}, submissions
    )
    stale = CurriculumSchedule.objects.filter(is_stale=True)
    yield _Kind("Stale schedules", "could not be generated again", CurriculumSchedule, {"stale": "1"}, stale)
    dead = MemoryUpload.objects.filter(state=MemoryUpload.State.DEAD)
    yield _Kind(
        "Uploads given up",
        "notes that the vector store lacks",
        MemoryUpload,
        {"state": "dead"},
        dead,
        bad=True,
    )
    since = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) - dt.timedelta(days=6)
    failed = AuditEvent.objects.filter(action="sign_in.failed", at__gte=since)
    where = {"what": "sign_in", "when": "week"}
    yield _Kind("Failed sign-ins", "in the last 7 days", AuditEvent, where, failed)
    running = BackfillRun.objects.filter(state=BackfillRun.State.RUNNING)
    yield _Kind("Imports at work", "now", BackfillRun, {"state": "running"}, running)


def glance() -> list[tuple[str, SafeString]]:
    """Charts of the last weeks, by their titles."""
    return cache.get_or_set("coach.home.glance", _glance, _KEPT) or []


def _glance() -> list[tuple[str, SafeString]]:
    monday = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    monday -= dt.timedelta(days=monday.weekday())
    weeks = [monday - dt.timedelta(weeks=back) for back in reversed(range(WEEKS))]
    rows = AssessmentSubmission.objects.filter(submitted_at__gte=weeks[0]).order_by()
    by_week = {
        week.date(): (learners, submissions)
        for week, learners, submissions in rows.annotate(week=TruncWeek("submitted_at"))
        .values("week")
        .annotate(learners=Count("learner", distinct=True), submissions=Count("pk"))
        .values_list("week", "learners", "submissions")
    }
    learners, submissions = zip(*(by_week.get(week.date(), (0, 0)) for week in weeks), strict=True)
    names = [f"week of {week:%d %b}" for week in weeks]
    graders = dict(rows.values_list("graded_by").annotate(Count("pk")))
    kinds = {words: graders.get(value, 0) for value, words in AssessmentSubmission.Grader.choices}
    span = f"{weeks[0]:%d %b} to now, by week"
    return [
        (f"Learners who submitted, {span}", charts.columns(learners, names, label="Learners who submitted")),
        (f"Submissions, {span}", charts.columns(submissions, names, label="Submissions")),
        (f"Grades: {', '.join(kinds)}", charts.columns(list(kinds.values()), list(kinds), label="Grades")),
    ]
