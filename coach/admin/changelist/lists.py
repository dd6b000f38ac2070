"""What every list has in common: pages found by keys alone, searches as look-ups, words for an empty one.

History (what nobody may change) is shown on a page of its own, in records.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin import helpers
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from coach.admin.changelist import counts, dates, search
from coach.admin.presentation import links
from coach.models.database.fields import DocumentField


class StaffChangeList(ChangeList):
    """A page is found in two steps: its keys, from an index alone, then its rows with all they show.

    So nothing wide is read for the rows that are only skipped, and joins cost the same on every page.
    """

    model_admin: StaffAdmin

    def get_filters(self, request: HttpRequest) -> Any:
        """The stock filters, but for the chosen period: theirs fails where the year after it does not exist."""
        given, period = self.filter_params, dates.chosen(self)
        parts = {f"{self.date_hierarchy}__{part}" for part in dates.PARTS} if period else set()
        self.filter_params = {name: value for name, value in given.items() if name not in parts}
        try:
            specs, has_specs, look_ups, duplicates, active = super().get_filters(request)
        finally:
            self.filter_params = given
        conditions: dict[str, Any] = {**look_ups, **{name: [bound] for name, bound in period.items()}}
        return specs, has_specs, conditions, duplicates, active

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        keys = list(self.result_list.values_list("pk", flat=True))
        rows = self.model_admin.rows(request).in_bulk(keys)
        self.result_list = [rows[key] for key in keys if key in rows]
        self.approximate = not getattr(self.result_count, "exact", True)
        self.nothing_here = "" if self.result_list else self._words(request)

    def url_for_result(self, result: models.Model) -> str:
        return links.page_of(type(result), result.pk)

    def _words(self, request: HttpRequest) -> str | SafeString:
        if self.query or self.get_filters_params():
            return format_html(
                'Nothing matches. <a href="{}">Show everything</a>, or search for the beginning of an id.',
                "?",
            )
        return self.model_admin.nothing_here


class StaffAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The base of every list. Subclasses name what a row shows."""

    # Named, since django-import-export would otherwise take the stock page for ours.
    change_list_template = "admin/coach/change_list.html"
    list_per_page = 50
    list_max_show_all = 200
    # Links to a row's own row are enough, and joins are chosen in `rows`.
    list_select_related = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.ALWAYS
    paginator = counts.EstimatingPaginator
    # A search box is shown where there are look-ups.
    look_ups: tuple[search.LookUp, ...] = ()
    nothing_here: str | SafeString = "There is nothing here yet. Import a store, or run manage.py backfill."
    # Columns of other rows that the list shows: these rows are joined for it.
    list_joins: Sequence[str] = ()
    # The documents that the list shows: no other one is read for it.
    list_documents: Sequence[str] = ()
    # Pages of one row besides the stock ones: `name` is answered by `name_view`, at `<pk>/name/`.
    row_pages: Sequence[str] = ()

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path(
                f"<int:pk>/{name}/",
                self.admin_site.admin_view(getattr(self, f"{name}_view")),
                name=f"coach_{self.opts.model_name}_{name}",
            )
            for name in self.row_pages
        ]
        return [*pages, *super().get_urls()]

    def render(self, request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
        """A page of this model in the console's frame; templates lie below `admin/coach`."""
        request.current_app = self.admin_site.name
        frame = {**self.admin_site.each_context(request), "title": title, "opts": self.opts}
        return TemplateResponse(request, f"admin/coach/{template}.html", {**frame, **context})

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return StaffChangeList

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return tuple(look_up.path for look_up in self.look_ups)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return search.narrowed(request, queryset, self.look_ups, search_term), False

    @admin.display(
        description=SafeString(
            '<input type="checkbox" id="action-toggle" aria-label="Select all of this page">'
        )
    )
    def action_checkbox(self, obj: models.Model) -> SafeString:
        # The stock one renders a template for each row, which takes as long as all the rest of the row.
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="Select {}">',
            helpers.ACTION_CHECKBOX_NAME,
            obj.pk,
            obj,
        )

    def list_tools(self, request: HttpRequest) -> list[tuple[str, str]]:
        """The buttons above the list: addresses and words."""
        return []

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "tools": self.list_tools(request)})

    def get_actions(self, request: HttpRequest, **options: Any) -> dict[str, Any]:
        actions = super().get_actions(request, **options)
        # Deletes row by row behind the services' back.
        actions.pop("delete_selected", None)
        return actions

    def joined(self) -> models.QuerySet[Any]:
        """All rows, whole, together with those that the list joins."""
        joins = {path.rpartition("__")[0] for path in self.list_joins}
        # Without a name every foreign key would be joined.
        return self.model._default_manager.select_related(*joins or (None,))

    def rows(self, request: HttpRequest) -> models.QuerySet[Any]:
        """The rows of a page, with joins and without the documents that the list does not show."""
        own = (
            field.name
            for field in self.opts.concrete_fields
            if field.name in self.list_documents or not isinstance(field, DocumentField)
        )
        return self.joined().only(*own, *self.list_joins)
