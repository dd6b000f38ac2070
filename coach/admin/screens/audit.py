"""Audit events: who did what to which learner."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from coach.admin.changelist import columns, filters, search
from coach.admin.changelist.lists import StaffChangeList
from coach.admin.presentation import cells, changes, links
from coach.admin.screens.records import History
from coach.models import AuditEvent, LearnerProfile, RecordVersion

MOST_STAFF, MOST_LEARNERS = 50, 8


class ActorFilter(filters.WorkFilter):
    title = "who"
    parameter_name = "who"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.choices_of = {
            "client": ("clients", Q(actor="client")),
            "model": ("the language model", Q(actor="model")),
            "command": ("commands", Q(actor="command")),
            "staff": ("all staff", Q(actor__startswith="staff ")),
        }
        accounts = User.objects.filter(is_staff=True).order_by("username")
        names = accounts.values_list("username", flat=True)
        self.choices_of |= {f"staff {name}": (name, Q(actor=f"staff {name}")) for name in names[:MOST_STAFF]}
        super().__init__(*args, **kwargs)


class DayFilter(filters.WorkFilter):
    title = "when"
    parameter_name = "when"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        day = dt.timedelta(days=1)
        self.choices_of = {
            "today": ("today", Q(at__gte=today)),
            "yesterday": ("yesterday", Q(at__gte=today - day, at__lt=today)),
            "week": ("the last 7 days", Q(at__gte=today - 6 * day)),
            "month": ("the last 30 days", Q(at__gte=today - 29 * day)),
        }
        super().__init__(*args, **kwargs)


class ActionFilter(filters.WorkFilter):
    title = "what"
    parameter_name = "what"
    choices_of = {
        "edited": ("profile edited", Q(action="learner.edited")),
        "graded": ("submission graded", Q(action="submission.graded")),
        "schedule": ("schedule", Q(action__startswith="schedule.")),
        "plan": ("plan", Q(action__startswith="plan.")),
        "attachment": ("attachment", Q(action__startswith="attachment.")),
        "memory": ("note", Q(action__startswith="memory.")),
        "put_back": ("put back", Q(action="version.put_back")),
        "deleted": ("learner deleted", Q(action="learner.forgotten")),
        "sign_in": ("failed sign-in", Q(action="sign_in.failed")),
        "import": ("import or export", Q(action__startswith="import.") | Q(action="data.exported")),
    }


class LearnerFilter(admin.SimpleListFilter):
    """The learner whose events are shown, and those whose events are the newest."""

    title = "learner"
    parameter_name = "learner__id__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = AuditEvent.objects.exclude(learner=None).values_list("learner", flat=True)[:MOST_STAFF]
        chosen = self.value() or ""
        keys = [str(key) for key in dict.fromkeys(newest)][:MOST_LEARNERS]
        keys += [chosen] if chosen.isdecimal() else []
        rows = LearnerProfile.objects.filter(pk__in=keys).values_list("pk", "username")
        return [(str(pk), cells.short(name, 30)) for pk, name in rows]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        chosen = self.value() or ""
        return queryset.filter(learner=int(chosen)) if chosen.isdecimal() else queryset

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        return super().choices(filters.without_facets(changelist))


class WithVersions(StaffChangeList):
    """A page of events together with the versions that they left."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: Any = self.result_list
        found = changes.explained(RecordVersion.objects.filter(event__in=[row.pk for row in rows]))
        for row in rows:
            row.explained = [one for one in found if one.version.event_id == row.pk]


@admin.register(AuditEvent)
class AuditAdmin(History):
    list_display = (
        "action",
        "learner_link",
        columns.text("actor", "who", 40),
        "changes_shown",
        "detail_shown",
        columns.moment("at", "when", ordering="at"),
    )
    list_filter = (ActorFilter, DayFilter, ActionFilter, LearnerFilter)
    date_hierarchy = "at"
    look_ups = (search.LookUp("username"), search.LookUp("action"), search.LookUp("actor", "fragment"))
    search_help_text = "The beginning of a username or an action, or a piece of who did it."
    list_joins = ("learner__username",)
    list_documents = ("detail",)
    nothing_here = "Nothing has been done yet. Every change of a learner is noted here."
    record_joins = ("learner",)
    record_fields = ("learner_link", "actor", "action", "at")
    record_documents = ("detail",)
    record_template = "auditevent/record"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return WithVersions

    def more(self, request: HttpRequest, row: AuditEvent) -> dict[str, Any]:
        return {"versions": changes.explained(row.versions.select_related("run").all())}

    @admin.display(description="learner")
    def learner_link(self, row: AuditEvent) -> SafeString | str:
        return links.to(row.learner) or row.username

    @admin.display(description="old → new")
    def changes_shown(self, row: Any) -> SafeString | str:
        return format_html_join("", "{}", ((one.brief(),) for one in row.explained)) or "–"

    @admin.display(description="detail")
    def detail_shown(self, row: AuditEvent) -> str:
        return cells.short(", ".join(f"{name} {value}" for name, value in row.detail_members.items()))
