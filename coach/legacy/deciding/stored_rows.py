"""The rows of records as they are now, each with all that its document is made of."""

from collections.abc import Callable, Collection
from typing import Any

from django.db.models import F, QuerySet

from coach.documents.base import Document
from coach.legacy.stores import Store
from coach.models import AssessmentSubmission, AttachmentMetadata, LearnerProfile

_OWNER = {"username": F("learner__username")}
_ROWS: dict[Store, QuerySet[Any]] = {
    Store.PROFILES: LearnerProfile.objects.prefetch_related("memory_records", "schedule__items"),
    Store.SUBMISSIONS: AssessmentSubmission.objects.annotate(**_OWNER).prefetch_related("attachments"),
    Store.ATTACHMENTS: AttachmentMetadata.objects.annotate(**_OWNER),
}
_DOCUMENTS: dict[Store, Callable[[Any], Document]] = {
    Store.PROFILES: LearnerProfile.to_document,
    Store.SUBMISSIONS: lambda row: row.to_document(username=row.username),
    Store.ATTACHMENTS: lambda row: row.to_pending_document(username=row.username),
}


def load(store: Store, row_ids: Collection[int]) -> dict[int, Any]:
    """The rows behind those primary keys, in one query a table."""
    return {row.pk: row for row in _ROWS[store].filter(pk__in=row_ids).order_by()} if row_ids else {}


def document(store: Store, row: Any) -> Document:
    """The record that a row of `load` holds, derived from rows alone."""
    return _DOCUMENTS[store](row)
