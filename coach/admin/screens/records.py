"""History: rows that staff read and never change, each on a page of facts and readable documents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString

from coach.admin.changelist.lists import StaffAdmin
from coach.admin.presentation import documents


@dataclass(frozen=True)
class Fact:
    """One line of a record's page; a long text stands on a line of its own."""

    name: str
    value: Any
    wide: bool = False


@dataclass(frozen=True)
class Tool:
    """A button of a record's page."""

    words: str
    link: str


class History(StaffAdmin):
    """What happened cannot be changed: no adding, no changing, no deleting here."""

    actions: Sequence[Any] = ()
    record_template = "record"
    # Columns with documents that the page shows, in this order.
    record_documents: Sequence[str] = ()
    record_joins: Sequence[str] = ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission

    # --- what a subclass says of a row ------------------------------------------------------------

    def facts(self, row: Any) -> Iterator[Fact]:
        """The lines at the top of the page."""
        yield from ()

    def tools(self, request: HttpRequest, row: Any) -> Iterator[Tool]:
        """The buttons of the page."""
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
        info = self.opts.app_label, self.opts.model_name
        return HttpResponseRedirect(reverse("admin:{}_{}_change".format(*info), args=(object_id,)))

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
