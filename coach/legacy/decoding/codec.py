"""The one seam for speed: a record is decoded by the fast codec where that one can, else by the reference codec.

Nothing else asks which of the two is at work, and tests hold them to the same answers. ARCADIA_FAST_CODEC=0 turns the fast one
off; its module can be deleted, and the import is slower then.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from django.conf import settings

from coach.documents.assessment import Assessment
from coach.documents.base import Document
from coach.legacy.decoding import reference

try:
    from coach.legacy.decoding import fast
except ImportError:  # deleted
    fast = None  # type: ignore[assignment]


class Content(Protocol):
    """A decoded record. `members` has the members of the record's document class, and so has each document within.

    `unknown` are the members that no document declares, by path.
    """

    members: Any
    unknown: Mapping[str, Any]

    def belongs_to(self, username: str) -> None:
        """Set the learner's name, in normal form; to be called before anything below."""

    def document(self) -> Document:
        """The record as its document."""

    def checksums(self) -> tuple[str, str]:
        """The checksums of what the record says and of the whole document (`checksums`)."""

    def to_json(self, value: Any) -> bytes:
        """`members` or anything within as JSON text: what `Document.to_json` gives."""

    def assessment(self) -> Assessment | None:
        """The onboarding assessment of a profile."""

    def schedule_api_json(self) -> str:
        """The schedule of a profile that has one, as clients see it."""

    def submission_api_json(self) -> str:
        """A submission as clients see it."""


def read(document: type[Document], text: bytes) -> Content:
    """Decode a record of that class. Raises Unfit."""
    if fast is not None and settings.FAST_CODEC and len(text) <= reference.LARGEST_RECORD:
        found = fast.read(document, text)
        if found is not None:
            return found
    return reference.read(document, text)


def of_document(document: Document, unknown: Mapping[str, Any]) -> Content:
    """A record that was read as its document already."""
    return reference.Content(document, unknown)
