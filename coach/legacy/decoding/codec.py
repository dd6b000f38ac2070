"""The one seam for speed: a record is decoded by the fast codec where that one can, else by the reference codec.

Nothing else asks which of the two is at work, and tests hold them to the same answers. ARCADIA_FAST_CODEC=0 turns the fast one
off; its module can be deleted, and the import is slower then.
"""

from django.conf import settings

from coach.documents.base import Document
from coach.legacy.decoding import reference
from coach.legacy.decoding.reference import Content as Content

try:
    from coach.legacy.decoding import fast
except ImportError:  # deleted
    fast = None  # type: ignore[assignment]


def read(document: type[Document], text: bytes) -> Content:
    """Decode a record of that class. Raises Unfit."""
    if fast is not None and settings.FAST_CODEC and len(text) <= reference.LARGEST_RECORD:
        found = fast.read(document, text)
        if found is not None:
            return found
    return reference.read(document, text)
