"""Forms that resolve a finding: a rejected record is mended as text, a conflict is decided as a whole or member by member."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

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
# Decisions about a conflict as a whole, as the command has them.
_WHOLE = {
    Resolution.THEIRS: OnConflict.OVERWRITE,
    Resolution.OURS: OnConflict.KEEP,
    Resolution.LATER_RUN: OnConflict.REPORT,
}


class _NotTaken(Exception):
    """Nothing is written: the record is rejected, or something moved."""

    def __init__(self, reason: str = "", planned: Sequence[Planned] = ()) -> None:
        self.reason, self.rejected = reason, [plan for plan in planned if plan.outcome == Outcome.REJECTED]


class _Decision(NamedTuple):
    """What staff decided; `told` is what the run's options say of it: counts, never contents."""

    records: list[RawRecord]
    how: OnConflict | Choice
    told: dict[str, object]
    resolution: str


class FindingForm(forms.Form):
    """What the two kinds share: the record goes through the core as a run of its own."""

    # Which field shows the faults of a rejected record.
    faulty: str | None = None

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
            if refused.reason:
                self.has_moved = True
                self.add_error(None, refused.reason)
            for plan in refused.rejected:
                self.add_error(self.faulty, [self._fault(fault.path, fault.reason) for fault in plan.faults])
        return None

    def _resolve(self, user: Any, confirm: Any) -> BackfillRun:
        if not BackfillFinding.objects.open().select_for_update().filter(pk=self.finding.pk).exists():
            raise _NotTaken("Nothing was written: this finding was resolved meanwhile.")
        records, how, told, resolution = self._decide()
        run = ledger.start(
            source=BackfillRun.Source.ADMIN,
            actor=f"staff {user.get_username()}",
            version=settings.VERSION,
            options={"finding": self.finding.pk, **told},
            files=[],
        )
        planned = resolving.take(
            records, run=run, on_conflict=how, derive=assessments.extended, confirm=confirm
        )
        if any(plan.outcome == Outcome.REJECTED for plan in planned):
            raise _NotTaken(planned=planned)
        self.username = planned[0].username
        staff.resolve(user=user, finding=self.finding, resolution=resolution, run=run, username=self.username)
        return run

    def _decide(self) -> _Decision:
        """Raises _NotTaken where what was shown is not what is there."""
        raise NotImplementedError

    def _fault(self, path: str, reason: str) -> str:
        return f"{path}: {reason}"


class MendForm(FindingForm):
    """A rejected record as text, each fault at its line."""

    faulty = "record"
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

    def _decide(self) -> _Decision:
        # Kept, since an error takes it out of the cleaned values.
        self._text = self.cleaned_data["record"]
        owner = self.cleaned_data.get("owner", "")
        records = resolving.raw_records_of(self.finding, self._text, owner=owner)
        return _Decision(records, OnConflict.REPORT, {}, Resolution.MENDED)

    def _fault(self, path: str, reason: str) -> str:
        return _at_its_line(self._text, path, reason)


class ConflictForm(FindingForm):
    """A conflict: what each side has at each path, and a choice for each."""

    seen = forms.CharField(widget=forms.HiddenInput)
    decision = forms.ChoiceField(
        choices=[(way, way.label) for way in (*_WHOLE, Resolution.CHOSEN)], widget=forms.HiddenInput
    )

    def __init__(self, finding: BackfillFinding, data: Mapping[str, Any] | None = None) -> None:
        self._raws = resolving.raw_records_of(finding, finding.record or "", owner=finding.username)
        self.planned = resolving.look(self._raws[0])
        self.choices: Sequence[Change] = self.planned.choices
        super().__init__(finding, data, initial={"seen": _mark(self.planned)})
        can_choose = self.is_open and len(self.choices) <= MOST_CHOICES
        self._by_path = {f"path-{number}": change for number, change in enumerate(self.choices) if can_choose}
        for name, change in self._by_path.items():
            self.fields[name] = forms.ChoiceField(
                label=change.path,
                choices=((Resolution.OURS, "Keep what is here"), (Resolution.THEIRS, "Take the store's")),
                initial=Resolution.OURS,
                required=False,
                widget=forms.RadioSelect(attrs={"aria-describedby": name}),
            )

    @property
    def is_open(self) -> bool:
        """Whether the two sides still are in conflict."""
        return self.planned.outcome == Outcome.CONFLICT

    def rows(self) -> list[tuple[Change, Any]]:
        """Each change with the field of its choice, as far as it can be chosen."""
        return [(change, self[name]) for name, change in self._by_path.items()]

    def _decide(self) -> _Decision:
        LearnerProfile.objects.select_for_update().named(self.planned.username).first()
        decision = self.cleaned_data["decision"]
        is_fit = self.is_open == (decision != Resolution.LATER_RUN)
        if not is_fit or self.cleaned_data["seen"] != _mark(resolving.look(self._raws[0])):
            raise _NotTaken(_MOVED)
        if decision in _WHOLE:
            how = _WHOLE[decision]
            return _Decision(self._raws, how, {"on_conflict": str(how)}, decision)
        by_path = self._by_path.items()
        theirs = {change.path for name, change in by_path if self.cleaned_data[name] == Resolution.THEIRS}
        told = {"on_conflict": decision, "theirs": len(theirs), "ours": len(self.choices) - len(theirs)}
        return _Decision(self._raws, Choice(frozenset(theirs)), told, decision)


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
