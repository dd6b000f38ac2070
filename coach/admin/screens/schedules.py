"""Schedules and their items."""

from collections.abc import Iterator

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from coach.admin.changelist import columns, filters, search
from coach.admin.presentation import cells, links
from coach.admin.screens.records import History
from coach.models import CurriculumSchedule, ScheduleItem


@admin.register(CurriculumSchedule)
class ScheduleAdmin(History):
    list_display = (
        columns.of("learner.username", "schedule of", ordering="learner__username"),
        columns.learner(),
        columns.moment("generated_at", "generated", ordering="generated_at"),
        "state",
        columns.of("time_horizon_days", "days"),
        columns.number("item_count", "items", ScheduleItem, "schedule"),
        columns.of("projected_weekly_minutes", "minutes a week"),
    )
    list_filter = (filters.StaleFilter,)
    date_hierarchy = "generated_at"
    ordering = ("-generated_at", "id")
    look_ups = (search.LookUp("learner__username", "fragment"), search.LookUp("learner__goal", "fragment"))
    search_help_text = "Pieces of usernames and goals."
    list_joins = ("learner__username",)
    nothing_here = (
        "No schedule yet. One is generated when a learner's schedule is read, or by the action on learners."
    )

    record_joins = ("learner",)
    record_fields = (
        ("learner", "generated_at", "state", "time_horizon_days", "timezone", "sessions_per_week"),
        ("projected_weekly_minutes", "long_range_item_count", "extended_weeks"),
        ("cadence_notes", "pacing_overview"),
    )
    record_documents = ("warnings", "category_allocations", "rationale_history", "long_range_category_keys")

    def tools(self, request: HttpRequest, row: CurriculumSchedule) -> Iterator[tuple[str, str]]:
        yield f"{links.page_of(type(row.learner), row.learner_id)}#schedule", "Timeline by week"
        yield links.list_of(ScheduleItem, schedule__id__exact=row.pk), "All items"

    def rows(self, request: HttpRequest) -> QuerySet[CurriculumSchedule]:
        return super().rows(request).annotate(item_count=Count("items"))

    @admin.display(description="state")
    def state(self, row: CurriculumSchedule) -> SafeString:
        return cells.badge("stale", "warn") if row.is_stale else cells.badge("current", "good")


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
    list_joins = ("schedule__learner__username",)
    nothing_here = "No schedule item yet. They come with a schedule."
    record_joins = ("schedule__learner",)
    record_fields = (
        ("title", columns.learner("schedule.learner"), "schedule", "kind", "category_key"),
        ("recommended_day_offset", "recommended_minutes", "effort_level", "moved", "progress"),
        ("last_launched_at", "last_completed_at", "active_session_id"),
        ("summary", "focus_reason", "expected_outcome"),
    )
    record_documents = ("objectives", "prerequisites")

    @admin.display(description="moved")
    def moved(self, row: ScheduleItem) -> SafeString | str:
        return cells.badge("moved", "calm") if row.user_adjusted else "–"

    @admin.display(description="progress")
    def progress(self, row: ScheduleItem) -> SafeString | str:
        badge = {"completed": "good", "in_progress": "warn"}.get(row.launch_status)
        return cells.badge(row.get_launch_status_display().lower(), badge) if badge else "–"
