"""Versions: what a change replaced, and the way back."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from pydantic import ValidationError

from coach.admin.access import rights
from coach.admin.changelist import bulk, columns, filters, search
from coach.admin.presentation import cells, changes, links
from coach.admin.screens.records import History
from coach.documents import differences
from coach.models import LearnerProfile, RecordVersion
from coach.services import staff
from coach.services.keeping import restoring, versions


@admin.register(RecordVersion)
class VersionAdmin(History):
    list_display = (
        "record",
        columns.learner(),
        "members_shown",
        "actor_shown",
        columns.moment("at", "when", ordering="id"),
    )
    list_filter = (filters.of_column("kind", RecordVersion.Kind.choices),)
    row_pages = ("put_back",)
    date_hierarchy = "at"
    ordering = ("-id",)
    look_ups = (search.LookUp("learner__username", "fragment"),)
    search_help_text = "Pieces of usernames."
    list_joins = ("learner__username", "run__actor")
    list_documents = ("document", "after")
    nothing_here = "Nothing has been replaced or deleted yet."
    record_template = "recordversion/record"
    record_joins = ("learner", "event", "run")
    record_fields = ("learner", "kind", "natural_key", "actor_shown", "at", "run", "event")

    def tools(self, request: HttpRequest, row: RecordVersion) -> Iterator[tuple[str, str]]:
        if rights.may_edit(request):
            yield links.page_of(type(row), row.pk, "put_back"), "Put back…"

    def more(self, request: HttpRequest, row: RecordVersion) -> dict[str, Any]:
        return {"explained": changes.explained([row])[0]}

    # --- the way back -----------------------------------------------------------------------------

    def put_back_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Asks with both values, then writes; refused where the record moved since it was shown."""
        rights.may_edit.demand(request)
        version = get_object_or_404(RecordVersion.objects.select_related("learner"), pk=pk)
        if request.method == "POST":
            try:
                staff.put_back(user=rights.user(request), version_id=pk, seen=request.POST.get("seen", ""))
            except staff.ChangedMeanwhile:
                messages.error(
                    request,
                    "Nothing was written: the record was changed since this page was shown. "
                    "Both values are shown below as they are now.",
                )
            except (restoring.CannotPutBack, ValidationError) as error:
                messages.error(request, f"It cannot be put back: {_reason(error)}")
            else:
                messages.success(request, f"{version.get_kind_display()} {version.natural_key} was put back.")
                return HttpResponseRedirect(links.page_of(LearnerProfile, version.learner_id))
        return self._ask(request, version)

    def _ask(self, request: HttpRequest, version: RecordVersion) -> HttpResponse:
        record = (version.learner_id, version.kind, version.natural_key)
        now = versions.states([record]).get(record)
        names, before = version.members(), version.before
        present = {name: now.get(name) for name in names} if now is not None else {}
        title = f"Put back {version}"
        return self.render(
            request,
            "confirm",
            title,
            question=bulk.Question(title, "Put back", tuple(_goes_with(version, now))),
            back=links.page_of(RecordVersion, version.pk),
            hidden={"seen": versions.mark(version, now)},
            changes=list(differences.between(present, before or {})),
            columns=("now", "put back"),
        )

    # --- the list ---------------------------------------------------------------------------------

    @admin.display(description="record")
    def record(self, row: RecordVersion) -> str:
        return cells.short(f"{row.get_kind_display()} {row.natural_key}", 60)

    @admin.display(description="members")
    def members_shown(self, row: RecordVersion) -> str:
        return cells.short(", ".join(row.members()))

    @admin.display(description="who")
    def actor_shown(self, row: RecordVersion) -> str:
        return cells.short(who(row), 40)


def who(version: RecordVersion) -> str:
    """Who made the change; of an import whoever ran it."""
    return f"{version.run.actor} ({version.run})" if version.run else version.actor


def _goes_with(version: RecordVersion, now: dict[str, Any] | None) -> Iterator[str]:
    if versions.moved(version, now):
        yield "The record was changed again since. What is there now, shown below, would be replaced."
    if version.before is None:
        yield "The record did not exist before this change: putting that back deletes it."
    yield "Only what this change touched is put back. It leaves a version itself, so that it can be undone."


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()[:3]
        )
    return str(error)
