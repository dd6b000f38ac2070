"""Which members of a document class hold documents."""

import types
import typing
from functools import cache
from typing import Any

from coach.documents.base import Document


@cache
def nested_classes(document: type[Document]) -> dict[str, type[Document]]:
    """The members that hold documents or lists of them, and the classes of those."""
    inner = {name: _document_in(field.annotation) for name, field in document.model_fields.items()}
    return {name: found for name, found in inner.items() if found}


def _document_in(annotation: Any) -> type[Document] | None:
    """The document class within `X`, `X | None` or `list[X]`; None for all else."""
    if isinstance(annotation, type) and issubclass(annotation, Document):
        return annotation
    if typing.get_origin(annotation) in (list, typing.Union, types.UnionType):
        found = (_document_in(inner) for inner in typing.get_args(annotation))
        return next((document for document in found if document), None)
    return None
