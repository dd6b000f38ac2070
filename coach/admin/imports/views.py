"""The import screens: upload, inspection, preview, confirmation; on django-import-export's flow and the importing core."""

import contextlib
import logging
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from import_export.admin import ImportMixin
from import_export.forms import ImportForm

from coach.admin.access import rights
from coach.admin.changelist.lists import StaffAdmin
from coach.admin.imports import staging, tasks
from coach.admin.imports.resources import (
    ChangedMeanwhile,
    StoreDataset,
    StoreFormat,
    StoreResource,
    StoreResult,
    confirm,
    failed,
    is_large,
    queued,
    run_of,
)
from coach.admin.imports.staging import CannotUnpack, Staged, Unusable
from coach.admin.presentation import links
from coach.legacy.deciding.compare import OnConflict
from coach.legacy.reading.opening import RefusedFile
from coach.legacy.running import ledger
from coach.legacy.running.encoding import OtherEncoding
from coach.legacy.running.lock import LockHeld, RunLock
from coach.legacy.stores import LAYOUTS, Store
from coach.models import BackfillRun
from coach.services.operations import jobs

_logger = logging.getLogger(__name__)
# A second click comes while the first one is still at work.
PATIENCE_SECONDS = 5.0


class StoreImportForm(ImportForm):
    """Which file, and what to do where store and row both moved."""

    on_conflict = forms.ChoiceField(
        label="Conflicts",
        choices=(
            (OnConflict.REPORT.value, "report them, leave the rows as they are"),
            (OnConflict.KEEP.value, "keep what is here"),
            (OnConflict.OVERWRITE.value, "overwrite with what the store says"),
        ),
        help_text="Where a record changed in the store and here since the last import.",
    )
    field_order = ("resource", "import_file", "on_conflict", "format")

    def __init__(self, *args: Any, store: Store, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._store, self._user, most = store, user, filesizeformat(settings.IMPORT_MAX_BYTES)
        self.fields["format"].widget = forms.HiddenInput()
        self.fields["import_file"].widget.attrs |= {
            "accept": ".json,.jsonl,.zip,.gz",
            "data-most": settings.IMPORT_MAX_BYTES,
            "data-too-large": f"These pages take at most {most}.",
        }
        self.fields["import_file"].help_text = (
            f"A {LAYOUTS[store].file_name}, or the mended reject file (.jsonl) of an earlier run, "
            f"also as gzip; or the archive (.zip) of an export; at most {most}."
        )

    def clean_import_file(self) -> Any:
        uploaded = self.cleaned_data["import_file"]
        if uploaded.size > settings.IMPORT_MAX_BYTES:
            raise ValidationError(
                f"The file has {filesizeformat(uploaded.size)}; these pages take at most "
                f"{filesizeformat(settings.IMPORT_MAX_BYTES)}. Run on the server: "
                f"manage.py backfill --{self._store} FILE"
            )
        return uploaded

    def clean(self) -> dict[str, Any]:
        """Stage the upload, now that nothing else is wrong with the form."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                cleaned["import_file"].staged = staging.stage(
                    cleaned["import_file"],
                    user=self._user,
                    store=self._store,
                    on_conflict=cleaned["on_conflict"],
                )
            except CannotUnpack as error:
                self.add_error("import_file", f"Refused, nothing was written: {error}")
        return cleaned


class StoreImport(ImportMixin, StaffAdmin):
    """Mixed into the admin of the model that a store fills; `store` names it."""

    store: Store
    resource_classes = [StoreResource]
    import_formats = [StoreFormat]
    import_form_class = StoreImportForm
    import_template_name = "admin/coach/import.html"
    # The list keeps its own page; links to these screens are among its tools.
    import_export_change_list_template = None

    def has_import_permission(self, request: HttpRequest) -> bool:
        return rights.may_import(request)

    def list_tools(self, request: HttpRequest) -> list[tuple[str, str]]:
        tools: list[tuple[str, str]] = super().list_tools(request)
        return [*tools, (self._import_page(), "Import a store")] if rights.may_import(request) else tools

    # --- upload and preview -----------------------------------------------------------------------

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        rights.may_import.demand(request)
        return super().import_action(request, **kwargs)

    def get_import_form_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().get_import_form_kwargs(request), "store": self.store, "user": request.user}

    def write_to_tmp_storage(self, import_file: Any, input_format: StoreFormat) -> Any:
        # It was staged as it arrived; the browser brings the name back, and the format opens what is read.
        staged = import_file.staged
        return SimpleNamespace(name=staged.token(), read=lambda: staged)

    def add_data_read_fail_error_to_form(self, form: forms.Form, error: Exception) -> None:
        form.cleaned_data["import_file"].staged.discard()
        if not isinstance(error, (RefusedFile, Unusable, OtherEncoding)):
            raise error
        reason = error.reason if isinstance(error, RefusedFile) else str(error)
        form.add_error("import_file", f"Refused, nothing was written: {reason}")

    def get_import_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {"store": self.store, "store_name": LAYOUTS[self.store].file_name}

    # --- confirmation -----------------------------------------------------------------------------

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Import what was shown: whole or not at all, once, and say truthfully what happened."""
        rights.may_import.demand(request)
        if request.method != "POST":
            return HttpResponseRedirect(self._import_page())
        try:
            staged = staging.claim(
                request.POST.get("import_file_name", ""), user=rights.user(request), store=self.store
            )
            return self._confirmed(request, staged)
        except Unusable as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(self._import_page())

    def _confirmed(self, request: HttpRequest, staged: Staged) -> HttpResponse:
        try:
            if run := run_of(staged):
                return self._confirmed_already(request, run)
            if is_large(staged):
                return self._queue(request, staged)
            with run_lock() as lock:
                if run := run_of(staged):
                    return self._confirmed_already(request, run)
                ledger.mark_dead()
                run = confirm(staged, user=rights.user(request), lock=lock)
        except LockHeld as error:
            messages.warning(
                request, f"Another import is running ({error}). Nothing was written; confirm again later."
            )
            return self._preview(request, staged)
        except ChangedMeanwhile as changed:
            messages.warning(
                request,
                f"Something changed since the preview, so nothing was written. Now: {changed}. "
                "Look at the new preview and confirm again.",
            )
            return self._page(request, staged, changed.result)
        except Unusable:
            raise
        except Exception as error:  # whatever it was, staff must hear that nothing was written
            _logger.exception("a confirmed import failed")
            failed(staged, user=rights.user(request), error=error)
            messages.error(
                request,
                f"The import failed ({type(error).__name__}) and nothing was written. You can confirm it again.",
            )
            return self._preview(request, staged)
        staged.discard()
        return self._told(request, run)

    def _confirmed_already(self, request: HttpRequest, run: BackfillRun) -> HttpResponse:
        messages.info(request, f"This upload was confirmed already, for {run}. Nothing was done again.")
        return HttpResponseRedirect(links.page_of(BackfillRun, run.pk))

    def _queue(self, request: HttpRequest, staged: Staged) -> HttpResponse:
        """Let the worker import it."""
        with contextlib.closing(StoreDataset(staged)) as dataset, contextlib.suppress(IntegrityError):
            with transaction.atomic():
                run = queued(dataset, user=rights.user(request))
                jobs.hand_over(tasks.work, run)
            return HttpResponseRedirect(links.page_of(BackfillRun, run.pk))
        # A second request for the same upload came first.
        return self._confirmed_already(request, BackfillRun.objects.get(upload=staged.id))

    def _told(self, request: HttpRequest, run: BackfillRun) -> HttpResponse:
        run.refresh_from_db()
        if run.state == BackfillRun.State.DONE:
            messages.success(request, "The store was imported.")
        else:
            messages.warning(
                request,
                "The store was imported, but some records were rejected or are in conflict: see below.",
            )
        return HttpResponseRedirect(links.page_of(BackfillRun, run.pk))

    # --- pages ------------------------------------------------------------------------------------

    def _preview(self, request: HttpRequest, staged: Staged) -> HttpResponse:
        """The preview again, from the current state."""
        return self._page(request, staged, StoreResource().import_data(StoreDataset(staged)))

    def _page(self, request: HttpRequest, staged: Staged, result: StoreResult) -> HttpResponse:
        confirm_form = self.confirm_form_class(initial={"import_file_name": staged.token()})
        context = self.get_import_context_data()
        return self.render(request, "import", "Import", result=result, confirm_form=confirm_form, **context)

    def _import_page(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_import")


@contextlib.contextmanager
def run_lock() -> Iterator[RunLock]:
    """The lock of runs, waited for a little while. Raises LockHeld."""
    until = time.monotonic() + PATIENCE_SECONDS
    with contextlib.ExitStack() as stack:
        while True:
            try:
                lock = stack.enter_context(RunLock())
                break
            except LockHeld:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        yield lock
