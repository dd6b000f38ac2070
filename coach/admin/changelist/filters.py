"""Filters that mean work, each choice with its count; counting stops where a number says no more."""

import copy
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from coach.admin.changelist import counts, search
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    BackfillFinding,
    CurriculumSchedule,
)


class WorkFilter(admin.SimpleListFilter):
    """A filter with fixed choices: `choices_of` maps each one's value to its words and its condition."""

    choices_of: dict[str, tuple[str, Q]] = {}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, words) for value, (words, _) in self.choices_of.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found = self.choices_of.get(self.value() or "")
        return queryset if found is None else queryset.filter(found[1])

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        rows = changelist.get_queryset(self.request, exclude_parameters=[self.parameter_name or ""])
        yield next(super().choices(without_facets(changelist)))
        # How the hits of a wide search divide would cost the search again for each choice.
        numbers = [""] * len(self.choices_of)
        if not search.is_wide(self.request):
            found = counts.glances([rows.filter(condition) for _, condition in self.choices_of.values()])
            numbers = [f" ({_shown(number)})" for number in found]
        for (value, (words, _)), number in zip(self.choices_of.items(), numbers, strict=True):
            yield {
                "selected": self.value() == value,
                "query_string": changelist.get_query_string({str(self.parameter_name): value}),
                "display": f"{words}{number}",
            }


def chosen(title: str, parameter: str, choices: dict[str, tuple[str, Q]]) -> type[WorkFilter]:
    """A filter of those choices; the admin wants a class of each."""
    return type(
        "ChosenFilter", (WorkFilter,), {"title": title, "parameter_name": parameter, "choices_of": choices}
    )


def of_column(name: str, choices: Iterable[tuple[str, Any]]) -> type[WorkFilter]:
    """A filter for the values of a column, named like it: `choices` are the values and their words."""
    return chosen(name, name, {value: (str(words), Q(**{name: value})) for value, words in choices})


def without_facets(changelist: ChangeList) -> ChangeList:
    """A change list as a stock filter should see it, which would count every choice in full."""
    seen = copy.copy(changelist)
    seen.add_facets = False
    return seen


def _shown(count: counts.Counted) -> str:
    # Two figures of an estimate are all that it is worth.
    return f"{count:,}" if count.exact else f"about {int(float(f'{count:.1e}')):,}"


def _has(model: type, **conditions: Any) -> Exists:
    return Exists(model.objects.filter(learner=OuterRef("pk"), **conditions))  # type: ignore[attr-defined]


def _in_conflict() -> Exists:
    conflicts = BackfillFinding.objects.open().filter(outcome=BackfillFinding.Outcome.CONFLICT)
    return Exists(conflicts.filter(username=OuterRef("username")))


OpenFilter = chosen(
    "state", "open", {"1": ("open", Q(resolved_at=None)), "0": ("resolved", ~Q(resolved_at=None))}
)
ScheduleFilter = chosen(
    "schedule",
    "schedule",
    {
        "none": ("none", ~Q(_has(CurriculumSchedule))),
        "stale": ("stale", Q(_has(CurriculumSchedule, is_stale=True))),
    },
)
WorkToDoFilter = chosen(
    "work to do",
    "work",
    {
        "pending": ("pending attachments", Q(_has(AttachmentMetadata, submission__isnull=True))),
        "ungraded": ("ungraded submissions", Q(_has(AssessmentSubmission, graded_by=""))),
        "provisional": ("graded provisionally", Q(_has(AssessmentSubmission, graded_by="provisional"))),
        "conflict": ("open conflict", Q(_in_conflict())),
        "edited": ("edited since the import", Q(edited_since_import=True)),
    },
)
GraderFilter = chosen(
    "grade",
    "graded",
    {
        "nobody": ("not graded", Q(graded_by="")),
        "provisional": ("provisional, by rule", Q(graded_by="provisional")),
        "model": ("by the language model", Q(graded_by="model")),
        "staff": ("by hand", Q(graded_by="staff")),
        "imported": ("imported with its grade", Q(graded_by="imported")),
    },
)
AttachmentUseFilter = chosen(
    "use",
    "use",
    {
        "pending": ("pending", Q(submission__isnull=True)),
        "used": ("in a submission", Q(submission__isnull=False)),
    },
)
StaleFilter = chosen(
    "state", "stale", {"1": ("stale", Q(is_stale=True)), "0": ("current", Q(is_stale=False))}
)
MovedFilter = chosen("moved by the learner", "moved", {"1": ("moved", Q(user_adjusted=True))})
ProgressFilter = chosen(
    "progress",
    "progress",
    {
        "in_progress": ("in progress", Q(launch_status="in_progress")),
        "completed": ("completed", Q(launch_status="completed")),
    },
)
