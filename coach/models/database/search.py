"""Finding a piece of a text by index: trigrams with what PostgreSQL has built in, no extension.

`coach_trigrams(text)` (a function that migration 0003 creates) answers the pieces of three characters of a text; a GIN index
over them narrows a search to the rows that hold every piece of the term, and the plain comparison decides. Same
rows as `icontains`, which has to read the whole table. Elsewhere both fall back to what the database has.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.ddl_references import Statement, Table

# A shorter term has no piece that the index could look for.
SHORTEST_TERM = 3


class FragmentIndex(models.Index):
    """An index by which `pieces` finds; one text column. On SQLite a plain one."""

    def create_sql(
        self, model: type[models.Model], schema_editor: Any, using: str = "", **kwargs: Any
    ) -> Any:
        if schema_editor.connection.vendor != "postgresql":
            return super().create_sql(model, schema_editor, using, **kwargs)
        quote = schema_editor.quote_name
        column = model._meta.get_field(self.fields[0]).column  # type: ignore[union-attr]
        return Statement(
            "CREATE INDEX %(name)s ON %(table)s USING gin (coach_trigrams(%(column)s))",
            name=quote(self.name),
            table=Table(model._meta.db_table, quote),
            column=quote(column),
        )


@models.CharField.register_lookup
@models.TextField.register_lookup
class Pieces(models.Lookup):
    """`goal__pieces="guitar"`: the rows that hold every trigram of a term, from a FragmentIndex.

    To be joined with `icontains`, which decides; kept apart from it so that the database asks its function of
    no row. Elsewhere, and for terms too short to have a trigram, it lets every row through.
    """

    lookup_name = "pieces"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        if connection.vendor != "postgresql" or len(str(self.rhs)) < SHORTEST_TERM:
            return "1 = 1", []
        column, params = compiler.compile(self.lhs)
        return f"coach_trigrams({column}) @> coach_trigrams(%s)", [*params, str(self.rhs)]
