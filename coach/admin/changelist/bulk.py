"""Bulk actions: always a confirmation first, with the exact count and what goes with it, then one row at a time."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
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


def tell(request: HttpRequest, words: Words, done: int, skipped: Mapping[str, Sequence[str]] = {}) -> None:
    """Say it truthfully: for how many it was done, and why (and for whom) it was not."""
    if done:
        messages.success(request, ngettext(*words, done) % done)
    for reason, names in skipped.items():
        messages.warning(request, f"Not done for {len(names)} ({reason}): {named(names)}")
    if not done and not skipped:
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
        action=request.POST.get("action", ""),
        action_checkbox_name=helpers.ACTION_CHECKBOX_NAME,
        confirmed_name=CONFIRMED,
    )


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
    done, skipped = 0, defaultdict[str, list[str]](list)
    for name in list(names):
        try:
            do(name)
        except excuses as error:
            skipped[str(error) or type(error).__name__].append(name)
        else:
            done += 1
    tell(request, words, done, skipped)
    return None
