"""History: rows that staff read and never change, each on a page of facts and readable documents."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import flatten, label_for_field, lookup_field
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString

from coach.admin.changelist import columns
from coach.admin.changelist.lists import StaffAdmin
from coach.admin.presentation import cells, documents, links

# Longer texts stand on a line of their own.
_LONGEST_NARROW = 60


@dataclass(frozen=True)
class Fact:
    """One line of a record's page."""

    name: str
    value: Any
    wide: bool = False


ORIGIN = columns.of("imported_by", "where from", lambda run: links.to(run) or "the API")


class History(StaffAdmin):
    """What happened cannot be changed: no adding, no changing, no deleting here."""

    actions: Sequence[Any] = ()
    record_template = "record"
    # Columns with documents that the page shows, in this order.
    record_documents: Sequence[str] = ()
    record_joins: Sequence[str] = ()
    # What stands at the top of the page: fields, methods and columns, as in `list_display`.
    record_fields: Any = ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission

    # --- what a subclass says of a row ------------------------------------------------------------

    def facts(self, row: Any) -> Iterator[Fact]:
        """The lines at the top of the page. What the list shows too has the same name there."""
        names: dict[Any, Any] = {getattr(column, "__name__", ""): column for column in self.list_display}
        for field in flatten(self.record_fields):
            value = _shown(lookup_field(field, row, self)[2])
            label = str(label_for_field(names.get(field) or field, self.model, self))
            yield Fact(label, value, wide=type(value) is str and len(value) > _LONGEST_NARROW)

    def tools(self, request: HttpRequest, row: Any) -> Iterator[tuple[str, str]]:
        """The buttons of the page: addresses and words."""
        yield from ()

    def more(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What a template of the subclass shows besides."""
        return {}

    # --- the page ---------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_view_permission(request) or request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        row = self._found(object_id)
        if row is None:
            raise Http404(f"There is no such {self.opts.verbose_name} any more.")
        return self.page(request, row)

    def page(self, request: HttpRequest, row: Any, **context: Any) -> HttpResponse:
        """The page of a row; `context` goes before what the subclass shows."""
        return self.render(
            request,
            self.record_template,
            str(row),
            subtitle=self.opts.verbose_name,
            row=row,
            # Its title is an id, which is copied into other programs.
            is_id=getattr(self.list_display[0], "__name__", "").endswith("_id"),
            facts=list(self.facts(row)),
            tools=list(self.tools(request, row)),
            documents=self._documents(row),
            **(self.more(request, row) | context),
        )

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        # A row that is never changed has no history but itself.
        return HttpResponseRedirect(links.page_of(self.model, object_id))

    def _found(self, object_id: str) -> models.Model | None:
        if not object_id.isdecimal() or len(object_id) > 18:
            return None
        rows = self.model._default_manager.select_related(*self.record_joins or (None,))
        return rows.filter(pk=object_id).first()

    def _documents(self, row: models.Model) -> list[tuple[str, SafeString]]:
        return [
            (str(self.opts.get_field(column).verbose_name), documents.readable(getattr(row, column)))  # type: ignore[union-attr]
            for column in self.record_documents
        ]


def _shown(value: Any) -> Any:
    if isinstance(value, models.Model):
        return links.to(value)
    if isinstance(value, dt.datetime):
        return cells.moment(value)
    return "–" if value in (None, "") else value
