"""API tokens: made here and shown once, revoked here, never read back."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from coach.admin.changelist import bulk, columns
from coach.admin.changelist.lists import StaffAdmin
from coach.admin.presentation import cells
from coach.documents import usernames
from coach.documents.base import utc_now
from coach.models import ApiToken
from coach.services.operations import tokens

STATE_BADGES = {"usable": "good", "expired": "warn", "revoked": "bad"}
_GIVEN = ("name", "learner", "read_only", "expires_at")


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = ApiToken
        fields = _GIVEN

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "expires_at" in self.fields:
            # Of two boxes Django describes neither.
            described = "id_expires_at_helptext id_expires_at_error"
            self.fields["expires_at"].widget.attrs["aria-describedby"] = described

    def clean_expires_at(self) -> Any:
        expires_at = self.cleaned_data["expires_at"]
        if expires_at is not None and expires_at <= utc_now():
            raise ValidationError("The token would have expired already.")
        # In some zone its last hours would lie in no year that there is.
        if expires_at is not None and expires_at.year == dt.MAXYEAR:
            raise ValidationError(f"A token expires before the year {dt.MAXYEAR}, or never.")
        return expires_at

    def clean_learner(self) -> str:
        given = str(self.cleaned_data["learner"])
        try:
            return usernames.normalise(given) if given.strip() else ""
        except usernames.UnusableUsername as error:
            raise ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if {"name", "learner"} <= cleaned.keys():
            try:
                tokens.check_name(cleaned["name"], learner=cleaned["learner"])
            except tokens.NameTaken as error:
                self.add_error("name", str(error))
        return cleaned


@admin.register(ApiToken)
class TokenAdmin(StaffAdmin):
    form = TokenForm
    list_display = (
        columns.name("name"),
        "state_shown",
        "scope",
        columns.moment("created_at", "created", ordering="created_at"),
        columns.text("created_by", "by", 40),
        columns.moment("expires_at", "expires", ordering="expires_at"),
        columns.moment("last_used_at", "last used", ordering="last_used_at"),
    )
    readonly_fields = ("key", "created_at", "created_by", "revoked_at", "last_used_at")
    ordering = ("name",)
    actions = ("revoke_selected",)
    nothing_here = (
        "There is no token yet. Clients may call without one unless ARCADIA_REQUIRE_API_TOKEN is set."
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return _GIVEN if obj is None else (*_GIVEN, *self.readonly_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if obj is None else (*_GIVEN, *self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Revoked instead: the log speaks of tokens by name.
        return False

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        if change:
            return
        created = tokens.create(
            name=obj.name,
            expires_at=obj.expires_at,
            learner=obj.learner,
            read_only=obj.read_only,
            by=f"staff {request.user}",
        )
        obj.pk, obj.key = created.row.pk, created.row.key
        words = "This is the token. It is shown only now: <code data-copy>{}</code>"
        self.message_user(request, format_html(words, created.text), messages.WARNING)

    @admin.action(description="Revoke…", permissions=["change"])
    def revoke_selected(self, request: HttpRequest, chosen: QuerySet[ApiToken]) -> HttpResponse | None:
        question = bulk.Question(
            title="Revoke API tokens",
            button="Revoke for good",
            goes_with=("Clients that use them are refused from now on. This cannot be undone.",),
            danger=True,
        )
        if asked := bulk.ask(self, request, chosen, question):
            return asked
        # A name may be that of several, of which one is not revoked.
        names = list(chosen.filter(revoked_at=None).values_list("name", flat=True))
        for name in names:
            self.log_change(request, tokens.revoke(name=name), "Revoked.")
        bulk.tell(request, ("%d token was revoked.", "%d tokens were revoked."), len(names))
        return None

    @admin.display(description="state")
    def state_shown(self, row: ApiToken) -> SafeString:
        state = row.state(utc_now())
        return cells.badge(state, STATE_BADGES[state])
