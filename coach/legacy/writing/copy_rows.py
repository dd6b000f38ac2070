"""Copy rows: rows on their way into the database, as values in the order of their table's columns."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from django.db import models

from coach.documents.base import Document
from coach.legacy.decoding.codec import Content
from coach.models.database.fields import DocumentField

CopyRow = tuple[Any, ...]


class Table:
    """A model's table as an import fills it. Its columns are, in this order:

    `late` ones, primary keys that are known only when a row is written (its own, its owner's), and left out of a copy row;
    `given` ones, named one by one; and the members of a document. Without `id` the database numbers the rows itself.
    """

    def __init__(
        self,
        model: type[models.Model],
        document: type[Document],
        *,
        late: Sequence[str],
        given: Sequence[str],
    ) -> None:
        """Raises TypeError for a column without a source: neither late nor given nor a member of the document."""
        self.model, self.late = model, tuple(late)
        named = (*late, *given)
        fields = [field for field in model._meta.concrete_fields if not field.primary_key]
        members = [field.attname for field in fields if field.attname not in named]
        if unknown := set(members) - document.model_fields.keys():
            raise TypeError(f"no source for the columns {sorted(unknown)} of {model.__name__}")
        self.columns = (*named, *members)
        self.own_columns = self.columns[len(late) :]
        self._values = attrgetter(*members)
        documents = {field.attname for field in fields if isinstance(field, DocumentField)}
        self._documents = [position for position, name in enumerate(members) if name in documents]

    def copy_row(self, content: Content, members: Any, *given: Any) -> CopyRow:
        """The copy row of a record's `members`, or of a document within them, and of the given columns."""
        values = list(self._values(members))
        for position in self._documents:
            if values[position] is not None:
                values[position] = content.to_json(values[position]).decode()
        return (*given, *values)
