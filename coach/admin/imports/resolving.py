"""Forms that resolve a finding: a rejected record is mended as text, a conflict is decided as a whole or member by member."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.safestring import SafeString

from coach.admin.imports.views import run_lock
from coach.admin.presentation import json_lines
from coach.documents import json_paths
from coach.documents.differences import Change
from coach.legacy.deciding.compare import Choice, OnConflict, Planned
from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.running import ledger, resolving
from coach.legacy.running.lock import LockHeld
from coach.legacy.stores import Outcome, Store
from coach.models import BackfillFinding, BackfillRun, LearnerProfile
from coach.models.versions import fingerprint
from coach.services import assessments, staff

MOST_CHOICES = 300
Resolution = BackfillFinding.Resolution
_MOVED = "Nothing was written: the record here was changed since this page was shown. Both values are shown as they are now."


class _NotTaken(Exception):
    """Nothing is written: the record is rejected, or something moved."""

    def __init__(self, reason: str = "", planned: Sequence[Planned] = ()) -> None:
        self.reason, self.rejected = reason, [plan for plan in planned if plan.outcome == Outcome.REJECTED]


class FindingForm(forms.Form):
    """What the two kinds share: the record goes through the core as a run of its own."""

    def __init__(self, finding: BackfillFinding, data: Mapping[str, Any] | None, **options: Any) -> None:
        self.finding, self.has_moved = finding, False
        # Whose record was taken: a mended one may name another learner than the rejected one did.
        self.username = finding.username
        super().__init__(data, **options)

    def save(self, user: Any) -> BackfillRun | None:
        """Resolve the finding; None, with errors on the form, where nothing was written."""
        try:
            with run_lock() as lock, transaction.atomic():
                return self._resolve(user, lock.confirm)
        except LockHeld as error:
            self.add_error(
                None, f"Another import is running ({error}). Nothing was written; try again later."
            )
        except _NotTaken as refused:
            self._tell(refused)
        return None

    def _resolve(self, user: Any, confirm: Any) -> BackfillRun:
        if not BackfillFinding.objects.open().select_for_update().filter(pk=self.finding.pk).exists():
            raise _NotTaken("Nothing was written: this finding was resolved meanwhile.")
        self._check()
        raws, how = self._records(), self._how()
        run = ledger.start(
            source=BackfillRun.Source.ADMIN,
            actor=f"staff {user.get_username()}",
            version=settings.VERSION,
            options={"finding": self.finding.pk, **self._told()},
            files=[],
        )
        planned = resolving.take(raws, run=run, on_conflict=how, derive=assessments.extended, confirm=confirm)
        if any(plan.outcome == Outcome.REJECTED for plan in planned):
            raise _NotTaken(planned=planned)
        self.username = planned[0].username
        staff.resolve(
            user=user,
            finding=self.finding,
            resolution=self._resolution(),
            run=run,
            username=self.username,
        )
        return run

    def _check(self) -> None:
        """Raises _NotTaken where what was shown is not what is there."""

    def _records(self) -> list[RawRecord]:
        raise NotImplementedError

    def _how(self) -> OnConflict | Choice:
        return OnConflict.REPORT

    def _told(self) -> dict[str, object]:
        """What the run's options say of the decision: counts, never contents."""
        return {}

    def _resolution(self) -> str:
        return Resolution.MENDED

    def _tell(self, refused: _NotTaken) -> None:
        if refused.reason:
            self.has_moved = True
            self.add_error(None, refused.reason)
        for plan in refused.rejected:
            self.add_error(None, [f"{fault.path}: {fault.reason}" for fault in plan.faults])


class MendForm(FindingForm):
    """A rejected record as text, each fault at its line."""

    owner = forms.CharField(
        label="Learner", max_length=255, help_text="The username under which the store lists it."
    )
    record = forms.CharField(
        help_text="JSON. Saving imports this one record by the rules of every import.",
        widget=forms.Textarea(
            attrs={"rows": 24, "cols": 100, "class": "document-text", "spellcheck": "false"}
        ),
    )

    def __init__(self, finding: BackfillFinding, data: Mapping[str, Any] | None = None) -> None:
        text = json_lines.spread(finding.record or "")
        super().__init__(finding, data, initial={"owner": finding.username, "record": text})
        if finding.store == Store.PROFILES:
            del self.fields["owner"]
        self.found = [
            _at_its_line(text, str(error["path"]), str(error["reason"])) for error in finding.error_list
        ]

    def clean_record(self) -> str:
        text = str(self.cleaned_data["record"]).replace("\r\n", "\n")
        try:
            json.loads(text)
        except (RecursionError, ValueError) as error:
            raise ValidationError(json_lines.no_json(text, error)) from None
        return text

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        first = next((name for name in self.fields if name in self.errors), None)
        for name, made in self.fields.items():
            made.widget.attrs["autofocus"] = name == first

    def _records(self) -> list[RawRecord]:
        owner = self.cleaned_data.get("owner", "")
        return resolving.raw_records_of(self.finding, self.cleaned_data["record"], owner=owner)

    def _tell(self, refused: _NotTaken) -> None:
        super()._tell(_NotTaken(refused.reason))
        text = self.cleaned_data.get("record", "")
        for plan in refused.rejected:
            self.add_error("record", [_at_its_line(text, fault.path, fault.reason) for fault in plan.faults])


class ConflictForm(FindingForm):
    """A conflict: what each side has at each path, and a choice for each."""

    seen = forms.CharField(widget=forms.HiddenInput)
    decision = forms.ChoiceField(
        choices=[
            (way, way.label)
            for way in (Resolution.THEIRS, Resolution.OURS, Resolution.CHOSEN, Resolution.LATER_RUN)
        ],
        widget=forms.HiddenInput,
    )

    def __init__(self, finding: BackfillFinding, data: Mapping[str, Any] | None = None) -> None:
        self._raws = resolving.raw_records_of(finding, finding.record or "", owner=finding.username)
        self.planned = resolving.look(self._raws[0])
        self.choices: Sequence[Change] = self.planned.choices
        super().__init__(finding, data, initial={"seen": _mark(self.planned)})
        if self.is_open and len(self.choices) <= MOST_CHOICES:
            for number, change in enumerate(self.choices):
                self.fields[f"path-{number}"] = forms.ChoiceField(
                    label=change.path,
                    choices=((Resolution.OURS, "Keep what is here"), (Resolution.THEIRS, "Take the store's")),
                    initial=Resolution.OURS,
                    required=False,
                    widget=forms.RadioSelect(attrs={"aria-describedby": f"path-{number}"}),
                )

    @property
    def is_open(self) -> bool:
        """Whether the two sides still are in conflict."""
        return self.planned.outcome == Outcome.CONFLICT

    def rows(self) -> list[tuple[Change, Any]]:
        """Each change with the field of its choice, as far as it can be chosen."""
        return [
            (change, self[f"path-{number}"])
            for number, change in enumerate(self.choices)
            if f"path-{number}" in self.fields
        ]

    def _check(self) -> None:
        LearnerProfile.objects.select_for_update().named(self.planned.username).first()
        is_fit = self.is_open == (self.cleaned_data["decision"] != Resolution.LATER_RUN)
        if not is_fit or self.cleaned_data["seen"] != _mark(resolving.look(self._raws[0])):
            raise _NotTaken(_MOVED)

    def _records(self) -> list[RawRecord]:
        return self._raws

    def _theirs(self) -> frozenset[str]:
        return frozenset(
            change.path
            for number, change in enumerate(self.choices)
            if self.cleaned_data.get(f"path-{number}") == Resolution.THEIRS
        )

    def _how(self) -> OnConflict | Choice:
        if not self.is_open:
            return OnConflict.REPORT
        return {Resolution.THEIRS: OnConflict.OVERWRITE, Resolution.OURS: OnConflict.KEEP}.get(
            self.cleaned_data["decision"], Choice(self._theirs())
        )

    def _told(self) -> dict[str, object]:
        if self.cleaned_data["decision"] != Resolution.CHOSEN:
            return {"on_conflict": str(self._how())}
        theirs = len(self._theirs())
        return {"on_conflict": "chosen", "theirs": theirs, "ours": len(self.choices) - theirs}

    def _resolution(self) -> str:
        return str(self.cleaned_data["decision"]) if self.is_open else Resolution.LATER_RUN


def form_of(
    finding: BackfillFinding, data: Mapping[str, Any] | None = None
) -> MendForm | ConflictForm | None:
    """The form that resolves a finding; None where there is none: it is resolved, or its record is not kept."""
    if finding.resolved_at or finding.record is None:
        return None
    return MendForm(finding, data) if finding.outcome == "rejected" else ConflictForm(finding, data)


def _mark(planned: Planned) -> str:
    """What tells whether the row, or what is made of it, is still what was shown."""
    ours = planned.ours.to_json() if planned.ours else ""
    return fingerprint((str(planned.outcome), ours, planned.mark and planned.mark.unknown))


def _at_its_line(text: str, path: str, reason: str) -> SafeString:
    try:
        return json_lines.fault(text, json_paths.read(path), reason)
    except ValueError:
        return json_lines.at(1, f"{path}: {reason}", text)
