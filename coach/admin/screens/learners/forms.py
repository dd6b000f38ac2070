"""The form for what staff edit of a learner; a value that another user changed since is reported, not lost."""

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models
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
from coach.models.versions import fingerprint
from coach.services import learners, staff

# What staff edit as plain fields; the other documents have a page each.
PROFILE_COLUMNS = tuple(
    field.attname
    for field in members.shared(LearnerProfile, Profile)
    if field.attname in staff.EDITABLE_COLUMNS
    and (not isinstance(field, DocumentField) or field.schema == list[str])
)
MOVED = "Somebody else changed this meanwhile. What stands there now: {}. Send again to replace it."
MOST_FAULTS = 20
_MISSPELT = "no member of this document"
_TEXTS = ("goal", "use_case", "strengths")


class Text(forms.CharField):
    """A text as it was typed. Browsers send CR LF where the stored text has LF."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, **options)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")


class Lines(forms.CharField):
    """A list of texts, edited one per line."""

    def __init__(self, *, rows: int = 3, cols: int = 70) -> None:
        widget = forms.Textarea(attrs={"rows": rows, "cols": cols})
        super().__init__(required=False, widget=widget, help_text="One per line.")

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]


class StoredLines(Lines):
    """A column that holds a list of texts."""

    def __init__(self, column: DocumentField) -> None:
        super().__init__(rows=6, cols=40)
        self.shown, self._stored = column.to_value, column.to_text

    def clean(self, value: Any) -> str | None:
        return self._stored(super().clean(value))


class StoredDocument(Text):
    """A column that holds a document, edited as text; it is validated by its class, each fault at its line."""

    shown = staticmethod(documents.pretty)
    default_error_messages = {
        "moved": "Somebody else changed this document meanwhile; it is shown above as it stands now. "
        "Take over what you need and send again to replace it."
    }

    def __init__(self, column: DocumentField) -> None:
        size = {"rows": 30, "cols": 100, "class": "document-text", "spellcheck": "false"}
        words = "JSON. It is checked before it is saved." + (" Empty removes it." if column.null else "")
        super().__init__(required=False, label="Document", help_text=words, widget=forms.Textarea(attrs=size))
        self._column = column

    def clean(self, value: Any) -> str | None:
        text = super().clean(value)
        if text.strip():
            return validated(text, self._column.schema)
        if self._column.null:
            return None
        raise ValidationError("A document is needed here; an empty one is {} or [].")


class Seen(forms.JSONField):
    """The fingerprints of what the form showed; anything else reads as nothing seen."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> dict[str, Any]:
        try:
            found = super().clean(value)
        except ValidationError:
            return {}
        return found if isinstance(found, dict) else {}


def _field(column: "models.Field[Any, Any]", **options: Any) -> forms.Field | None:
    if isinstance(column, DocumentField):
        return StoredLines(column) if column.schema == list[str] else StoredDocument(column)
    return column.formfield(**options)


class EditForm(forms.ModelForm):  # type: ignore[type-arg]
    """Some columns of a learner: `modelform_factory` makes the form of those that it is given."""

    seen = Seen(required=False, label="")

    class Meta:
        model = LearnerProfile
        fields: Sequence[str] = ()
        formfield_callback = _field
        field_classes = dict.fromkeys(_TEXTS, Text)
        widgets = {
            **{name: forms.Textarea(attrs={"rows": 4, "cols": 80}) for name in _TEXTS},
            "timezone": forms.TextInput(attrs={"size": 40}),
        }
        help_texts = {"timezone": "A name like Europe/Lisbon; empty for none."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.columns = [name for name in self.fields if name != "seen"]
        self.initial["seen"] = {name: self._fingerprint(name) for name in self.columns}
        for name, field in self.fields.items():
            if isinstance(field, (StoredLines, StoredDocument)):
                self.initial[name] = field.shown(self.initial[name])

    def clean_timezone(self) -> str | None:
        name = (self.cleaned_data["timezone"] or "").strip()
        # A zone that was stored before may be one that does not exist; it is kept until it is changed.
        if name and name != self.initial["timezone"] and zones.known_zone(name) is None:
            raise ValidationError("There is no such time zone.")
        return name or None

    def clean(self) -> dict[str, Any]:
        """Tell what both this form and somebody else changed along with every other fault."""
        cleaned: dict[str, Any] = super().clean() or {}
        shown, now = cleaned["seen"], self.initial["seen"]
        self._tell_moved(
            [
                name
                for name in self.columns
                if name in cleaned
                and shown.get(name) != now[name]
                and fingerprint(cleaned[name]) not in (shown.get(name), now[name])
            ]
        )
        return cleaned

    def write(self, user: User) -> bool:
        """Write what differs from what was shown; False, with errors on the form, where somebody changed or deleted it since.

        What others changed and this form did not stays.
        """
        learner, seen = self.instance, self.cleaned_data["seen"]
        sent = {name: self.cleaned_data[name] for name in self.columns}
        changes = {name: value for name, value in sent.items() if fingerprint(value) != seen.get(name)}
        try:
            staff.edit_learner(user=user, username=learner.username, changes=changes, seen=seen)
        except staff.ChangedMeanwhile as error:
            learner.refresh_from_db(fields=error.columns)
            self._tell_moved(error.columns)
            return False
        except learners.LearnerNotFound as error:
            self.add_error(None, f"Nothing was written: {error}")
            return False
        return True

    def _tell_moved(self, columns: Sequence[str]) -> None:
        for name in columns:
            moved = self.fields[name].error_messages.get("moved", MOVED)
            self.add_error(name, moved.format(repr(getattr(self.instance, name))))
        now = {name: self._fingerprint(name) for name in columns}
        self.data = {**self.data, "seen": json.dumps({**self.cleaned_data["seen"], **now})}

    def _fingerprint(self, column: str) -> str:
        return fingerprint(getattr(self.instance, column))


def validated(text: str, schema: Any) -> str:
    """An edited document as it is stored. Raises ValidationError, each fault with its line and path."""
    adapter: TypeAdapter[Any] = TypeAdapter(schema)
    try:
        record = json.loads(text)
        is_too_deep = json_text.is_too_deep(record)
    except ValueError as error:
        raise ValidationError(json_lines.no_json(text, error)) from None
    except RecursionError:
        is_too_deep = True
    if is_too_deep:
        raise ValidationError("It is nested too deep.")
    if faults := _faults(text, record, adapter) or [(steps, _MISSPELT) for steps in _unknown(schema, record)]:
        raise ValidationError([json_lines.fault(text, *fault) for fault in faults[:MOST_FAULTS]])
    return adapter.dump_json(adapter.validate_json(text)).decode()


def _faults(text: str, record: Any, adapter: TypeAdapter[Any]) -> list[tuple[json_text.Steps, str]]:
    if nul := list(json_text.places(record, json_text.NUL)):
        return [(steps, "a NUL character (U+0000), which PostgreSQL cannot store") for steps in nul]
    try:
        adapter.validate_json(text)
    except DocumentError as error:
        return [(fault["loc"], fault["msg"]) for fault in error.errors(include_url=False)]
    return []


def _unknown(schema: Any, record: Any) -> list[json_text.Steps]:
    """Where members stand that no class declares: they would be dropped in silence."""
    if isinstance(schema, type) and issubclass(schema, Document):
        return list(unknown.find(schema, record))
    inner = getattr(schema, "__args__", (None,))[-1]
    if isinstance(inner, type) and issubclass(inner, Document) and isinstance(record, list):
        return [
            (index, *steps) for index, element in enumerate(record) for steps in unknown.find(inner, element)
        ]
    return []
