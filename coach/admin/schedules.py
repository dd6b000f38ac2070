"""Schedules and their items."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from coach.admin import cells, filters, links, search
from coach.admin.lists import History
from coach.models import CurriculumSchedule, ScheduleItem


@admin.register(CurriculumSchedule)
class ScheduleAdmin(History):
    list_display = ("learner_name", "learner_link", "generated", "state", "horizon", "item_links", "weekly_minutes")
    list_display_links = ("learner_name",)
    list_filter = (filters.StaleFilter,)
    date_hierarchy = "generated_at"
    ordering = ("-generated_at", "id")
    look_ups = (search.LookUp("learner__username", "fragment"), search.LookUp("learner__goal", "fragment"))
    search_help_text = "Words of usernames and goals."
    list_joins = ("learner",)
    list_columns = (
        "generated_at",
        "is_stale",
        "time_horizon_days",
        "projected_weekly_minutes",
        "learner__username",
    )
    nothing_here = "No schedule yet. One is generated when a learner's schedule is read, or by the action on learners."

    def rows(self, request: HttpRequest) -> QuerySet[CurriculumSchedule]:
        return super().rows(request).annotate(item_count=Count("items"))

    @admin.display(description="schedule of", ordering="learner__username")
    def learner_name(self, row: CurriculumSchedule) -> str:
        return row.learner.username

    @admin.display(description="learner")
    def learner_link(self, row: CurriculumSchedule) -> SafeString | None:
        return links.to(row.learner)

    @admin.display(description="generated", ordering="generated_at")
    def generated(self, row: CurriculumSchedule) -> SafeString | str:
        return cells.moment(row.generated_at)

    @admin.display(description="state")
    def state(self, row: CurriculumSchedule) -> SafeString:
        return cells.mark("stale", "warn") if row.is_stale else cells.mark("current", "good")

    @admin.display(description="days")
    def horizon(self, row: CurriculumSchedule) -> int:
        return row.time_horizon_days

    @admin.display(description="items")
    def item_links(self, row: Any) -> SafeString:
        return links.to_list(ScheduleItem, row.item_count, {"schedule__id__exact": row.pk})

    @admin.display(description="minutes a week")
    def weekly_minutes(self, row: CurriculumSchedule) -> int:
        return row.projected_weekly_minutes


@admin.register(ScheduleItem)
class ItemAdmin(History):
    list_display = ("item_id", "title_shown", "learner_link", "kind", "day", "minutes", "effort_level", "moved")
    list_filter = (filters.ItemKindFilter, filters.MovedFilter)
    ordering = ("schedule_id", "position")
    look_ups = (
        search.LookUp("schedule__learner__username", "fragment"),
    )
    search_help_text = "Words of usernames, or the beginning of an item's id."
    list_joins = ("schedule__learner",)
    list_columns = (
        "item_id",
        "title",
        "kind",
        "recommended_day_offset",
        "recommended_minutes",
        "effort_level",
        "user_adjusted",
        "schedule__learner__username",
    )
    nothing_here = "No schedule item yet. They come with a schedule."

    @admin.display(description="title")
    def title_shown(self, row: ScheduleItem) -> str:
        return cells.short(row.title, 60)

    @admin.display(description="learner")
    def learner_link(self, row: ScheduleItem) -> SafeString | None:
        return links.to(row.schedule.learner)

    @admin.display(description="day")
    def day(self, row: ScheduleItem) -> int:
        return row.recommended_day_offset

    @admin.display(description="minutes")
    def minutes(self, row: ScheduleItem) -> int:
        return row.recommended_minutes

    @admin.display(description="moved")
    def moved(self, row: ScheduleItem) -> SafeString | str:
        return cells.mark("moved", "calm") if row.user_adjusted else "–"
