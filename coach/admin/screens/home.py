"""The first page: what waits for staff, and how the service is doing. Each number leads to just these rows."""

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib import admin
from django.core.cache import cache
from django.db.models import Count
from django.db.models.functions import TruncWeek
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString

from coach.admin.changelist import counts
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
    """One kind of open work: the rows that filters of a list choose, and how many they are. `bad` stands out."""

    words: str
    hint: str
    model: Any
    chosen: dict[str, str]
    bad: bool = False
    number: counts.Counted = field(default_factory=lambda: counts.Counted(0))

    @property
    def link(self) -> str:
        return links.list_of(self.model, **self.chosen)

    @property
    def shown(self) -> str:
        return f"{self.number:,}" if self.number.exact else f"{self.number:,}+"

    def counted(self, request: HttpRequest) -> "Work":
        """With its number: that of the very rows that the list shows, by the list's own filters."""
        screen = admin.site.get_model_admin(self.model)
        made: dict[str, Any] = {one.parameter_name: one for one in screen.list_filter}  # type: ignore[union-attr]
        rows = self.model._default_manager.all()
        for name, value in self.chosen.items():
            rows = made[name](request, {name: [value]}, self.model, screen).queryset(request, rows)
        return replace(self, number=counts.up_to(rows, MOST))


KINDS = (
    Work(
        "Conflicts",
        "changed here and in the store",
        BackfillFinding,
        {"open": "1", "outcome": "conflict"},
        bad=True,
    ),
    Work(
        "Rejected records",
        "not imported since",
        BackfillFinding,
        {"open": "1", "outcome": "rejected"},
        bad=True,
    ),
    Work("Ungraded submissions", "wait for a grade", AssessmentSubmission, {"graded": "nobody"}),
    Work("Stale schedules", "could not be generated again", CurriculumSchedule, {"stale": "1"}),
    Work("Uploads given up", "notes that the vector store lacks", MemoryUpload, {"state": "dead"}, bad=True),
    Work("Failed sign-ins", "in the last 7 days", AuditEvent, {"what": "sign_in", "when": "week"}),
    Work("Imports at work", "now", BackfillRun, {"state": "running"}),
)


def work(request: HttpRequest) -> list[Work]:
    """What is open now, of what the user may see; a query each."""
    may_see = (kind for kind in KINDS if request.user.has_perm(f"coach.view_{kind.model._meta.model_name}"))
    return [kind.counted(request) for kind in may_see]


def glance() -> list[tuple[str, SafeString]]:
    """Charts of the last weeks, by their titles."""
    key = f"coach.home.glance.{timezone.get_current_timezone_name()}"
    return cache.get_or_set(key, _glance, _KEPT) or []


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
    names = [f"week of {date_format(week)}" for week in weeks]
    graders = dict(rows.values_list("graded_by").annotate(Count("pk")))
    kinds = {words: graders.get(value, 0) for value, words in AssessmentSubmission.Grader.choices}
    span = f"{date_format(weeks[0])} to now, by week ({timezone.get_current_timezone_name()})"
    return [
        (f"Learners who submitted, {span}", charts.columns(learners, names, label="Learners who submitted")),
        (f"Submissions, {span}", charts.columns(submissions, names, label="Submissions")),
        (f"Grades: {', '.join(kinds)}", charts.columns(list(kinds.values()), list(kinds), label="Grades")),
    ]
