"""The reference codec: records decoded by pydantic, and the texts that are made of them. It decides what a bad record is."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pydantic_core
from pydantic import ValidationError

from coach import json_text
from coach.documents import json_paths, submissions
from coach.documents import schedule as schedules
from coach.documents.assessment import Assessment
from coach.documents.base import STORED, Document
from coach.legacy.codes import Code, Fault, Unfit
from coach.legacy.decoding import checksums, unknown
from coach.legacy.reading import scanner

LARGEST_RECORD = scanner.CHECKED_BYTES
_KINDS = {
    type(None): "null",
    bool: "a flag",
    str: "a text",
    list: "an array",
    int: "a number",
    float: "a number",
}
# A member name that is spelled with escapes may hold a colon of its own.
_ESCAPED_COLON = re.compile(rb"\\u003[aA]")


class Content:
    """A decoded record. `members` has the members of the record's document class, and so has each document within.

    `unknown` are the members that no document declares, by path.
    """

    def __init__(self, document: Document, unknown: Mapping[str, Any]) -> None:
        self.members: Any = document
        self.unknown = unknown

    def belongs_to(self, username: str) -> None:
        """Set the learner's name, in normal form; to be called before anything below."""
        self.members = self.members.model_copy(update={"username": username})

    def document(self) -> Document:
        """The record as its document."""
        document: Document = self.members
        return document

    def checksums(self) -> tuple[str, str]:
        """The checksums of what the record says and of the whole document (`checksums`)."""
        return checksums.of_record(self.members, self.unknown), checksums.of_content(self.members)

    def to_json(self, value: Any) -> bytes:
        """`members` or anything within as JSON text: what `Document.to_json` gives."""
        return pydantic_core.to_json(value)

    def assessment(self) -> Assessment | None:
        """The onboarding assessment of a profile."""
        assessment: Assessment | None = self.members.onboarding_assessment
        return assessment

    def schedule_api_json(self) -> str:
        """The schedule of a profile that has one, as clients see it."""
        return schedules.served(self.members.curriculum_schedule).to_json()

    def submission_api_json(self) -> str:
        """A submission as clients see it."""
        return submissions.served(self.members).to_json()


def read(document: type[Document], text: bytes) -> Content:
    """Decode a record. Raises Unfit."""
    record = _parse(text)
    validated = _validate(document, record)
    found = _unknown(document, record, text)
    _refuse_nul(text, record)
    _refuse_repeated(text, record)
    return Content(validated, found)


def may_repeat_a_name(text: bytes, record: Any) -> bool:
    """Whether an object in a text may hold a member name more than once; `record` is what was parsed of the text."""
    # Each member costs a colon; writing the record out again loses those of repeated members.
    return bool(_ESCAPED_COLON.search(text)) or text.count(b":") != orjson.dumps(record).count(b":")


def _parse(raw: bytes) -> dict[str, Any]:
    if len(raw) > LARGEST_RECORD:
        raise Unfit(
            Code.TOO_LARGE, Fault("$", f"the record has {len(raw)} bytes, at most {LARGEST_RECORD} are taken")
        )
    try:
        record = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        _refuse_depth(raw)
        raise Unfit(Code.NOT_JSON, Fault("$", _reason(raw, error))) from None
    if not isinstance(record, dict):
        reason = f"an object is expected, not {_KINDS[type(record)]}"
        raise Unfit(Code.NOT_AN_OBJECT, Fault("$", reason))
    return record


def _refuse_depth(raw: bytes) -> None:
    if (found := scanner.depth(raw)) > (most := json_text.DEEPEST_NESTING):
        raise Unfit(Code.TOO_DEEP, Fault("$", f"nested {found} deep, at most {most} are taken"))


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


def _validate(document: type[Document], record: dict[str, Any]) -> Document:
    try:
        return document.model_validate(record, context=STORED)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        raise Unfit(
            Code.INVALID,
            *(Fault(json_paths.spell(fault["loc"]), fault["msg"], fault["type"]) for fault in faults),
        ) from None


def _unknown(document: type[Document], record: dict[str, Any], raw: bytes) -> dict[str, Any]:
    found = list(unknown.find(document, record))
    if not found:
        return {}
    # Declared members are no deeper than their classes; only here anything can be nested.
    most = json_text.DEEPEST_NESTING
    if any(json_text.is_too_deep(unknown.at(record, steps), most - len(steps)) for steps in found):
        _refuse_depth(raw)
    # Read once more: orjson makes floats of whole numbers beyond 64 bits, and these go back as they came.
    exact = json.loads(raw)
    return {json_paths.spell(steps): unknown.at(exact, steps) for steps in found}


def _refuse_nul(raw: bytes, record: dict[str, Any]) -> None:
    if b"\\u0000" not in raw:
        return
    found = [json_paths.spell(steps) for steps in json_text.places(record, json_text.NUL)]
    if found:
        reason = "a NUL character (U+0000), which PostgreSQL cannot store"
        raise Unfit(Code.NUL_CHARACTER, *(Fault(path, reason) for path in found))


def _refuse_repeated(raw: bytes, record: dict[str, Any]) -> None:
    if not may_repeat_a_name(raw, record):
        return
    # Slow, and rarely needed.
    if repeated := sorted(set(_repeated_in(json.loads(raw, object_pairs_hook=_Pairs), ()))):
        reason = "the member is repeated in one object, and only one of them can be meant"
        raise Unfit(Code.REPEATED_KEY, *(Fault(path, reason) for path in repeated))


class _Pairs(list[tuple[str, Any]]):
    """The members of one object, repeated ones included."""


def _repeated_in(value: Any, steps: json_text.Steps) -> Iterator[str]:
    """The paths of members that are repeated in one object."""
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
