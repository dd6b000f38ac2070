"""Memory notes."""

from functools import partial

from django.contrib import admin

from coach.admin.changelist import columns, search
from coach.admin.presentation import cells
from coach.admin.screens.records import History
from coach.models import MemoryRecord

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
    list_joins = ("learner",)
    list_documents = ("tags",)
    nothing_here = "No memory note yet. Sessions write them, or a profiles store brings them."
    record_joins = ("learner",)
    record_fields = ("note", "learner", "created_at", columns.of("tag_list", "tags", _all_tags))
