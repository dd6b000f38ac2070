"""Types of the commands' arguments: text in, values out, or an error that says what is expected."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path

from coach.documents import usernames
from coach.legacy.running.backfill import Limit

NO_FILE = ""


def file(text: str) -> Path | str:
    """A path; an empty text says that there is no such file, so that scripts can pass one on."""
    return Path(text) if text else NO_FILE


def username(text: str) -> str:
    """A username, in its normal form."""
    try:
        return usernames.normalise(text)
    except usernames.UnusableUsername as error:
        raise ArgumentTypeError(str(error)) from None


def batch_size(text: str) -> int:
    """A whole number from 1 to 10,000."""
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise ArgumentTypeError("a whole number from 1 to 10000 is expected")
    return int(text)


def limit(text: str) -> Limit:
    """A number of rejects, or a share of all records: `20`, `0.5%`."""
    number = text.removesuffix("%")
    try:
        if text.endswith("%") and 0 <= float(number) <= 100:
            return Limit(per_cent=float(number))
        if text.isdecimal():
            return Limit(number=int(text))
    except ValueError:
        pass
    raise ArgumentTypeError("a whole number or a share like 0.5% is expected")
