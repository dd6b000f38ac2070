"""Filters that mean work, each choice with its count; counting stops where a number says no more."""

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
        yield next(super().choices(WithoutFacets(changelist)))  # type: ignore[arg-type]
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


def of_column(name: str, choices: Iterable[tuple[str, Any]]) -> type[WorkFilter]:
    """A filter for the values of a column, named like it: `choices` are the values and their words."""

    class ColumnFilter(WorkFilter):
        title = parameter_name = name
        choices_of = {value: (str(words), Q(**{name: value})) for value, words in choices}

    return ColumnFilter


class WithoutFacets:
    """A change list as the stock filter sees it, which would count every choice in full."""

    add_facets = False

    def __init__(self, changelist: ChangeList) -> None:
        self._changelist = changelist

    def __getattr__(self, name: str) -> Any:
        return getattr(self._changelist, name)


def _shown(count: counts.Counted) -> str:
    return f"{count:,}" if count.exact else f"about {_rounded(count):,}"


def _rounded(number: int) -> int:
    """Two figures of an estimate are all that it is worth."""
    return int(float(f"{number:.1e}"))


def _has(model: type, **conditions: Any) -> Exists:
    return Exists(model.objects.filter(learner=OuterRef("pk"), **conditions))  # type: ignore[attr-defined]


def _in_conflict() -> Exists:
    conflicts = BackfillFinding.objects.open().filter(outcome=BackfillFinding.Outcome.CONFLICT)
    return Exists(conflicts.filter(username=OuterRef("username")))


class OpenFilter(WorkFilter):
    title = "state"
    parameter_name = "open"
    choices_of = {"1": ("open", Q(resolved_at=None)), "0": ("resolved", ~Q(resolved_at=None))}


class ScheduleFilter(WorkFilter):
    title = "schedule"
    parameter_name = "schedule"
    choices_of = {
        "none": ("none", ~Q(_has(CurriculumSchedule))),
        "stale": ("stale", Q(_has(CurriculumSchedule, is_stale=True))),
    }


class WorkToDoFilter(WorkFilter):
    title = "work to do"
    parameter_name = "work"
    choices_of = {
        "pending": ("pending attachments", Q(_has(AttachmentMetadata, submission__isnull=True))),
        "ungraded": ("ungraded submissions", Q(_has(AssessmentSubmission, graded_by=""))),
        "provisional": ("graded provisionally", Q(_has(AssessmentSubmission, graded_by="provisional"))),
        "conflict": ("open conflict", Q(_in_conflict())),
        "edited": ("edited since the import", Q(edited_since_import=True)),
    }


class GraderFilter(WorkFilter):
    title = "grade"
    parameter_name = "graded"
    choices_of = {
        "nobody": ("not graded", Q(graded_by="")),
        "provisional": ("provisional, by rule", Q(graded_by="provisional")),
        "model": ("by the language model", Q(graded_by="model")),
        "staff": ("by hand", Q(graded_by="staff")),
        "imported": ("imported with its grade", Q(graded_by="imported")),
    }


class AttachmentUseFilter(WorkFilter):
    title = "use"
    parameter_name = "use"
    choices_of = {
        "pending": ("pending", Q(submission__isnull=True)),
        "used": ("in a submission", Q(submission__isnull=False)),
    }


class StaleFilter(WorkFilter):
    title = "state"
    parameter_name = "stale"
    choices_of = {"1": ("stale", Q(is_stale=True)), "0": ("current", Q(is_stale=False))}


class MovedFilter(WorkFilter):
    title = "moved by the learner"
    parameter_name = "moved"
    choices_of = {"1": ("moved", Q(user_adjusted=True))}


class ProgressFilter(WorkFilter):
    title = "progress"
    parameter_name = "progress"
    choices_of = {
        "in_progress": ("in progress", Q(launch_status="in_progress")),
        "completed": ("completed", Q(launch_status="completed")),
    }
