"""Searching lists: each word is a union of look-ups that an index answers, never an OR across a join."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import get_fields_from_path
from django.db import connections, models
from django.db.models import Q
from django.utils.text import smart_split, unescape_string_literal

# Beyond this many hits of one look-up a search is too wide to be read; the newest hits may be missing.
MOST_HITS = 10_000


@dataclass(frozen=True)
class LookUp:
    """One column that is searched: its path from the list's model, and how.

    `beginning` finds ids by their beginning, as they are spelled; `fragment` finds a piece of a text, whatever the case.
    """

    path: str
    how: str = "beginning"

    def condition(self, word: str) -> Q:
        _, _, column = self.path.rpartition("__")
        if self.how == "beginning":
            return Q(**{f"{column}__startswith": word})
        return Q(**{f"{column}__fragment": word})


def narrowed(rows: models.QuerySet[Any], look_ups: tuple[LookUp, ...], term: str) -> models.QuerySet[Any]:
    """The rows that hold every word of the term (words in quotes belong together)."""
    if not look_ups:
        return rows
    for word in words(term):
        rows = rows.filter(pk__in=_union(rows, look_ups, word))
    return rows


def words(term: str) -> Iterator[str]:
    """The words of a search term, NUL characters left out, which no database can look for."""
    for word in smart_split(term.replace("\0", "")):
        if word.startswith(('"', "'")) and len(word) > 1 and word[0] == word[-1]:
            word = unescape_string_literal(word)
        yield word


def _union(rows: models.QuerySet[Any], look_ups: tuple[LookUp, ...], word: str) -> models.QuerySet[Any]:
    limited = connections[rows.db].vendor == "postgresql"
    first, *others = [_hits(rows.model, look_up, word, limited=limited) for look_up in look_ups]
    return first.union(*others) if others else first


def _hits(model: type[models.Model], look_up: LookUp, word: str, *, limited: bool) -> models.QuerySet[Any]:
    """The keys of the model's rows that one look-up finds; a related row is looked up first."""
    condition, (way, _, _) = look_up.condition(word), look_up.path.rpartition("__")
    if way:
        related: Any = get_fields_from_path(model, way)[-1].related_model
        keys = related._default_manager.filter(condition).order_by().values("pk")
        found = model._default_manager.filter(**{f"{way}__in": keys})
    else:
        found = model._default_manager.filter(condition)
    found = found.order_by().values_list("pk", flat=True)
    # SQLite takes no LIMIT inside a UNION.
    return found[:MOST_HITS] if limited else found
