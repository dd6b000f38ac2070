"""Raw records and what becomes of them: decoded documents, or rejections that say why.

Nothing here touches the database: whether a record fits is the same on every one of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from coach.documents import usernames
from coach.documents.base import Document
from coach.documents.profile import Profile
from coach.legacy.decoding import checksums, fast, unknown
from coach.legacy.reading import json_paths, scanner
from coach.legacy.stores import LAYOUTS, Store

LARGEST_RECORD = scanner.CHECKED_BYTES
DEEPEST_NESTING = 64
MOST_FAULTS = 20
# A member name that is spelled with escapes may hold a colon of its own.
_ESCAPED_COLON = re.compile(rb"\\u003[aA]")


class RawRecord(NamedTuple):
    """One item of a store, not yet read. `ordinal` counts from 0 within its store.

    `owner` is the name of the member under which a list of records stands, as it is spelled (None where
    records stand alone). `key` is the natural key in normal form as far as it could be read, `fault` what the
    reader found wrong with the place itself, `checksum` the sha256 of the record's bytes: those from `start` to `end`
    of `data`.
    """

    store: Store
    ordinal: int
    place: str
    owner: str | None
    start: int
    end: int
    key: str | None
    fault: str
    checksum: str
    data: scanner.Buffer

    @property
    def raw(self) -> bytes:
        """The record's bytes, as they stand in the store."""
        return self.data[self.start : self.end]

    def __repr__(self) -> str:
        return f"<{self.store} {self.place}>"


@dataclass(frozen=True)
class Fault:
    """One reason why a record is rejected, and where in the record it lies; never contents."""

    path: str
    reason: str
    type: str = ""

    def to_object(self) -> dict[str, object]:
        return {"path": self.path, "reason": self.reason, "type": self.type}


@dataclass(frozen=True)
class Rejected:
    """A record that cannot be imported. `code` is the kind of reason, in one word."""

    raw: RawRecord
    code: str
    faults: tuple[Fault, ...]
    key: str = ""


@dataclass(frozen=True)
class Decoded:
    """A record that was read. `username` is the learner's, `key` the natural key, both in normal form.

    `twin` is the record as a struct (twins.read), where it is spelled out plainly; None where it had to be interpreted.
    """

    raw: RawRecord
    username: str
    key: str
    unknown: Mapping[str, Any] = field(repr=False)
    twin: Any | None = field(repr=False)
    interpreted: Document | None = field(default=None, repr=False)
    checksums: tuple[str, str] | None = None

    def lightened(self) -> Decoded:
        """The same with its checksums taken and without what was read, which takes several times the room of the record."""
        return replace(self, twin=None, interpreted=None, checksums=self._checksums)

    @cached_property
    def document(self) -> Document:
        """The record as its document."""
        if self.interpreted is not None:
            return self.interpreted
        document = _validate(LAYOUTS[self.raw.store].document, _parse(self.raw.raw))
        return document.model_copy(update={"username": self.username})

    @property
    def import_checksum(self) -> str:
        """The checksum of what the record says (checksums.of_record)."""
        return self._checksums[0]

    @property
    def content_checksum(self) -> str:
        """The checksum of the whole document (checksums.of_content)."""
        return self._checksums[1]

    @cached_property
    def _checksums(self) -> tuple[str, str]:
        if self.checksums is not None:
            return self.checksums
        if self.twin is None:
            return checksums.pair(self.document, self.unknown)
        document = LAYOUTS[self.raw.store].document
        both = checksums.of_plain(document, self.raw.raw, username=self.username)
        return both, both

    @property
    def unknown_text(self) -> str | None:
        """The unknown members as the JSON text that a row keeps; None where there are none."""
        return json.dumps(dict(self.unknown), ensure_ascii=False) if self.unknown else None


class _Unfit(Exception):
    """The record is to be rejected."""

    def __init__(self, code: str, *faults: Fault) -> None:
        super().__init__(code)
        self.code, self.faults = code, faults


def of_bytes(
    store: Store,
    raw: bytes,
    *,
    owner: str | None = None,
    key: str | None = None,
    ordinal: int = 0,
    place: str = "$",
) -> RawRecord:
    """A record that comes from no store file: one item of an upload, a test's."""
    checksum = checksums.of_bytes(raw)
    return RawRecord(store, ordinal, place, owner, 0, len(raw), key, "", checksum, raw)


def decode(raw: RawRecord) -> Decoded | Rejected:
    """Read one record; whatever is wrong with it becomes a rejection, never an exception."""
    try:
        return _decode(raw)
    except _Unfit as unfit:
        return reject(raw, unfit.code, *unfit.faults)


def reject(raw: RawRecord, code: str, *faults: Fault) -> Rejected:
    """A rejection of that record; at most MOST_FAULTS reasons are kept."""
    return Rejected(raw=raw, code=code, faults=faults[:MOST_FAULTS], key=raw.key or "")


def _decode(raw: RawRecord) -> Decoded:
    if raw.fault:
        raise _Unfit(raw.fault, Fault("$", _PLACE_FAULTS[raw.fault]))
    text = raw.raw
    twin = fast.read(LAYOUTS[raw.store].document, text) if len(text) <= LARGEST_RECORD else None
    return _interpreted(raw, text) if twin is None else _plain(raw, twin)


def _plain(raw: RawRecord, twin: Any) -> Decoded:
    twin.username = _username(twin.username if raw.owner is None else raw.owner)
    if raw.store == Store.PROFILES:
        _refuse_repeated_notes(twin.memory_records)
    key = getattr(twin, LAYOUTS[raw.store].key)
    return Decoded(raw, twin.username, key, unknown={}, twin=twin)


def _interpreted(raw: RawRecord, text: bytes) -> Decoded:
    record = _parse(text)
    username = _username(raw.owner) if raw.owner is not None else ""
    document = _validate(LAYOUTS[raw.store].document, record)
    found = _unknown(type(document), record, text)
    _refuse_nul(text, record)
    _refuse_repeated(text, record)
    username = username or _username(str(record["username"]))
    document = document.model_copy(update={"username": username})
    if isinstance(document, Profile):
        _refuse_repeated_notes(document.memory_records)
    key = str(getattr(document, LAYOUTS[raw.store].key))
    return Decoded(raw, username, key, unknown=found, twin=None, interpreted=document)


_PLACE_FAULTS = {
    "not_a_list": "a list of records is expected here",
    "repeated_key": "the same member name stands earlier in this store, and the first one counts",
    "unreadable_line": "the line is no rejected record: store, place and record are expected",
}


def _parse(raw: bytes) -> dict[str, Any]:
    if len(raw) > LARGEST_RECORD:
        raise _Unfit(
            "too_large", Fault("$", f"the record has {len(raw)} bytes, at most {LARGEST_RECORD} are taken")
        )
    try:
        record = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        _refuse_depth(raw)
        raise _Unfit("not_json", Fault("$", _reason(raw, error))) from None
    if not isinstance(record, dict):
        raise _Unfit("not_an_object", Fault("$", f"an object is expected, not {_kind(record)}"))
    return record


def _refuse_depth(raw: bytes) -> None:
    try:
        found = scanner.depth(raw)
    except ValueError:
        return
    if found > DEEPEST_NESTING:
        raise _Unfit("too_deep", Fault("$", f"nested {found} deep, at most {DEEPEST_NESTING} are taken"))


def _reason(raw: bytes, error: orjson.JSONDecodeError) -> str:
    where = f"character {error.pos}"
    if "surrogate" in error.msg:
        return f"a lone surrogate, which is no character and which no database stores ({where})"
    if (
        raw[error.pos :][:3] == b"NaN"
        or raw[error.pos :].lstrip(b"-")[:8] == b"Infinity"
        or "infinity" in error.msg
    ):
        return f"NaN and infinities are no JSON numbers ({where})"
    return f"{error.msg} ({where})"


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "a flag", str: "a text", list: "an array", int: "a number", float: "a number"}
    return names.get(type(value), "this")


def _validate(document: type[Document], record: dict[str, Any]) -> Document:
    try:
        return document.model_validate(record)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        raise _Unfit(
            "invalid",
            *(Fault(json_paths.spell(fault["loc"]), fault["msg"], fault["type"]) for fault in faults),
        ) from None


def _username(text: str) -> str:
    try:
        return usernames.normalise(text)
    except usernames.UnusableUsername as error:
        raise _Unfit("unusable_username", Fault("$.username", str(error))) from None


def _unknown(document: type[Document], record: dict[str, Any], raw: bytes) -> dict[str, Any]:
    found = unknown.find(document, record)
    if not found:
        return {}
    # Declared members are no deeper than their classes; only here anything can be nested.
    if any(_deeper_than(unknown.at(record, steps), DEEPEST_NESTING - len(steps)) for steps in found):
        _refuse_depth(raw)
    # Read once more: orjson makes floats of whole numbers beyond 64 bits, and these go back as they came.
    exact = json.loads(raw)
    return {json_paths.spell(steps): unknown.at(exact, steps) for steps in found}


def _deeper_than(value: Any, limit: int) -> bool:
    """Whether containers are nested deeper than `limit`, the value itself included."""
    level = [value]
    for _ in range(limit + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _refuse_nul(raw: bytes, record: dict[str, Any]) -> None:
    if b"\\u0000" not in raw:
        return
    found = [json_paths.spell(steps) for steps in _nul_places(record, ())]
    if found:
        reason = "a NUL character (U+0000), which PostgreSQL cannot store"
        raise _Unfit("nul_character", *(Fault(path, reason) for path in found))


def _nul_places(value: Any, steps: unknown.Steps) -> Iterator[unknown.Steps]:
    if isinstance(value, str):
        if "\0" in value:
            yield steps
    elif isinstance(value, dict):
        for name, inner in value.items():
            if "\0" in name:
                yield (*steps, name)
            yield from _nul_places(inner, (*steps, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _nul_places(inner, (*steps, index))


def _refuse_repeated(raw: bytes, record: dict[str, Any]) -> None:
    # Each member costs a colon; writing the record out again loses those of repeated members.
    if not _ESCAPED_COLON.search(raw) and raw.count(b":") == orjson.dumps(record).count(b":"):
        return
    repeated = sorted(set(_repeated_members(raw)))
    if repeated:
        reason = "the member stands twice in one object, and only one of them can be meant"
        raise _Unfit("repeated_key", *(Fault(path, reason) for path in repeated))


def _repeated_members(raw: bytes) -> Iterator[str]:
    """The paths of members that stand twice in one object (the expensive way)."""
    pairs = json.loads(raw, object_pairs_hook=_Pairs)
    yield from _repeated_in(pairs, ())


class _Pairs(list[tuple[str, Any]]):
    """The members of one object, repeated ones included."""


def _repeated_in(value: Any, steps: unknown.Steps) -> Iterator[str]:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for name, inner in value:
            if name in seen:
                yield json_paths.spell((*steps, name))
            seen.add(name)
            yield from _repeated_in(inner, (*steps, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _repeated_in(inner, (*steps, index))


def _refuse_repeated_notes(notes: Iterable[Any]) -> None:
    seen: set[str] = set()
    for index, note in enumerate(notes):
        if note.note_id in seen:
            path = f"$.memory_records[{index}].note_id"
            raise _Unfit("repeated_note", Fault(path, "an earlier note of this learner has the same id"))
        seen.add(note.note_id)
