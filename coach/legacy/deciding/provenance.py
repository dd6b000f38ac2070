"""What an import left on a row, read without the row's document; and what it leaves next."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Iterable
from functools import cached_property
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from coach.legacy.decoding.records import Decoded
from coach.legacy.stores import Store
from coach.models import AssessmentSubmission, AttachmentMetadata, LearnerProfile

COLUMNS = ("raw_checksum", "import_checksum", "content_checksum", "edited_since_import", "unknown_members")


class Provenance(NamedTuple):
    """The marks of one row. `used`: a pending attachment that a submission has taken along since.

    `unknown` is the JSON text of the members that no document declares, None where there are none.
    """

    pk: int
    learner_id: int
    username: str
    raw_checksum: str
    import_checksum: str
    content_checksum: str
    edited: bool
    unknown: str | None
    used: bool = False


class Finder:
    """Finds rows by many natural keys at once.

    On PostgreSQL the ORM writes the statement once and all keys are one parameter, elsewhere it asks as ever; a test
    holds the two to the same rows. The server plans anew each time: within a run an empty table becomes a large one.
    """

    def __init__(self, build: Callable[[Any], QuerySet[Any]]) -> None:
        """`build` gets the keys, for an `__in`, and returns a `values_list` queryset."""
        self.build = build

    def rows(self, keys: Collection[str]) -> Iterable[tuple[Any, ...]]:
        """The rows with those keys."""
        if connection.vendor != "postgresql":
            return self.build(keys)
        sql, parameters = self._statement
        given = json.dumps(list(keys))
        with connection.cursor() as cursor:
            cursor.execute(sql, [given if value == _PLACEHOLDER else value for value in parameters])
            return cursor.fetchall()

    @cached_property
    def _statement(self) -> tuple[str, tuple[Any, ...]]:
        keys = RawSQL("SELECT json_array_elements_text(%s::json)", [_PLACEHOLDER])
        return self.build(keys).query.sql_with_params()


_PLACEHOLDER = "(keys)"


_LEARNERS = Finder(
    lambda usernames: (
        LearnerProfile.objects.filter(username__in=usernames)
        .order_by()
        .values_list("pk", "pk", "username", *COLUMNS)
    )
)


_SUBMISSIONS = Finder(
    lambda submission_ids: (
        AssessmentSubmission.objects.filter(submission_id__in=submission_ids)
        .order_by()
        .values_list("submission_id", "pk", "learner_id", "learner__username", *COLUMNS)
    )
)


_PENDING = Finder(
    lambda attachment_ids: (
        AttachmentMetadata.objects.filter(
            Q(submission__isnull=True) | ~Q(import_checksum=""), attachment_id__in=attachment_ids
        )
        .order_by("pk")
        .values_list("attachment_id", "submission_id", "pk", "learner_id", "learner__username", *COLUMNS)
    )
)


def find(store: Store, keys: Collection[str]) -> dict[str, Provenance]:
    """The provenance of the rows with those natural keys."""
    return _FINDERS[store](keys) if keys else {}


def _of_learners(usernames: Collection[str]) -> dict[str, Provenance]:
    return {row[2]: Provenance(*row) for row in _LEARNERS.rows(usernames)}


def _of_submissions(submission_ids: Collection[str]) -> dict[str, Provenance]:
    return {key: Provenance(*columns) for key, *columns in _SUBMISSIONS.rows(submission_ids)}


def _of_pending(attachment_ids: Collection[str]) -> dict[str, Provenance]:
    """The marks of the attachments with those ids: pending ones, else imported ones that were used since.

    A used one without marks came inside a submission: it is another thing that happens to share the id.
    """
    found: dict[str, Provenance] = {}
    for key, submission, *columns in _PENDING.rows(attachment_ids):
        if key not in found or found[key].used:
            found[key] = Provenance._make((*columns, submission is not None))
    return found


_FINDERS: dict[Store, Callable[[Collection[str]], dict[str, Provenance]]] = {
    Store.PROFILES: _of_learners,
    Store.SUBMISSIONS: _of_submissions,
    Store.ATTACHMENTS: _of_pending,
}


def learner_ids(usernames: Collection[str]) -> dict[str, int]:
    """The primary keys of the learners of those names, as far as there are such learners."""
    if not usernames:
        return {}
    return dict(
        LearnerProfile.objects.filter(username__in=usernames).order_by().values_list("username", "pk")
    )


# What stands on a row of its own, in the order of `line`.
WRITTEN = (*COLUMNS, "imported_at", "imported_by_id")
NONE = ("", "", "", False, None, None, None)


def line(decoded: Decoded, content_checksum: str, *, run_id: int | None, at: dt.datetime) -> tuple[Any, ...]:
    """The marks of a row that this record makes, as values of the columns `WRITTEN`."""
    return (
        decoded.raw.checksum,
        decoded.import_checksum,
        content_checksum,
        False,
        decoded.unknown_text,
        at,
        run_id,
    )


def leave(row: Any, values: tuple[Any, ...] = NONE) -> None:
    """Provenance a row with the values of a `line`; without them as one that belongs to a marked one."""
    for name, value in zip(WRITTEN, values, strict=True):
        setattr(row, name, value)
