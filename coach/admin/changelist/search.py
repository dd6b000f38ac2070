"""Searching lists: each word is a union of look-ups that an index answers, never an OR across a join."""

import functools
import itertools
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import get_fields_from_path
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.utils.text import smart_split, unescape_string_literal

# So many hits are looked up once and then known by their keys: page, count and filters cost next to nothing.
FEW = 1_000
# Each word is a search of its own.
MOST_WORDS = 8


@dataclass(frozen=True)
class LookUp:
    """One column that is searched: its path from the list's model, and how.

    `beginning` finds ids by their beginning, as they are spelled; `fragment` finds a piece of a short text and `words` the
    words of a long one, whatever the case and the accents.
    """

    path: str
    how: str = "beginning"

    @property
    def way(self) -> str:
        """The relation that leads to the column's table; empty for the model's own columns."""
        return self.path.rpartition("__")[0]

    def condition(self, word: str) -> Q:
        """What decides whether a row is a hit."""
        return self._compared(_COMPARISONS[self.how], word)

    def narrowing(self, word: str) -> Q:
        """What an index answers: all hits, and perhaps a few more."""
        return self._compared("pieces" if self.how == "fragment" else _COMPARISONS[self.how], word)

    def _compared(self, comparison: str, word: str) -> Q:
        return Q(**{f"{self.path.rpartition('__')[2]}__{comparison}": word})


_COMPARISONS = {"beginning": "startswith", "fragment": "folded", "words": "words"}


def narrowed(
    request: HttpRequest, rows: models.QuerySet[Any], look_ups: Sequence[LookUp], term: str
) -> models.QuerySet[Any]:
    """The rows that hold every word of the term (words in quotes belong together)."""
    if not look_ups or not words(term):
        return rows
    found = _found(request, rows.model, look_ups, term)
    if found is not None:
        return rows.filter(pk__in=found)
    return _with_each_word(rows, look_ups, term)


def own(model: type[models.Model], look_ups: Sequence[LookUp], term: str) -> models.QuerySet[Any] | None:
    """The rows that hold every word of the term in columns of their own; None without a word."""
    columns = [look_up for look_up in look_ups if not look_up.way]
    return _with_each_word(model._default_manager.order_by(), columns, term) if words(term) else None


def _with_each_word(
    rows: models.QuerySet[Any], look_ups: Sequence[LookUp], term: str
) -> models.QuerySet[Any]:
    for word in words(term):
        rows = rows.filter(condition(rows.model, look_ups, word))
    return rows


def is_wide(request: HttpRequest) -> bool:
    """Whether the request's search has more hits than can be counted at a glance."""
    return None in _known(request).values()


def words(term: str) -> list[str]:
    """The first words of a search term, NUL characters left out, which no database can look for."""
    found = itertools.islice(smart_split(term.replace("\0", "")), MOST_WORDS)
    return [unescape_string_literal(word) if _is_quoted(word) else word for word in found]


def _is_quoted(word: str) -> bool:
    return word.startswith(('"', "'")) and len(word) > 1 and word[0] == word[-1]


def _found(
    request: HttpRequest, model: type[models.Model], look_ups: Sequence[LookUp], term: str
) -> list[Any] | None:
    """The keys of all hits, looked up once a request; None where there are more than a FEW."""
    known = _known(request)
    if (model, term) not in known:
        rows = _with_each_word(model._default_manager.order_by(), look_ups, term)
        keys = list(rows.values_list("pk", flat=True)[: FEW + 1])
        known[model, term] = keys if len(keys) <= FEW else None
    return known[model, term]


def _known(request: HttpRequest) -> dict[Any, list[Any] | None]:
    # Each filter asks for the searched rows again; they are the same within one request.
    return request.__dict__.setdefault("_searched", {})


def condition(model: type[models.Model], look_ups: Sequence[LookUp], word: str) -> Q:
    """What one word asks of a row. Columns of one table are combined by their indexes, those of several by a union."""
    ways = list(dict.fromkeys(look_up.way for look_up in look_ups))
    conditions = {way: _of_one_table([found for found in look_ups if found.way == way], word) for way in ways}
    if ways == [""]:
        return conditions[""]
    first, *others = [_keys(model, way, condition) for way, condition in conditions.items()]
    return Q(pk__in=first.union(*others) if others else first)


def _of_one_table(look_ups: Sequence[LookUp], word: str) -> Q:
    narrowing = functools.reduce(operator.or_, (look_up.narrowing(word) for look_up in look_ups))
    if all(look_up.how != "fragment" for look_up in look_ups):
        return narrowing
    return narrowing & functools.reduce(operator.or_, (look_up.condition(word) for look_up in look_ups))


def _keys(model: type[models.Model], way: str, condition: Q) -> models.QuerySet[Any]:
    """The keys of the model's rows that one table's look-ups find."""
    if way:
        related: Any = get_fields_from_path(model, way)[-1].related_model
        keys = related._default_manager.filter(condition).order_by().values("pk")
        condition = Q(**{f"{way}__in": keys})
    return model._default_manager.filter(condition).order_by().values_list("pk", flat=True)
