"""Learners: the list, the page, and the forms for profile fields and for one document."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import modelform_factory
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from coach.admin.access import rights
from coach.admin.changelist import columns, exports, filters, search
from coach.admin.imports.views import StoreImport
from coach.admin.presentation import cells, changes, documents, links, timeline
from coach.admin.screens import find, preferences
from coach.admin.screens.learners import actions
from coach.admin.screens.learners.forms import PROFILE_COLUMNS, EditForm
from coach.admin.screens.learners.page import LearnerPage
from coach.documents.profile import Profile
from coach.legacy.stores import Store
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    AuditEvent,
    BackfillRun,
    LearnerProfile,
    MemoryRecord,
    RecordVersion,
    ScheduleItem,
)
from coach.models.database import members
from coach.models.database.fields import DocumentField
from coach.services import schedules, staff

MOST_HISTORY = 200
DOCUMENTS = [
    field.attname
    for field in members.shared(LearnerProfile, Profile)
    if isinstance(field, DocumentField) and field.attname not in PROFILE_COLUMNS
]


@admin.register(LearnerProfile)
class LearnerAdmin(StoreImport, actions.LearnerActions):
    """Learners: who they are, and what waits for staff."""

    store = Store.PROFILES
    list_display = (
        columns.name("username"),
        columns.text("goal", "goal"),
        "schedule_shown",
        columns.number(
            "completed_count", "completed", ScheduleItem, "schedule", "schedule_pk", progress="completed"
        ),
        columns.number("submission_count", "submissions", AssessmentSubmission, "learner"),
        columns.number("pending_count", "pending", AttachmentMetadata, "learner", use="pending"),
        columns.number("note_count", "notes", MemoryRecord, "learner"),
        columns.of("last_updated", "updated", cells.day, ordering="last_updated"),
        "source",
    )
    list_filter = (filters.WorkToDoFilter, filters.ScheduleFilter)
    date_hierarchy = "last_updated"
    look_ups = (
        search.LookUp("username", "fragment"),
        search.LookUp("goal", "fragment"),
        search.LookUp("use_case", "words"),
    )
    search_help_text = "Pieces of usernames and goals, words of use cases; accents do not matter."
    nothing_here = "No learner yet. Import a profiles store, or run manage.py backfill."
    row_pages = ("regenerate", "json", "stores")

    def has_add_permission(self, request: HttpRequest) -> bool:
        # Learners come through the API or with a store.
        return False

    # --- screens ----------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.page_view)
        document = self.admin_site.admin_view(self.document_view)
        return [
            path("preferences/", self.admin_site.admin_view(preferences.page), name="coach_preferences"),
            path("search/", self.admin_site.admin_view(find.page), name="coach_search"),
            path("<int:pk>/", page, name="coach_learnerprofile_page"),
            path("<int:pk>/documents/<str:column>/", document, name="coach_learnerprofile_document"),
            *super().get_urls(),
        ]

    def page_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The customer page."""
        learner = self._viewed(request, pk)
        page = LearnerPage(learner)
        return self.render(
            request,
            "learnerprofile/page",
            learner.username,
            subtitle="learner",
            learner=learner,
            page=page,
            alerts=list(page.alerts()),
            documents=[(_name(name), name, getattr(learner, name) is not None) for name in DOCUMENTS],
            may_edit=rights.may_edit(request),
            may_regenerate=rights.may_regenerate(request),
            may_export=rights.may_export(request),
        )

    def regenerate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        learner = self._viewed(request, pk)
        rights.may_regenerate.demand(request)
        if request.method != "POST":
            back = links.page_of(LearnerProfile, pk)
            return self.render(
                request, "confirm", actions.REGENERATE.title, question=actions.REGENERATE, back=back
            )
        try:
            current = staff.regenerate(user=rights.user(request), username=learner.username)
        except schedules.CannotSchedule as error:
            messages.error(request, f"No schedule can be made: {error}")
        else:
            if current:
                messages.success(
                    request, "The schedule was generated again. What it replaced is in the history."
                )
            else:
                messages.warning(
                    request, "It could not be generated; the earlier schedule stays, marked stale."
                )
        return HttpResponseRedirect(links.page_of(LearnerProfile, pk))

    def json_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The stored profile as text, to be copied."""
        learner = self._viewed(request, pk)
        text = documents.pretty(learner.to_document().to_json())
        title = f"{learner.username} as JSON"
        return self.render(request, "learnerprofile/json", title, learner=learner, text=text)

    def stores_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The learner as legacy stores, in a ZIP."""
        learner = self._viewed(request, pk)
        rights.may_export.demand(request)
        return exports.answer(self, request, exports.STORES.value, [learner.pk])

    def _viewed(self, request: HttpRequest, pk: int | str) -> LearnerProfile:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return get_object_or_404(
            LearnerProfile.objects.select_related("schedule"), pk=pk if str(pk).isdecimal() else 0
        )

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """What was done to the learner, with what each change replaced."""
        learner = self._viewed(request, object_id)
        events = AuditEvent.objects.filter(learner=learner)[:MOST_HISTORY]
        kept = RecordVersion.objects.filter(learner=learner).select_related("run")[:MOST_HISTORY]
        return self.render(
            request,
            "learnerprofile/history",
            f"History of {learner.username}",
            learner=learner,
            entries=timeline.history(list(events), changes.explained(kept)),
            audit_list=links.list_of(AuditEvent, learner__id__exact=learner.pk),
            may_put_back=rights.may_edit(request),
        )

    # --- editing ----------------------------------------------------------------------------------

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The form for the plain fields. Who may only look sees the page, which shows more than a form."""
        learner = self._viewed(request, object_id)
        if request.method == "GET" and not rights.may_edit(request):
            return HttpResponseRedirect(links.page_of(LearnerProfile, learner.pk))
        rights.may_edit.demand(request)
        may_delete = self.has_delete_permission(request)
        return self._edit(request, learner, "profile", PROFILE_COLUMNS, may_delete=may_delete)

    def document_view(self, request: HttpRequest, pk: int, column: str) -> HttpResponse:
        """One stored document: readable, and as text to be edited for those who may."""
        learner = self._viewed(request, pk)
        if column not in DOCUMENTS:
            raise Http404
        editable = column in staff.EDITABLE_COLUMNS and rights.may_edit(request)
        if request.method == "POST" and not editable:
            rights.may_edit.demand(request)
            raise PermissionDenied
        return self._edit(request, learner, _name(column), [column] if editable else [], document=column)

    def _edit(
        self,
        request: HttpRequest,
        learner: LearnerProfile,
        what: str,
        columns: Sequence[str],
        *,
        document: str = "",
        **context: Any,
    ) -> HttpResponse:
        form = None
        if columns:
            form_of: Any = modelform_factory(LearnerProfile, form=EditForm, fields=columns)
            form = form_of(request.POST or None, instance=learner)
        if form and form.is_valid() and form.write(rights.user(request)):
            messages.success(request, f"The {what} was saved.")
            return HttpResponseRedirect(links.page_of(LearnerProfile, learner.pk))
        return self.render(
            request,
            "learnerprofile/edit",
            f"{what.capitalize()} of {learner.username}",
            learner=learner,
            readable=documents.readable(getattr(learner, document)) if document else None,
            form=form,
            **context,
        )

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Asks, then deletes. In no transaction: the service removes files once its own is committed."""
        learner = self._viewed(request, object_id)
        if not self.has_delete_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            question, back = actions.deleting([learner.pk]), links.page_of(LearnerProfile, learner.pk)
            return self.render(request, "confirm", f"Delete {learner}", question=question, back=back)
        staff.delete(user=rights.user(request), username=learner.username)
        messages.success(request, f"{learner} was deleted.")
        return HttpResponseRedirect(links.list_of(LearnerProfile))

    # --- the list ---------------------------------------------------------------------------------

    def rows(self, request: HttpRequest) -> QuerySet[LearnerProfile]:
        rows: QuerySet[LearnerProfile] = super().rows(request)
        return rows.annotate(
            scheduled_at=F("schedule__generated_at"),
            schedule_stale=F("schedule__is_stale"),
            schedule_pk=F("schedule__pk"),
            completed_count=_count(ScheduleItem, "schedule", "schedule__pk", launch_status="completed"),
            submission_count=_count(AssessmentSubmission),
            pending_count=_count(AttachmentMetadata, submission__isnull=True),
            note_count=_count(MemoryRecord),
        )

    @admin.display(description="schedule")
    def schedule_shown(self, row: Any) -> SafeString | str:
        if row.scheduled_at is None:
            return cells.badge("none", "calm")
        if row.schedule_stale:
            return cells.badge("stale", "warn")
        return cells.day(row.scheduled_at)

    @admin.display(description="from")
    def source(self, row: LearnerProfile) -> SafeString | str:
        if row.imported_by_id is None:
            return "API"
        text = f"run {row.imported_by_id}" + (", edited since" if row.edited_since_import else "")
        return links.to(BackfillRun(pk=row.imported_by_id), text) or ""


def _count(model: type[Any], by: str = "learner", key: str = "pk", **conditions: Any) -> Coalesce:
    """How many rows of a model belong to the learner, or to what the learner's `key` names."""
    rows = model.objects.filter(**{by: OuterRef(key)}, **conditions).order_by()
    counted = rows.values(by).annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _name(column: str) -> str:
    field: Any = LearnerProfile._meta.get_field(column)
    return str(field.verbose_name)
