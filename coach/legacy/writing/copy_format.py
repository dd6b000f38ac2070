"""Rows in PostgreSQL's binary COPY format: made by any thread, without a connection, long before they are sent.

The format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format". The tests of `bulk` compare what arrives
with plain inserts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any

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

    Times are aware. What is not named in `_PACKERS` is sent as text.
    """
    packers = [_PACKERS.get(name, _text) for name in types]

    def pack(values: Sequence[Any]) -> bytes:
        return b"".join(
            [_NULL if value is None else packed(value) for packed, value in zip(packers, values, strict=True)]
        )

    return pack


# Each value begins with the number of its bytes.
_LENGTH, _FLAG, _INTEGER, _BIGINT = (
    Struct(">i").pack,
    Struct(">i?").pack,
    Struct(">ii").pack,
    Struct(">iq").pack,
)
_NULL = _LENGTH(-1)
_EPOCH, _MICROSECOND = dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.timedelta(microseconds=1)


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _LENGTH(len(encoded)) + encoded


_PACKERS: dict[str, Callable[[Any], bytes]] = {
    "boolean": lambda value: _FLAG(1, value),
    "integer": lambda value: _INTEGER(4, value),
    "bigint": lambda value: _BIGINT(8, value),
    "timestamp with time zone": lambda value: _BIGINT(8, (value - _EPOCH) // _MICROSECOND),
}
