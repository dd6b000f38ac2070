"""Audit events: who did what to which learner."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import admin
from django.utils.safestring import SafeString

from coach.admin.changelist import search
from coach.admin.presentation import cells, links
from coach.admin.screens.records import Fact, History
from coach.models import AuditEvent


@admin.register(AuditEvent)
class AuditAdmin(History):
    list_display = ("action", "learner_link", "actor_shown", "detail_shown", "at_shown")
    date_hierarchy = "at"
    look_ups = (search.LookUp("username"),)
    search_help_text = "The beginning of a username."
    list_joins = ("learner",)
    list_columns = ("action", "username", "actor", "detail", "at", "learner__username")
    nothing_here = "Nothing has been done yet. Every change of a learner is noted here."
    record_joins = ("learner",)
    record_documents = ("detail",)

    def facts(self, row: AuditEvent) -> Iterator[Fact]:
        yield Fact("Learner", self.learner_link(row) or "–")
        yield Fact("Who", row.actor)
        yield Fact("What", row.action)
        yield Fact("When", cells.moment(row.at))

    @admin.display(description="learner")
    def learner_link(self, row: AuditEvent) -> SafeString | str:
        return links.to(row.learner) or row.username

    @admin.display(description="who")
    def actor_shown(self, row: AuditEvent) -> str:
        return cells.short(row.actor, 40)

    @admin.display(description="detail")
    def detail_shown(self, row: AuditEvent) -> str:
        return cells.short(", ".join(f"{name} {value}" for name, value in row.detail_members.items()))

    @admin.display(description="when", ordering="at")
    def at_shown(self, row: AuditEvent) -> SafeString | str:
        return cells.moment(row.at)
