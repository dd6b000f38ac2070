"""The fast codec: records decoded as msgspec structs, which are derived from the document classes.

A struct takes what needs no interpretation: every member of its own JSON type, none unknown, none repeated. Optional members
may be left out, and times may have any offset. Whatever it refuses is left to the reference codec, so it never decides that a
record is bad; tests hold the two to the same answers.
"""

import datetime as dt
import hashlib
import re
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial, reduce
from operator import or_
from typing import Annotated, Any, Literal

import msgspec
import orjson
from msgspec import UNSET
from pydantic.fields import FieldInfo

from coach.documents import schedule as schedules
from coach.documents import submissions
from coach.documents.assessment import Assessment
from coach.documents.base import Document, Instant, in_utc, utc_now
from coach.documents.schedule import ServedSchedule
from coach.documents.submissions import ServedSubmission
from coach.legacy.decoding import reference, unknown
from coach.legacy.decoding.checksums import ORDERED

_encode = msgspec.json.Encoder().encode
# Members of structs are sorted already; those of dictionaries are sorted here.
_encode_sorted = msgspec.json.Encoder(order="deterministic").encode

# Beyond this the two libraries spell floats differently.
_LARGEST_FLOAT = 1e15
# Beyond microseconds the one rounds, the other one cuts; looked for in two steps, since the first one is quick.
_FINE = re.compile(rb"\.\d{7}")
_FINE_TIME = re.compile(rb":\d\d\.\d{7}")

Decoder = msgspec.json.Decoder[Any]
# From a document class to its struct, of the kind that is being made.
Nested = Callable[[type[Document]], Any]


class Content(reference.Content):
    """A record as a struct."""

    def __init__(self, document: type[Document], struct: Any, said: bytes, *, is_complete: bool) -> None:
        """`said` is what the record says, written by us; it is complete where it names every time."""
        super().__init__(struct, {})
        self._document = document
        self._said, self._is_complete = said, is_complete

    def belongs_to(self, username: str) -> None:
        self.members.username = username

    def document(self) -> Document:
        found = self._document.model_validate_json(self._said)
        return found.model_copy(update={"username": self.members.username})

    def checksums(self) -> tuple[str, str]:
        said = self._checksum(self._said)
        return said, said if self._is_complete else self._checksum(_encode(self.members))

    def to_json(self, value: Any) -> bytes:
        return _encode(value)

    def assessment(self) -> Assessment | None:
        found = self.members.onboarding_assessment
        return None if found is None else Assessment.model_validate_json(_encode(found))

    def schedule_api_json(self) -> str:
        schedule = self.members.curriculum_schedule
        where, anchor, dated = schedules.calendar(schedule)
        items = [{**msgspec.structs.asdict(item), "scheduled_for": midnight} for item, midnight in dated]
        return _shown(ServedSchedule, schedule, timezone=where.key, anchor_date=anchor, items=items)

    def submission_api_json(self) -> str:
        return _shown(
            ServedSubmission,
            self.members,
            responses=[_counted(response) for response in self.members.responses],
            attachments=[found.to_object() for found in submissions.merged_attachments(self.members)],
        )

    def _checksum(self, text: bytes) -> str:
        decoder, settle = _sorted(self._document)
        struct = decoder.decode(text)
        if settle:
            settle(struct)
        struct.username = self.members.username
        for name in ORDERED:
            if members := getattr(struct, name, None):
                setattr(struct, name, list(members.items()))
        return hashlib.sha256(_encode_sorted(struct)).hexdigest()


def read(document: type[Document], text: bytes) -> Content | None:
    """Decode a record; None where only the reference codec can tell what it says."""
    if b"\\u0000" in text:
        return None
    try:
        struct, all_named = _decoded(document, text)
        walk = _walk_of(document)
        is_complete = walk is None or walk(struct, None)
        said = _encode(struct)
        if text != said and not _is_certain(text, said, all_named=all_named):
            return None
        if walk and not is_complete:
            walk(struct, utc_now())
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return Content(document, struct, said, is_complete=is_complete)


def _decoded(document: type[Document], text: bytes) -> tuple[Any, bool]:
    """The struct, and whether all members of all objects are named in the text. Raises MsgspecError."""
    try:
        return _decoder(document, lenient=False).decode(text), True
    except msgspec.ValidationError:
        return _decoder(document, lenient=True).decode(text), False


def _is_certain(text: bytes, said: bytes, *, all_named: bool) -> bool:
    """Whether a text that was taken says what was decoded: no finer times, no member repeated."""
    if _FINE.search(text) and _FINE_TIME.search(text):
        return False
    # Each member costs a colon, and a repeated one is lost when it is written out again. No time is written with more
    # colons than it was spelled with.
    if all_named and text.count(b":") == said.count(b":") and b"\\u003" not in text:
        return True
    return not reference.may_repeat_a_name(text, orjson.loads(text))


def _shown(document: type[Document], struct: Any, **shown: Any) -> str:
    """The text of a document whose members are those of a struct, but for those that are shown instead or besides."""
    members = {
        name: shown[name] if name in shown else getattr(struct, name) for name in document.model_fields
    }
    return _encode(members).decode()


def _counted(response: Any) -> Any:
    words = response.word_count or submissions.count_words(response.response)
    return response if words == response.word_count else msgspec.structs.replace(response, word_count=words)


# --- the classes ----------------------------------------------------------------------------------


@cache
def _decoder(document: type[Document], *, lenient: bool) -> Decoder:
    return msgspec.json.Decoder(_struct(document, lenient=lenient))


@cache
def _sorted(document: type[Document]) -> tuple[Decoder, Callable[[Any], None] | None]:
    return msgspec.json.Decoder(_sorted_struct(document)), _settle_of(document)


@cache
def _struct(document: type[Document], *, lenient: bool) -> type[msgspec.Struct]:
    """Members in the order of the class; required, unless they have a default and the struct is lenient.

    Members that documents omit together are constants: a record that names one is left to the class itself.
    """
    nested = partial(_struct, lenient=lenient)
    members = [
        (name, _type_of(field, nested), *(_default_of(field) if lenient else ()))
        for name, field in document.model_fields.items()
        if name not in document.omitted
    ]
    return msgspec.defstruct(
        document.__name__,
        members,
        namespace=dict(document.omitted),
        forbid_unknown_fields=True,
        kw_only=True,
        gc=False,
    )


@cache
def _sorted_struct(document: type[Document]) -> type[msgspec.Struct]:
    """Members by name; those that equal their default are not written."""
    fields = document.model_fields
    members = [
        (name, _type_of(fields[name], _sorted_struct), *_default_of(fields[name]))
        for name in sorted(fields.keys() - document.omitted.keys())
    ]
    return msgspec.defstruct(
        document.__name__, members, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False
    )


def _default_of(field: FieldInfo) -> tuple[Any, ...]:
    if field.is_required():
        return ()
    if field.default_factory is not None:
        return (UNSET,)  # not written, until the present instant stands there
    if isinstance(field.default, (list, dict)):
        return (msgspec.field(default_factory=type(field.default)),)
    # Of a choice the decoder hands out the very words that the annotation names.
    words = typing.get_args(field.annotation) if typing.get_origin(field.annotation) is Literal else ()
    return (next((word for word in words if word == field.default), field.default),)


def _type_of(field: FieldInfo, nested: Nested) -> Any:
    if _is_time(field):
        return dt.datetime | msgspec.UnsetType  # `_walk_of` has them in UTC
    return _converted(field.annotation, field.metadata, nested)


def _converted(annotation: Any, bounds: Sequence[Any], nested: Nested) -> Any:
    """The annotation with structs in place of document classes. Raises TypeError for what no struct can stand for."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _converted(arguments[0], [*bounds, *_spread(arguments[1:])], nested)
    if annotation in (str, int, float):
        return _bounded(annotation, bounds)
    if bounds:
        raise TypeError(f"no struct can check {bounds} of {annotation}")
    if origin in (list, dict):
        return origin[tuple(_converted(argument, (), nested) for argument in arguments)]
    if origin in (typing.Union, types.UnionType):
        return reduce(or_, (_converted(argument, (), nested) for argument in arguments))
    if isinstance(annotation, type) and issubclass(annotation, Document):
        return nested(annotation)
    if origin is Literal or annotation in (bool, type(None)):
        return annotation
    raise TypeError(f"no struct can stand for {annotation}")


def _spread(metadata: Iterable[Any]) -> list[Any]:
    return [bound for item in metadata for bound in getattr(item, "metadata", [item])]


def _bounded(annotation: type, metadata: Sequence[Any]) -> Any:
    bounds = {name: value for item in metadata for name, value in _bound(item)}
    if annotation is float:
        bounds = {"ge": -_LARGEST_FLOAT, **bounds}
        bounds["le"] = min(bounds.get("le", _LARGEST_FLOAT), _LARGEST_FLOAT)
    return Annotated[annotation, msgspec.Meta(**bounds)] if bounds else annotation


def _bound(item: Any) -> list[tuple[str, Any]]:
    found = [(name, getattr(item, name)) for name in ("ge", "le", "max_length") if hasattr(item, name)]
    if not found:
        raise TypeError(f"no struct can check {item}")
    return found


# --- what no type can say -------------------------------------------------------------------------


# Called with a struct, and with the instant that missing times get (None: none). Answers whether none is missing.
Walk = Callable[[Any, "dt.datetime | None"], bool]


@cache
def _walk_of(document: type[Document]) -> Walk | None:
    """What has all times of a struct in UTC, and calls the class's own validators once no time is missing.

    None where neither is anywhere within.
    """
    times = [name for name, field in document.model_fields.items() if _is_time(field)]
    validators = _validators(document)
    nested = _nested(document, _walk_of)
    if not (times or validators or nested):
        return None

    def walk(struct: Any, now: dt.datetime | None) -> bool:
        is_complete = True
        for name in times:
            time = getattr(struct, name)
            if time is UNSET:
                is_complete = False
                setattr(struct, name, now or UNSET)
            elif time.tzinfo is not dt.UTC:
                setattr(struct, name, in_utc(time))
        for name, inner in nested:
            for element in _each(getattr(struct, name)):
                is_complete &= inner(element, now)
        if is_complete or now:
            for validate in validators:
                validate(struct)
        return is_complete

    return walk


@cache
def _settle_of(document: type[Document]) -> Callable[[Any], None] | None:
    """Puts the very default in place of values that equal it: only of that one a struct knows that it is one.

    None where all defaults are such as there is but one of.
    """
    defaults = [
        (name, field.default) for name, field in document.model_fields.items() if not _is_unique(field)
    ]
    nested = _nested(document, _settle_of)
    if not (defaults or nested):
        return None

    def settle(struct: Any) -> None:
        for name, default in defaults:
            if getattr(struct, name) == default:
                setattr(struct, name, default)
        for name, inner in nested:
            for element in _each(getattr(struct, name)):
                inner(element)

    return settle


def _each(value: Any) -> Sequence[Any]:
    """What stands in a member that holds documents."""
    if type(value) is list:
        return value
    return () if value is None else (value,)


def _is_unique(field: FieldInfo) -> bool:
    """Whether a default is an object of which there is but one, so that every value that equals it is it."""
    default = field.default
    if isinstance(default, str):
        return not default or typing.get_origin(field.annotation) is Literal
    return not isinstance(default, float) and (not isinstance(default, int) or -5 <= default <= 256)


def _is_time(field: FieldInfo) -> bool:
    return field.annotation is dt.datetime and field.metadata == list(typing.get_args(Instant)[1:])


def _nested(document: type[Document], of: Callable[[type[Document]], Any]) -> list[tuple[str, Any]]:
    found = [(name, of(inner)) for name, inner in unknown.nested_classes(document).items()]
    return [(name, inner) for name, inner in found if inner]


def _validators(document: type[Document]) -> list[Callable[[Any], Any]]:
    """The functions that pydantic calls with a whole document. Raises TypeError for validators of other kinds."""
    decorators = document.__pydantic_decorators__
    found = list(decorators.model_validators.values())
    others = (decorators.validators, decorators.field_validators, decorators.root_validators)
    if any(others) or any(validator.info.mode != "after" for validator in found):
        raise TypeError(f"no struct can stand for {document.__name__}, which validates in its own way")
    return [validator.func for validator in found]
