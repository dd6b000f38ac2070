"""What an import left on a row, read without the row's document; and what it leaves next."""

import datetime as dt
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from django.db.models import Q

from coach.legacy.decoding.records import Decoded
from coach.legacy.stores import LAYOUTS, Store
from coach.models import AssessmentSubmission, AttachmentMetadata, LearnerProfile, RecordVersion

COLUMNS = ("raw_checksum", "import_checksum", "content_checksum", "edited_since_import", "unknown_members")
# Who leaves versions when an import replaces something.
ACTOR = "import"
# And where it deletes what only the store has attached, which says nothing of what was done here.
ATTACHING_ACTOR = "import (attached in the store)"
# What each store holds, and where a row has the primary key and the name of its learner.
ROWS: dict[Store, Any] = {
    Store.PROFILES: LearnerProfile.objects,
    Store.SUBMISSIONS: AssessmentSubmission.objects,
    Store.ATTACHMENTS: AttachmentMetadata.objects.pending(),
}
_OWNER = ("learner_id", "learner__username")
OWNERS = {Store.PROFILES: ("pk", "username"), Store.SUBMISSIONS: _OWNER, Store.ATTACHMENTS: _OWNER}


class Provenance(NamedTuple):
    """The provenance of one row. `used`: a pending attachment that a submission has used since.

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


def find(store: Store, keys: Collection[str]) -> dict[str, Provenance]:
    """The provenance of the rows with those natural keys."""
    if not keys:
        return {}
    if store == Store.ATTACHMENTS:
        return _of_pending(keys)
    name = LAYOUTS[store].key
    rows = ROWS[store].filter(**{f"{name}__in": keys}).order_by()
    found = rows.values_list(name, "pk", *OWNERS[store], *COLUMNS)
    return {key: Provenance(*columns) for key, *columns in found}


def _of_pending(attachment_ids: Collection[str]) -> dict[str, Provenance]:
    """The provenance of the attachments with those ids: pending ones, else imported ones that were used since.

    A used one without provenance came inside a submission: it is another thing that happens to share the id.
    """
    rows = AttachmentMetadata.objects.filter(
        Q(submission__isnull=True) | ~Q(import_checksum=""), attachment_id__in=attachment_ids
    )
    found: dict[str, Provenance] = {}
    columns_read = ("attachment_id", "submission_id", "pk", *_OWNER, *COLUMNS)
    for key, submission, *columns in rows.order_by("pk").values_list(*columns_read):
        if key not in found or found[key].used:
            found[key] = Provenance._make((*columns, submission is not None))
    return found


# A learner's normal name, and the id of one of their attachments.
Pair = tuple[str, str]


def used(pairs: Collection[Pair], gone: Collection[int] = ()) -> dict[Pair, bool]:
    """Those of these attachments that a submission of their learner holds: whether they were used here.

    Not the rows `gone`, which a rehearsal would have deleted.

    One that was used here stays so when an import replaces the submission: the version that this leaves tells of it.
    """
    if not pairs:
        return {}
    names, keys = {name for name, _ in pairs}, {key for _, key in pairs}
    found: dict[Pair, bool] = {}
    rows = AttachmentMetadata.objects.filter(learner__username__in=names, attachment_id__in=keys)
    columns = ("pk", "learner__username", "attachment_id", "import_checksum")
    for pk, name, key, checksum in rows.filter(submission__isnull=False).order_by().values_list(*columns):
        if pk not in gone:
            found[name, key] = found.get((name, key), False) or bool(checksum)
    replaced = RecordVersion.objects.filter(
        learner__username__in=names, kind="attachment", natural_key__in=keys, actor=ACTOR, after__isnull=True
    )
    found |= dict.fromkeys(replaced.order_by().values_list("learner__username", "natural_key"), True)
    return {pair: here for pair, here in found.items() if pair in pairs}


def unedited(store: Store) -> Iterator[tuple[str, str, str]]:
    """Natural key, learner and raw checksum of every row that is as it was imported."""
    rows = ROWS[store].filter(edited_since_import=False).exclude(import_checksum="").order_by()
    yield from rows.values_list(LAYOUTS[store].key, OWNERS[store][1], "raw_checksum").iterator()


def learner_ids(usernames: Collection[str]) -> dict[str, int]:
    """The primary keys of the learners of those names, as far as there are such learners."""
    if not usernames:
        return {}
    return dict(
        LearnerProfile.objects.filter(username__in=usernames).order_by().values_list("username", "pk")
    )


# What stands on a row of its own, in the order of `line`.
WRITTEN = (*COLUMNS, "imported_at", "imported_by_id")
# A row that belongs to another one that has some.
NONE = ("", "", "", False, None, None, None)


def line(decoded: Decoded, content_checksum: str, *, run_id: int | None, at: dt.datetime) -> tuple[Any, ...]:
    """The provenance of a row that this record makes, as values of the columns `WRITTEN`."""
    checksums = (decoded.raw.checksum, decoded.import_checksum, content_checksum)
    return (*checksums, False, decoded.unknown_text, at, run_id)
