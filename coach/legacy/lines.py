"""Lines: rows as plain values on their way into the database, in the order of their table's columns.

A line is made of a document's struct twin, or of a model's row; a test holds the two to the same values.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from django.db import models

from coach.documents.base import Document
from coach.legacy import twins
from coach.models.fields import DocumentField

Line = tuple[Any, ...]


class Table:
    """A model's table as an import fills it. Its columns are, in this order:

    `late` ones, known only when the line is written (its number, its owner's), which a line leaves out until then;
    `given` ones, said one by one; and the members of a document. Without `id` the database numbers the rows itself.
    """

    def __init__(
        self,
        model: type[models.Model],
        document: type[Document],
        *,
        late: Sequence[str],
        given: Sequence[str],
    ) -> None:
        """Raises TypeError for a column that is nobody's: neither late nor given nor a member of the document."""
        self.model = model
        named = (*late, *given)
        fields = [field for field in model._meta.concrete_fields if not field.primary_key]
        members = [field.attname for field in fields if field.attname not in named]
        if unknown := set(members) - document.model_fields.keys():
            raise TypeError(f"nobody says what {sorted(unknown)} of {model.__name__} are to be filled with")
        self.columns = (*named, *members)
        self._of_row = attrgetter(*given, *members)
        self._of_twin = attrgetter(*members)
        documents = {field.attname for field in fields if isinstance(field, DocumentField)}
        self._documents = [position for position, name in enumerate(members) if name in documents]

    def of_row(self, row: models.Model) -> Line:
        """The line of a model's row."""
        line: Line = self._of_row(row)
        return line

    def of_twin(self, twin: Any, *given: Any) -> Line:
        """The line of a document's twin and of what is given besides."""
        values = list(self._of_twin(twin))
        for position in self._documents:
            if values[position] is not None:
                values[position] = twins.encode(values[position]).decode()
        return (*given, *values)
