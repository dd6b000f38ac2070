"""Raw records and what becomes of them: decoded records, or rejections that say why.

Nothing here touches the database: whether a record fits is the same on every one of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

from coach.documents import usernames
from coach.documents.base import Document
from coach.legacy.codes import Code, Fault, Unfit
from coach.legacy.decoding import checksums, codec, unknown
from coach.legacy.decoding.codec import Content
from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.stores import LAYOUTS, Store

MOST_FAULTS = 20


@dataclass(frozen=True)
class Rejected:
    """A record that cannot be imported. `code` is the kind of reason, in one word."""

    raw: RawRecord
    code: str
    faults: tuple[Fault, ...]
    key: str = ""


@dataclass(frozen=True)
class Decoded:
    """A record that was decoded. `username` is the learner's, `key` the natural key, both in normal form.

    `import_checksum` is that of what the record says (checksums.of_record), `content_checksum` that of the whole document
    (checksums.of_content). `content` is None where it was dropped: it takes several times the room of the record.
    """

    raw: RawRecord
    username: str
    key: str
    unknown: Mapping[str, Any] = field(repr=False)
    content: Content | None = field(repr=False)
    import_checksum: str
    content_checksum: str

    def without_content(self) -> Self:
        return replace(self, content=None)

    def with_content(self) -> tuple["Decoded", Content]:
        """The same with its content, decoded again where it was dropped; times that it does not name differ then."""
        if self.content is not None:
            return self, self.content
        again = _decode(self.raw)
        assert again.content is not None
        return again, again.content

    def as_compared(self) -> Self:
        """The same with the content of `document`: the times that a record does not name are those that were compared."""
        content = Content(self.document, self.unknown)
        return replace(self, content=content, content_checksum=checksums.of_content(self.document))

    @cached_property
    def document(self) -> Document:
        """The record as its document; times that it does not name are those of this call."""
        return (self.content or _content(self.raw)).document()

    @property
    def unknown_text(self) -> str | None:
        """The unknown members as the JSON text that a row keeps; None where there are none."""
        return unknown.to_text(self.document, self.unknown) if self.unknown else None


def decode(raw: RawRecord) -> Decoded | Rejected:
    """Read one record; whatever is wrong with it becomes a rejection, never an exception."""
    try:
        return _decode(raw)
    except Unfit as unfit:
        return reject(raw, unfit.code, *unfit.faults)


def reject(raw: RawRecord, code: Code, *faults: Fault) -> Rejected:
    """A rejection of that record; at most MOST_FAULTS reasons are kept."""
    return Rejected(raw=raw, code=code, faults=faults[:MOST_FAULTS], key=raw.key or "")


def _decode(raw: RawRecord) -> Decoded:
    if raw.fault:
        raise Unfit(Code(raw.fault), Fault("$", _PLACE_FAULTS[raw.fault]))
    content = _content(raw)
    if raw.store == Store.PROFILES:
        _refuse_repeated_notes(content.members.memory_records)
    key = getattr(content.members, LAYOUTS[raw.store].key)
    return Decoded(raw, content.members.username, key, content.unknown, content, *content.checksums())


def _content(raw: RawRecord) -> Content:
    username = None if raw.owner is None else _username(raw.owner)
    content = codec.read(LAYOUTS[raw.store].document, raw.raw)
    content.belongs_to(username or _username(content.members.username))
    return content


_PLACE_FAULTS: dict[str, str] = {
    Code.NOT_A_LIST: "a list of records is expected here",
    Code.REPEATED_KEY: "the same member name stands earlier in this store, and the first one counts",
    Code.UNREADABLE_LINE: "the line is no rejected record: store, place and record are expected",
}


def _username(text: str) -> str:
    try:
        return usernames.normalise(text)
    except usernames.UnusableUsername as error:
        raise Unfit(Code.UNUSABLE_USERNAME, Fault("$.username", str(error))) from None


def _refuse_repeated_notes(notes: Iterable[Any]) -> None:
    seen: set[str] = set()
    for index, note in enumerate(notes):
        if note.note_id in seen:
            path = f"$.memory_records[{index}].note_id"
            raise Unfit(Code.REPEATED_NOTE, Fault(path, "an earlier note of this learner has the same id"))
        seen.add(note.note_id)
