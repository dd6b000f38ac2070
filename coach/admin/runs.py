"""Backfill runs and what they found."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from coach.admin import cells, filters, links, search
from coach.admin.lists import History
from coach.models import BackfillFinding, BackfillRun, LearnerProfile

STATE_MARKS = {
    "running": "calm",
    "done": "good",
    "done_with_rejects": "warn",
    "interrupted": "warn",
    "aborted": "bad",
    "failed": "bad",
}


@admin.register(BackfillRun)
class RunAdmin(History):
    list_display = ("name", "state_shown", "door", "actor_shown", "started", "finished", "counts_shown", "found")
    list_filter = (filters.RunStateFilter, filters.DoorFilter)
    date_hierarchy = "started_at"
    list_columns = ("state", "door", "actor", "started_at", "finished_at", "counts")
    nothing_here = "No import has run yet. Import a store, or run manage.py backfill."

    def rows(self, request: HttpRequest) -> QuerySet[BackfillRun]:
        return super().rows(request).annotate(finding_count=Count("findings"))

    @admin.display(description="run", ordering="id")
    def name(self, row: BackfillRun) -> str:
        return f"run {row.pk}"

    @admin.display(description="state")
    def state_shown(self, row: BackfillRun) -> SafeString:
        return cells.mark(row.get_state_display(), STATE_MARKS.get(row.state, "calm"))

    @admin.display(description="who")
    def actor_shown(self, row: BackfillRun) -> str:
        return cells.short(row.actor, 40)

    @admin.display(description="started", ordering="started_at")
    def started(self, row: BackfillRun) -> SafeString | str:
        return cells.moment(row.started_at)

    @admin.display(description="finished")
    def finished(self, row: BackfillRun) -> SafeString | str:
        return cells.moment(row.finished_at)

    @admin.display(description="records")
    def counts_shown(self, row: BackfillRun) -> str:
        return _totals(row) or "–"

    @admin.display(description="findings")
    def found(self, row: Any) -> SafeString:
        return links.to_list(BackfillFinding, row.finding_count, {"run__id__exact": row.pk})


def _totals(row: BackfillRun) -> str:
    totals: dict[str, int] = {}
    for counted in row.outcome_counts.values():
        for outcome, number in counted.items():
            totals[outcome] = totals.get(outcome, 0) + number
    return ", ".join(f"{number:,} {outcome}" for outcome, number in totals.items() if number)


@admin.register(BackfillFinding)
class FindingAdmin(History):
    list_display = ("place_shown", "outcome_shown", "store", "key_shown", "code", "run_link")
    list_filter = (filters.FindingOutcomeFilter, filters.StoreFilter)
    ordering = ("-run_id", "id")
    look_ups = (search.LookUp("natural_key"),)
    search_help_text = "The beginning of a username or an id."
    list_columns = ("place", "outcome", "store", "natural_key", "code", "run_id")
    nothing_here = "No record was rejected and none is in conflict."

    @admin.display(description="place")
    def place_shown(self, row: BackfillFinding) -> str:
        return cells.short(row.place, 60)

    @admin.display(description="outcome")
    def outcome_shown(self, row: BackfillFinding) -> SafeString:
        return cells.mark(row.get_outcome_display(), "bad" if row.outcome == "rejected" else "warn")

    @admin.display(description="record")
    def key_shown(self, row: BackfillFinding) -> SafeString | str:
        if row.store == "profiles" and row.natural_key:
            return links.to_list(LearnerProfile, cells.short(row.natural_key, 40), {"username": row.natural_key})
        return cells.short(row.natural_key, 40)

    @admin.display(description="run")
    def run_link(self, row: BackfillFinding) -> SafeString | None:
        return links.to(BackfillRun(pk=row.run_id))
