"""Which databases can hold the stores at all."""

from django.db import connection


class OtherEncoding(Exception):
    """The database cannot hold every character; the message names its encoding."""


def check() -> None:
    """Raises OtherEncoding for a PostgreSQL database that is not UTF-8."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_encoding")
        (found,) = cursor.fetchone()
    if found != "UTF8":
        raise OtherEncoding(f"the database's encoding is {found}, and only one of UTF8 can hold every record")
