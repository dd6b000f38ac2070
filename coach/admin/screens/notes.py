"""Memory notes."""

from collections.abc import Iterator

from django.contrib import admin

from coach.admin.changelist import columns, search
from coach.admin.presentation import cells, links
from coach.admin.screens.records import Fact, History
from coach.models import MemoryRecord


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

    def facts(self, row: MemoryRecord) -> Iterator[Fact]:
        yield Fact("Note", row.note, wide=True)
        yield Fact("Learner", links.to(row.learner))
        yield Fact("Created", cells.moment(row.created_at))
        yield Fact("Tags", cells.tags(row.tag_list, most=100))
