"""Memory notes, and their way to the vector store."""

from functools import partial

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from coach.admin.access import rights
from coach.admin.changelist import bulk, columns, filters, search
from coach.admin.presentation import cells
from coach.admin.screens.records import History
from coach.models import MemoryRecord, MemoryUpload
from coach.services import staff

STATE_BADGES = {"queued": "calm", "stored": "good", "dead": "bad"}
_all_tags = partial(cells.tags, most=100)


@admin.register(MemoryRecord)
class NoteAdmin(History):
    list_display = (
        columns.name("note_id"),
        columns.text("note", "note"),
        columns.of("tag_list", "tags", cells.tags),
        columns.learner(),
        columns.moment("created_at", "created"),
    )
    # By arrival: the table is large, and its primary key is an index already.
    ordering = ("-id",)
    look_ups = (
        search.LookUp("note_id"),
        search.LookUp("note", "words"),
        search.LookUp("learner__username", "fragment"),
        search.LookUp("learner__goal", "fragment"),
    )
    search_help_text = "Words of notes, pieces of usernames and goals, or the beginning of a note's id."
    list_joins = ("learner__username",)
    list_documents = ("tags",)
    nothing_here = "No memory note yet. Sessions write them, or a profiles store brings them."
    record_joins = ("learner",)
    record_fields = ("note", "learner", "created_at", columns.of("tag_list", "tags", _all_tags))


@admin.register(MemoryUpload)
class MemoryUploadAdmin(History):
    list_display = (
        columns.name("note_id"),
        columns.learner(),
        "state_shown",
        "attempts",
        "next_attempt",
        "last_error",
    )
    list_filter = (filters.of_column("state", MemoryUpload.State.choices),)
    look_ups = (search.LookUp("learner__username", "fragment"), search.LookUp("learner__goal", "fragment"))
    search_help_text = "Pieces of usernames and goals."
    list_joins = ("learner__username",)
    nothing_here = "No note has been queued for the vector store."
    record_joins = ("learner",)
    record_fields = (
        ("note_id", "learner", "state_shown", "attempts", "next_attempt", "queued_at", "finished_at"),
        ("vector_store_id", "remote_file_id", "last_error"),
    )
    actions = ("requeue",)

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        return rights.may_import(request)

    @admin.action(description="Queue again…", permissions=["requeue"])
    def requeue(self, request: HttpRequest, queryset: QuerySet[MemoryUpload]) -> HttpResponse | None:
        dead = queryset.filter(state=MemoryUpload.State.DEAD)
        question = bulk.Question(
            title="Queue uploads again",
            button="Queue again",
            goes_with=(
                "Only those that were given up are queued again, with their attempts counted from zero.",
            ),
        )
        if asked := bulk.ask(self, request, dead, question):
            return asked
        done = staff.requeue_uploads(user=rights.user(request), ids=list(dead.values_list("pk", flat=True)))
        words = "%d upload was queued again.", "%d uploads were queued again."
        bulk.tell(request, words, done)
        return None

    @admin.display(description="state")
    def state_shown(self, row: MemoryUpload) -> SafeString:
        words = row.get_state_display() + (", to be removed" if row.withdrawn else "")
        return cells.badge(words, STATE_BADGES.get(row.state, "calm"))

    @admin.display(description="next attempt")
    def next_attempt(self, row: MemoryUpload) -> SafeString | str:
        return cells.moment(row.next_attempt_at) if row.state == MemoryUpload.State.QUEUED else "–"
