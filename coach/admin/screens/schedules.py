"""Schedules and their items."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from coach.admin.changelist import columns, filters, search
from coach.admin.presentation import cells, links
from coach.admin.screens.records import Fact, History, Tool
from coach.models import CurriculumSchedule, ScheduleItem


@admin.register(CurriculumSchedule)
class ScheduleAdmin(History):
    list_display = (
        columns.of("learner.username", "schedule of", ordering="learner__username"),
        columns.learner(),
        columns.moment("generated_at", "generated", ordering="generated_at"),
        "state",
        columns.of("time_horizon_days", "days"),
        "item_links",
        columns.of("projected_weekly_minutes", "minutes a week"),
    )
    list_filter = (filters.StaleFilter,)
    date_hierarchy = "generated_at"
    ordering = ("-generated_at", "id")
    look_ups = (search.LookUp("learner__username", "fragment"), search.LookUp("learner__goal", "fragment"))
    search_help_text = "Pieces of usernames and goals."
    list_joins = ("learner",)
    nothing_here = (
        "No schedule yet. One is generated when a learner's schedule is read, or by the action on learners."
    )

    record_joins = ("learner",)
    record_documents = ("warnings", "category_allocations", "rationale_history", "long_range_category_keys")

    def facts(self, row: CurriculumSchedule) -> Iterator[Fact]:
        yield Fact("Learner", links.to(row.learner))
        yield Fact("Generated", cells.moment(row.generated_at))
        yield Fact("State", self.state(row))
        yield Fact("Days", row.time_horizon_days)
        yield Fact("Time zone", row.timezone)
        yield Fact("Sessions a week", row.sessions_per_week)
        yield Fact("Minutes a week", row.projected_weekly_minutes)
        yield Fact("Items", links.to_list(ScheduleItem, row.items.count(), {"schedule__id__exact": row.pk}))
        yield Fact("Long-range items", row.long_range_item_count)
        yield Fact("Extended weeks", row.extended_weeks)
        yield Fact("Cadence", row.cadence_notes, wide=True)
        yield Fact("Pacing", row.pacing_overview, wide=True)

    def tools(self, request: HttpRequest, row: CurriculumSchedule) -> Iterator[Tool]:
        yield Tool("Timeline by week", f"{links.page_of(type(row.learner), row.learner_id)}#schedule")

    def rows(self, request: HttpRequest) -> QuerySet[CurriculumSchedule]:
        return super().rows(request).annotate(item_count=Count("items"))

    @admin.display(description="state")
    def state(self, row: CurriculumSchedule) -> SafeString:
        return cells.badge("stale", "warn") if row.is_stale else cells.badge("current", "good")

    @admin.display(description="items")
    def item_links(self, row: Any) -> SafeString:
        return links.to_list(ScheduleItem, row.item_count, {"schedule__id__exact": row.pk})


_KINDS = [(kind, kind) for kind in ("lesson", "quiz", "milestone")]


@admin.register(ScheduleItem)
class ItemAdmin(History):
    list_display = (
        columns.name("item_id"),
        columns.text("title", "title", 60),
        columns.learner("schedule.learner"),
        "kind",
        columns.of("recommended_day_offset", "day"),
        columns.of("recommended_minutes", "minutes"),
        "effort_level",
        "moved",
        "progress",
    )
    list_filter = (filters.of_column("kind", _KINDS), filters.MovedFilter, filters.ProgressFilter)
    ordering = ("schedule_id", "position")
    look_ups = (
        search.LookUp("item_id"),
        search.LookUp("title", "words"),
        search.LookUp("schedule__learner__username", "fragment"),
    )
    search_help_text = "Words of titles, pieces of usernames, or the beginning of an item's id."
    list_joins = ("schedule__learner",)
    nothing_here = "No schedule item yet. They come with a schedule."
    record_joins = ("schedule__learner",)
    record_documents = ("objectives", "prerequisites")

    def facts(self, row: ScheduleItem) -> Iterator[Fact]:
        yield Fact("Title", row.title, wide=True)
        yield Fact("Learner", links.to(row.schedule.learner))
        yield Fact("Schedule", links.to(row.schedule, "of this learner"))
        yield Fact("Kind", row.kind)
        yield Fact("Category", row.category_key)
        yield Fact("Day", row.recommended_day_offset)
        yield Fact("Minutes", row.recommended_minutes)
        yield Fact("Effort", row.effort_level)
        yield Fact("Moved by the learner", "yes" if row.user_adjusted else "no")
        yield Fact("Progress", self.progress(row))
        yield Fact("Launched", cells.moment(row.last_launched_at))
        yield Fact("Completed", cells.moment(row.last_completed_at))
        yield Fact("Session", row.active_session_id)
        yield Fact("Summary", row.summary, wide=True)
        yield Fact("Why", row.focus_reason, wide=True)
        yield Fact("Expected outcome", row.expected_outcome, wide=True)

    @admin.display(description="moved")
    def moved(self, row: ScheduleItem) -> SafeString | str:
        return cells.badge("moved", "calm") if row.user_adjusted else "–"

    @admin.display(description="progress")
    def progress(self, row: ScheduleItem) -> SafeString | str:
        badge = {"completed": "good", "in_progress": "warn"}.get(row.launch_status)
        return cells.badge(row.get_launch_status_display().lower(), badge) if badge else "–"
