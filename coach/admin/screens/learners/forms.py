"""Forms for what staff may edit of a learner; a value that another user changed since is reported, not lost."""

import itertools
import json
from typing import Any

from django import forms
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import ValidationError
from pydantic import TypeAdapter
from pydantic import ValidationError as DocumentError

from coach import json_text
from coach.admin.presentation import documents, json_lines
from coach.documents import schedule as zones
from coach.documents.base import Document
from coach.documents.profile import Profile
from coach.legacy.decoding import unknown
from coach.models import LearnerProfile
from coach.models.database import members
from coach.models.database.fields import DocumentField
from coach.services import staff

# What staff edit as plain fields; the other documents have a page each.
PROFILE_COLUMNS = tuple(
    field.attname
    for field in members.shared(LearnerProfile, Profile)
    if field.attname in staff.EDITABLE_COLUMNS
    and (not isinstance(field, DocumentField) or field.schema == list[str])
)
MOVED = "Somebody else changed this meanwhile. What stands there now: {}. Send again to replace it."


class Lines(forms.CharField):
    """A JSON list of texts, edited one a line."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> str:
        try:
            entries = json.loads(value)
        except (TypeError, ValueError):
            return value or ""
        return "\n".join(entries) if isinstance(entries, list) else value

    def clean(self, value: Any) -> str:
        lines = [line.strip() for line in super().clean(value).splitlines()]
        # As documents are stored: compact, not escaped.
        return json.dumps([line for line in lines if line], ensure_ascii=False, separators=(",", ":"))


class Seen(forms.JSONField):
    """The fingerprints of what the form showed; anything else reads as nothing seen."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> dict[str, str]:
        try:
            found = super().clean(value)
        except ValidationError:
            return {}
        return {str(name): str(mark) for name, mark in found.items()} if isinstance(found, dict) else {}


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """The plain fields of a profile."""

    knowledge_tags = Lines(
        required=False, help_text="One a line.", widget=forms.Textarea(attrs={"rows": 6, "cols": 40})
    )
    seen = Seen(required=False, label="")

    class Meta:
        model = LearnerProfile
        fields = PROFILE_COLUMNS
        widgets = {
            **{
                name: forms.Textarea(attrs={"rows": 4, "cols": 80})
                for name in ("goal", "use_case", "strengths")
            },
            "timezone": forms.TextInput(attrs={"size": 40}),
        }
        help_texts = {"timezone": "A name like Europe/Lisbon; empty for none."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What the database holds now, before the form writes into the instance.
        self._present = {name: getattr(self.instance, name) for name in PROFILE_COLUMNS}
        self.initial["seen"] = {name: staff.fingerprint(value) for name, value in self._present.items()}
        for name in ("goal", "use_case", "strengths"):
            self.fields[name].strip = False  # type: ignore[attr-defined]

    def clean_timezone(self) -> str | None:
        name = (self.cleaned_data["timezone"] or "").strip()
        # A zone that was stored before may be one that does not exist; it is kept until it is changed.
        if name and name != self._present["timezone"] and zones.known_zone(name) is None:
            raise ValidationError("There is no such time zone.")
        return name or None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name in PROFILE_COLUMNS:
            if name in cleaned:
                cleaned[name] = _newlines(cleaned[name])
                self._check_moved(name, cleaned)
        return cleaned

    def _check_moved(self, name: str, cleaned: dict[str, Any]) -> None:
        """Keep what others changed and staff did not; report what both changed, and let it be sent again."""
        present, shown = self._present[name], cleaned["seen"].get(name)
        if staff.fingerprint(present) == shown:
            return
        if staff.fingerprint(cleaned[name]) == shown:
            cleaned[name] = present
        elif cleaned[name] != present:
            self.add_error(name, MOVED.format(repr(present)))
        self.data = _with(self.data, "seen", json.dumps(self.initial["seen"]))

    def changes(self) -> dict[str, Any]:
        """What is to be written: the columns that differ from the database."""
        return {
            name: self.cleaned_data[name]
            for name in PROFILE_COLUMNS
            if self.cleaned_data[name] != self._present[name]
        }


def _with(data: Any, name: str, value: str) -> Any:
    """What was sent, with one value replaced."""
    changed = data.copy()
    changed[name] = value
    return changed


def _newlines(value: Any) -> Any:
    """Browsers send CR LF where the stored text has LF."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


class DocumentForm(forms.Form):
    """One stored document as text, validated by its document class, each fault at its line."""

    text = forms.CharField(
        required=False,
        strip=False,
        label="Document",
        widget=forms.Textarea(
            attrs={"rows": 30, "cols": 100, "class": "document-text", "spellcheck": "false"}
        ),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, learner: LearnerProfile, column: str, data: Any = None) -> None:
        self.learner, self.column = learner, column
        self.field: DocumentField = LearnerProfile._meta.get_field(column)  # type: ignore[assignment]
        self.name = self.field.verbose_name
        self._present = getattr(learner, column)
        shown = staff.fingerprint(self._present)
        super().__init__(data, initial={"text": documents.pretty(self._present), "seen": shown})
        self.fields["text"].help_text = "JSON. It is checked before it is saved." + (
            " Empty removes it." if self.field.null else ""
        )

    def clean_text(self) -> str | None:
        text = _newlines(self.cleaned_data["text"])
        if not text.strip():
            if self.field.null:
                return None
            raise ValidationError("A document is needed here; an empty one is {} or [].")
        return validated(text, self.field.schema)

    def save(self, user: AbstractBaseUser | AnonymousUser) -> bool:
        """Write the document; False, with an error on the form, where another user changed it since."""
        assert isinstance(user, AbstractBaseUser)
        try:
            staff.edit_learner(
                user=user,
                username=self.learner.username,
                changes={self.column: self.cleaned_data["text"]},
                seen={self.column: self.cleaned_data["seen"]},
            )
        except staff.ChangedMeanwhile:
            self.add_error(
                "text",
                "Somebody else changed this document meanwhile; it is shown above as it stands now. "
                "Take over what you need and send again to replace it.",
            )
            self.data = _with(self.data, "seen", staff.fingerprint(self._present))
            return False
        return True


def validated(text: str, schema: Any) -> str:
    """An edited document as it is stored. Raises ValidationError, each fault with its line and path."""
    adapter: TypeAdapter[Any] = TypeAdapter(schema)
    try:
        record = json.loads(text)
    except ValueError as error:
        raise ValidationError(json_lines.no_json(text, error)) from None
    except RecursionError:
        raise ValidationError("It is nested too deep.") from None
    if json_text.is_too_deep(record):
        raise ValidationError("It is nested too deep.")
    if nul := list(itertools.islice(json_text.places(record, json_text.NUL), 20)):
        reason = "a NUL character (U+0000), which PostgreSQL cannot store"
        raise ValidationError([json_lines.fault(text, steps, reason) for steps in nul])
    try:
        document = adapter.validate_json(text)
    except DocumentError as error:
        raise ValidationError(
            [
                json_lines.fault(text, fault["loc"], fault["msg"])
                for fault in error.errors(include_url=False)[:20]
            ]
        ) from None
    if misspelt := _unknown(schema, record):
        raise ValidationError(
            [json_lines.fault(text, steps, "no member of this document") for steps in misspelt[:20]]
        )
    return adapter.dump_json(document).decode()


def _unknown(schema: Any, record: Any) -> list[tuple[str | int, ...]]:
    """Where members stand that no class declares: they would be dropped in silence."""
    if isinstance(schema, type) and issubclass(schema, Document):
        return unknown.find(schema, record)
    inner = getattr(schema, "__args__", (None,))[-1]
    if isinstance(inner, type) and issubclass(inner, Document) and isinstance(record, list):
        return [
            (index, *steps) for index, element in enumerate(record) for steps in unknown.find(inner, element)
        ]
    return []
