"""Bulk actions: always a confirmation first, with the exact count and what goes with it, then one row at a time."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.contrib.admin import helpers
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import ngettext

from coach.admin.changelist.lists import StaffAdmin

# What was done, in the singular and in the plural, with a %d for the number.
Words = tuple[str, str]
CONFIRMED = "confirmed_count"
_MOST_NAMED = 12


@dataclass(frozen=True)
class Choice:
    """One way in which an action can be done, chosen on the confirmation page."""

    value: str
    words: str


@dataclass(frozen=True)
class Question:
    """What the confirmation page asks. `most` is how many rows one go takes; `command` is the way for more."""

    title: str
    button: str
    goes_with: Sequence[str] = ()
    danger: bool = False
    most: int = 500
    command: str = ""
    choices: Sequence[Choice] = ()


@dataclass
class Outcome:
    """What became of the rows: how many were done, and why others were not."""

    done: int = 0
    skipped: dict[str, list[str]] = field(default_factory=dict)

    def skip(self, name: str, reason: str) -> None:
        self.skipped.setdefault(reason, []).append(name)

    def show(self, request: HttpRequest, words: Words) -> None:
        """Say it truthfully: what was done, and what was not."""
        if self.done:
            messages.success(request, ngettext(*words, self.done) % self.done)
        for reason, names in self.skipped.items():
            messages.warning(request, f"Not done for {len(names)} ({reason}): {named(names)}")
        if not self.done and not self.skipped:
            messages.info(request, "Nothing was left to do.")


def named(things: Sequence[str], separator: str = ", ") -> str:
    """The first of these, and how many more there are."""
    more = len(things) - _MOST_NAMED
    return separator.join(things[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def ask(
    model_admin: StaffAdmin, request: HttpRequest, rows: QuerySet[Any], question: Question
) -> HttpResponse | None:
    """The confirmation page; None where it was answered for exactly as many rows as there are now."""
    count = rows.count()
    confirmed = request.POST.get(CONFIRMED)
    if confirmed == str(count) and count <= question.most:
        return None
    if confirmed is not None and count <= question.most:
        messages.warning(request, f"The selection changed meanwhile: it was {confirmed}, it is {count} now.")
    return model_admin.render(
        request,
        "bulk",
        question.title,
        question=question,
        count=count,
        too_many=count > question.most,
        rows=rows[:_MOST_NAMED],
        unnamed=max(0, count - _MOST_NAMED),
        selected=request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
        select_across=request.POST.get("select_across", "0"),
        action=_action(request),
        action_checkbox_name=helpers.ACTION_CHECKBOX_NAME,
        confirmed_name=CONFIRMED,
    )


def _action(request: HttpRequest) -> str:
    """The action that was chosen: there is a box above the list, and there may be one below."""
    chosen = request.POST.getlist("action")
    index = request.POST.get("index", "0")
    at = int(index) if index.isdecimal() and int(index) < len(chosen) else 0
    return chosen[at] if chosen else ""


def ask_and_do(
    model_admin: StaffAdmin,
    request: HttpRequest,
    rows: QuerySet[Any],
    question: Question,
    *,
    names: Iterable[str],
    do: Callable[[str], Any],
    words: Words,
    excuses: tuple[type[Exception], ...] = (),
) -> HttpResponse | None:
    """Ask about the rows first; then do something for each name, and tell for how many.

    `names` are read only then; the exceptions named as excuses leave one out.
    """
    if asked := ask(model_admin, request, rows, question):
        return asked
    outcome = Outcome()
    for name in list(names):
        try:
            do(name)
        except excuses as error:
            outcome.skip(name, str(error) or type(error).__name__)
        else:
            outcome.done += 1
    outcome.show(request, words)
    return None
