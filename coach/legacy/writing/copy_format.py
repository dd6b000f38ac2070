"""Rows in PostgreSQL's binary COPY format: made by any thread, without a connection, long before they are sent.

The format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format". Rows are formatted by the driver, with the
function behind `Copy.write_row`: it is not a public one, and the tests of `bulk` hold it to what PostgreSQL reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any

import psycopg
from psycopg._copy_base import format_row_binary
from psycopg.adapt import Transformer

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
# A row begins with the number of its columns.
_COLUMNS = Struct(">h")


def row_head(columns: int, numbers: int) -> Callable[..., bytes]:
    """What makes the beginning of a row of so many columns, of which the first ones are so many primary keys."""
    pack = Struct(_COLUMNS.format + "iq" * numbers).pack

    def head(*keys: int) -> bytes:
        return pack(columns, *(value for key in keys for value in (8, key)))

    return head


def packer(types: Sequence[str]) -> Callable[[Sequence[Any]], bytes]:
    """What makes the bytes of values of columns of these types, as `format_type` names them; `row_head` goes before.

    Times are aware. What is not named in `_TYPES` is sent as text.
    """
    transformer = Transformer()
    oids = [psycopg.adapters.types[_TYPES.get(name, "text")].oid for name in types]
    transformer.set_dumper_types(oids, psycopg.pq.Format.BINARY)

    def pack(values: Sequence[Any]) -> bytes:
        row = bytearray()
        format_row_binary(values, transformer, row)
        return bytes(memoryview(row)[_COLUMNS.size :])

    return pack


_TYPES = {"boolean": "bool", "integer": "int4", "bigint": "int8", "timestamp with time zone": "timestamptz"}
