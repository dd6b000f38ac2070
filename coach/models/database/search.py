"""Finding texts by index with what PostgreSQL has built in, no extension; any case, with or without accents.

`coach_folded(text)` (lower case, no accents; migration 0019 creates the functions) is what texts are compared by. A piece of
a short text is found by its trigrams (`coach_pieces`), a word of a long one by the beginning of the word (`coach_words`); GIN
indexes over both narrow a search. SQLite has the first function only, from here, and reads the whole table.
"""

import re
import unicodedata
from typing import Any

from django.db import models
from django.db.backends.ddl_references import Statement, Table
from django.db.backends.signals import connection_created
from django.dispatch import receiver

# A shorter term has no piece that the index could look for.
SHORTEST_TERM = 3
_ACCENTS = re.compile("[\u0300-\u036f]")
_WORD = re.compile(r"[^\W_]+")


def folded(text: str) -> str:
    """What `coach_folded` answers; which letters beyond ASCII have two cases is left to PostgreSQL's locale there."""
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).casefold()


@receiver(connection_created)
def _define(connection: Any, **_: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function("coach_folded", 1, _folded, deterministic=True)


def _folded(text: str | None) -> str | None:
    return None if text is None else folded(text)


class FragmentIndex(models.Index):
    """An index over the pieces of one text column; on SQLite a plain one."""

    # Of the first edition; migrations make indexes of it.
    method = "gin (coach_trigrams(%s))"

    def create_sql(
        self, model: type[models.Model], schema_editor: Any, using: str = "", **kwargs: Any
    ) -> Any:
        if schema_editor.connection.vendor != "postgresql":
            return super().create_sql(model, schema_editor, using, **kwargs)
        quote = schema_editor.quote_name
        column = model._meta.get_field(self.fields[0]).column  # type: ignore[union-attr]
        return Statement(
            "CREATE INDEX %(concurrently)s%(name)s ON %(table)s USING %(method)s",
            concurrently="CONCURRENTLY " if kwargs.get("concurrently") else "",
            name=quote(self.name),
            table=Table(model._meta.db_table, quote),
            method=self.method % quote(column),
        )


class PieceIndex(FragmentIndex):
    """What `pieces` finds by: every three characters of a folded text."""

    method = "gin (coach_pieces(%s))"


class WordIndex(FragmentIndex):
    """What `words` finds by: the words of a folded text."""

    method = "gin (coach_words(%s))"


class BeginningIndex(FragmentIndex):
    """What `startswith` finds by, of texts of any length: a B-tree refuses those of some thousand bytes."""

    method = "spgist (%s)"


class _TextLookup(models.Lookup):
    prepare_rhs = False


@models.CharField.register_lookup
@models.TextField.register_lookup
class Folded(_TextLookup):
    """`goal__folded="thao"`: the rows whose text holds the term, whatever the case and the accents of either."""

    lookup_name = "folded"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        column, params = compiler.compile(self.lhs)
        find = "strpos" if connection.vendor == "postgresql" else "instr"
        return f"{find}(coach_folded({column}), coach_folded(%s)) > 0", [*params, self.rhs]


@models.CharField.register_lookup
@models.TextField.register_lookup
class Pieces(_TextLookup):
    """`goal__pieces="thao"`: the rows that hold every trigram of a term, from a PieceIndex.

    To be joined with `folded`, which decides; kept apart from it so that the database asks its function of
    no row. Elsewhere, and for terms too short to have a trigram, it lets every row through.
    """

    lookup_name = "pieces"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        if connection.vendor != "postgresql" or len(folded(self.rhs)) < SHORTEST_TERM:
            return "1 = 1", []
        column, params = compiler.compile(self.lhs)
        return f"coach_pieces({column}) @> coach_pieces(%s)", [*params, self.rhs]


@models.CharField.register_lookup
@models.TextField.register_lookup
class Words(_TextLookup):
    """`note__words="guit"`: the rows of which words begin with those of the term, from a WordIndex.

    Elsewhere the rows that hold them anywhere.
    """

    lookup_name = "words"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        found = _WORD.findall(unicodedata.normalize("NFC", self.rhs))
        if not found:
            return "1 = 0", []
        if connection.vendor != "postgresql":
            parts = [Folded(self.lhs, word).as_sql(compiler, connection) for word in found]
            return " AND ".join(sql for sql, _ in parts), [value for _, params in parts for value in params]
        column, params = compiler.compile(self.lhs)
        query = " & ".join(f"'{word}':*" for word in found)
        return f"coach_words({column}) @@ to_tsquery('simple', coach_folded(%s))", [*params, query]
