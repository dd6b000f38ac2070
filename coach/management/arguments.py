"""The options of commands: their types, and what a resumed run of `manage.py backfill` keeps of them."""

import shlex
from argparse import ArgumentTypeError
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from coach.documents import authored, usernames
from coach.legacy.deciding.compare import OnConflict
from coach.legacy.running.summary import Limit
from coach.legacy.stores import Store

LATEST = "latest"


def file(text: str) -> Path | str:
    """A path; an empty text says that there is no such file, so that scripts can pass one on."""
    return Path(text) if text else ""


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


_TYPES: dict[str, Any] = {kind.__name__: kind for kind in (Path, file, username, batch_size, limit)}


def add(parser: CommandParser, module: str) -> None:
    """The options of the TOML file beside a command's module (`__file__`); of those that are a `mode` one may be given."""
    options = authored.beside(module)
    has_modes = any("mode" in given for given in options.values())
    modes = parser.add_mutually_exclusive_group() if has_modes else parser
    for name, given in options.items():
        group = modes if given.pop("mode", False) else parser
        if "type" in given:
            given["type"] = _TYPES[given["type"]]
        group.add_argument(f"--{name}", **given)


def remembered(arguments: Mapping[str, Any]) -> dict[str, object]:
    """What a resumed run must do alike, as JSON values."""
    names = (*_REMEMBERED, *_RENEWABLE)
    return {name: _plain(arguments[name]) for name in names if arguments[name] is not None}


def recall(arguments: dict[str, Any], options: Mapping[str, Any], *, aborted: bool) -> None:
    """Take over the options of the run that is resumed, also those that it was not given.

    Those that may be given again are taken over only where they are not, and never the limit that ended the run.
    """
    arguments.update(dict.fromkeys(_REMEMBERED))
    for name, value in options.items():
        if name in _RENEWABLE and (arguments[name] is not None or (aborted and name == "max_rejects")):
            continue
        arguments[name] = _RECALL.get(name, lambda value: value)(value)


def again(arguments: Mapping[str, Any]) -> str:
    """The words that name the same inputs once more, each after a space."""
    words = []
    for name in ("data_dir", *Store, "retry_rejected", "attachment_files"):
        if value := arguments.get(str(name)):
            words += [f"--{str(name).replace('_', '-')}", shlex.quote(str(value))]
    for name in arguments["username"] or ():
        words += ["--username", shlex.quote(name)]
    if arguments["restore_erased"]:
        words.append("--restore-erased")
    return "".join(f" {word}" for word in words)


_REMEMBERED = (
    "data_dir",
    *map(str, Store),
    "retry_rejected",
    "username",
    "on_conflict",
    "rejects",
    "attachment_files",
    "restore_erased",
)
_RENEWABLE = ("batch_size", "max_rejects")
_RECALL: dict[str, Any] = {
    "attachment_files": Path,
    "rejects": Path,
    "max_rejects": limit,
    "on_conflict": OnConflict,
}


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value.resolve())
    if isinstance(value, Limit):
        return str(value.number) if value.number is not None else f"{value.per_cent}%"
    return value
