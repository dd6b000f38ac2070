"""Struct twins of the document classes: what is spelled out in full and plainly, read at a fraction of the price.

A twin is derived from its document class and takes only what needs no interpretation. Whatever it refuses is left to
the class itself, so it never decides that a record is bad; a test holds the two to the same answers.
"""

from __future__ import annotations

import datetime as dt
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Literal

import msgspec
from pydantic import AfterValidator
from pydantic.fields import FieldInfo

from coach.documents.base import Document, in_utc
from coach.legacy.decoding import schema_fields

encode = msgspec.json.Encoder().encode
# Members of structs are sorted already; those of dictionaries are sorted here.
canonical = msgspec.json.Encoder(order="deterministic").encode

# Beyond this the two libraries spell floats differently.
_LARGEST_FLOAT = 1e15
# A member name that is spelled with escapes may hold a colon of its own.
_ESCAPED_COLON = re.compile(rb"\\u003[aA]")
# Beyond microseconds the one rounds, the other one cuts; looked for in two steps, since the first one is quick.
_FINE = re.compile(rb"\.\d{7}")
_FINE_TIME = re.compile(rb":\d\d\.\d{7}")

Decoder = msgspec.json.Decoder[Any]
Check = Callable[[Any], bool]
Settle = Callable[[Any], None]
# From a document class to its twin, of the kind that is being made.
Nested = Callable[[type[Document]], Any]


def read(document: type[Document], text: bytes) -> Any | None:
    """The document as a struct with the class's members, in their order; None where only the class can tell.

    That is: unless every member stands there exactly once and no other one, each of its own JSON type, times in UTC.
    """
    if b"\\u0000" in text or (_FINE.search(text) and _FINE_TIME.search(text)):
        return None
    decoder, is_sound = _in_full(document)
    try:
        found = decoder.decode(text)
        sound = is_sound is None or is_sound(found)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return found if sound and _names_none_twice(text, encode(found)) else None


def served(document: type[Document], twin: Any, shown: Mapping[str, Any]) -> str:
    """The text of a document whose members are those of a twin, but for those that are shown instead or besides."""
    members = {name: shown[name] if name in shown else getattr(twin, name) for name in document.model_fields}
    return encode(members).decode()


def said(document: type[Document], text: bytes) -> Any:
    """A document that `read` takes, as a struct that `canonical` writes: sorted, without what equals a default."""
    decoder, settle = _sorted(document)
    found = decoder.decode(text)
    if settle:
        settle(found)
    return found


def _names_none_twice(text: bytes, written: bytes) -> bool:
    # Each member costs a colon, and a second one of its name is lost when it is written out again.
    if text == written:
        return True
    return text.count(b":") == written.count(b":") and not _ESCAPED_COLON.search(text)


# --- the classes ----------------------------------------------------------------------------------


@cache
def _in_full(document: type[Document]) -> tuple[Decoder, Check | None]:
    return msgspec.json.Decoder(_full_struct(document)), _check_of(document)


@cache
def _sorted(document: type[Document]) -> tuple[Decoder, Settle | None]:
    return msgspec.json.Decoder(_sorted_struct(document)), _settle_of(document)


@cache
def _full_struct(document: type[Document]) -> type[msgspec.Struct]:
    """Every member required, in the order of the class."""
    members = [(name, _type_of(field, _full_struct)) for name, field in document.model_fields.items()]
    return msgspec.defstruct(document.__name__, members, forbid_unknown_fields=True, gc=False)


@cache
def _sorted_struct(document: type[Document]) -> type[msgspec.Struct]:
    """Members by name; those that equal their default are not written."""
    fields = document.model_fields
    members = [
        (name, _type_of(fields[name], _sorted_struct), *_default_of(fields[name])) for name in sorted(fields)
    ]
    return msgspec.defstruct(
        document.__name__, members, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False
    )


def _default_of(field: FieldInfo) -> tuple[Any, ...]:
    if field.is_required() or field.default_factory is not None:
        return ()
    if isinstance(field.default, (list, dict)):
        return (msgspec.field(default_factory=type(field.default)),)
    # Of a choice the decoder hands out the very words that the annotation names.
    words = typing.get_args(field.annotation) if typing.get_origin(field.annotation) is Literal else ()
    return (next((word for word in words if word == field.default), field.default),)


def _type_of(field: FieldInfo, nested: Nested) -> Any:
    if _is_time(field):
        return dt.datetime  # `_check_of` sees to its being UTC
    return _converted(field.annotation, field.metadata, nested)


def _converted(annotation: Any, bounds: Sequence[Any], nested: Nested) -> Any:
    """The annotation with twins in place of document classes. Raises TypeError for what no twin can stand for."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _converted(arguments[0], [*bounds, *_spread(arguments[1:])], nested)
    if annotation in (str, int, float):
        return _bounded(annotation, bounds)
    if bounds:
        raise TypeError(f"no twin can see to {bounds} of {annotation}")
    if origin in (list, dict):
        return origin[tuple(_converted(argument, (), nested) for argument in arguments)]
    if origin in (typing.Union, types.UnionType):
        return reduce(or_, (_converted(argument, (), nested) for argument in arguments))
    if isinstance(annotation, type) and issubclass(annotation, Document):
        return nested(annotation)
    if origin is Literal or annotation in (bool, type(None)):
        return annotation
    raise TypeError(f"no twin can stand for {annotation}")


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
        raise TypeError(f"no twin can see to {item}")
    return found


# --- what no type can say -------------------------------------------------------------------------


@cache
def _check_of(document: type[Document]) -> Check | None:
    """Whether all times in a struct are in UTC, and the class's own validators are content; None where none are."""
    times = [name for name, field in document.model_fields.items() if _is_time(field)]
    validators = _validators(document)
    nested = _nested(document, _check_of)
    if not (times or validators or nested):
        return None

    def is_sound(struct: Any) -> bool:
        for name in times:
            if getattr(struct, name).tzinfo is not dt.UTC:
                return False
        for name, inner in nested:
            if not all(map(inner, _each(getattr(struct, name)))):
                return False
        for validate in validators:
            validate(struct)
        return True

    return is_sound


@cache
def _settle_of(document: type[Document]) -> Settle | None:
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
    return field.annotation is dt.datetime and field.metadata == [AfterValidator(in_utc)]


def _nested(document: type[Document], of: Callable[[type[Document]], Any]) -> list[tuple[str, Any]]:
    found = [(name, of(inner)) for name, inner in schema_fields.nested_classes(document).items()]
    return [(name, inner) for name, inner in found if inner]


def _validators(document: type[Document]) -> list[Callable[[Any], Any]]:
    """The functions that pydantic calls with a whole document. Raises TypeError for validators of other kinds."""
    decorators = document.__pydantic_decorators__
    found = list(decorators.model_validators.values())
    others = (decorators.validators, decorators.field_validators, decorators.root_validators)
    if any(others) or any(validator.info.mode != "after" for validator in found):
        raise TypeError(f"no twin can stand for {document.__name__}, which validates in its own way")
    return [validator.func for validator in found]
