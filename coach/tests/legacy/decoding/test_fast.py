"""Struct twins: whatever they take, they read as the document classes do; what they cannot, they refuse."""

from __future__ import annotations

import json
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, Field, ValidationError, field_validator

from coach.documents.base import Document
from coach.documents.profile import Profile
from coach.documents.submissions import PendingAttachment, Submission
from coach.legacy.decoding import checksums, fast
from coach.legacy.stores import LAYOUTS
from coach.tests import strategies
from coach.tests.cast import AMARA
from coach.tests.legacy.people import FULL_AMARA

documents = st.one_of(strategies.profiles, strategies.submitted, strategies.pending_attachments)
AMARA_IN_FULL = Profile.model_validate(FULL_AMARA)


def text_of(value) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def amara(**changes) -> bytes:
    return text_of(AMARA_IN_FULL.to_object() | changes)


@given(documents)
def test_a_twin_is_written_as_its_document_is(document):
    twin = fast.read(type(document), document.to_json().encode())
    if twin is not None:
        assert fast.encode(twin).decode() == document.to_json()


@given(documents, st.booleans())
def test_what_a_record_says_has_the_same_checksum_either_way(document, indented):
    text = json.dumps(document.to_object(), indent=2 if indented else None).encode()
    if fast.read(type(document), text) is not None:
        again = type(document).model_validate_json(text)
        plain = checksums.of_plain(type(document), text, username=document.username)
        assert checksums.pair(again, {}) == (plain, plain)


def changed(draw, value):
    """A JSON value, with one member somewhere in it dropped, repeated, added or exchanged."""
    members = [(value, name) for name in value]
    for holder, name in members:  # which grows meanwhile
        values = holder[name] if isinstance(holder[name], list) else [holder[name]]
        members += [
            (element, deeper) for element in values if isinstance(element, dict) for deeper in element
        ]
    holder, name = draw(st.sampled_from(members))
    exchanged = st.sampled_from([None, True, 1, 1.5, 10**17, 2.5e16, "1", "", [], {}, "2025-01-01T00:00:00+05:30",
        "2025-01-01T00:00:00", "2025-01-01T00:00:00.1234567Z", "2025-02-30T00:00:00Z", "\0", ":", "a" * 300])  # fmt: skip
    match draw(st.sampled_from(["drop", "add", "exchange"])):
        case "drop":
            del holder[name]
        case "add":
            holder["unheard_of"] = 1
        case _:
            holder[name] = draw(exchanged)
    return value


@given(st.data(), documents)
def test_what_a_twin_takes_its_class_takes_as_well_and_nothing_is_left_out(data, document):
    value = changed(data.draw, document.to_object())
    text = text_of(value)
    twin = fast.read(type(document), text)
    if twin is not None:
        again = type(document).model_validate_json(text)
        assert fast.encode(twin).decode() == again.to_json()
        assert value.keys() == type(document).model_fields.keys()
        assert checksums.of_plain(type(document), text, username=again.username) == checksums.of_content(
            again
        )


def test_a_record_that_is_spelled_out_is_read():
    for spelled in (amara(), json.dumps(AMARA_IN_FULL.to_object(), indent=2).encode()):
        twin = fast.read(Profile, spelled)
        assert fast.encode(twin).decode() == AMARA_IN_FULL.to_json()


@pytest.mark.parametrize(
    "text",
    [
        amara(unheard_of=1),
        amara(goal=1),
        amara(goal="a \0 b"),
        amara(last_updated="2025-01-01T00:00:00+05:30"),
        amara(last_updated="2025-01-01T00:00:00"),
        amara(last_updated="2025-01-01T00:00:00.1234567Z"),
        amara(elo_snapshot={"data": 1.0}),
        amara(elo_snapshot={"data": 2**63}),
        amara(curriculum_schedule=AMARA_IN_FULL.to_object()["curriculum_schedule"] | {"timezone": "UTC", "items": [
            AMARA_IN_FULL.to_object()["curriculum_schedule"]["items"][0] | {"recommended_day_offset": 2**31 - 1}
        ]}),
        amara().replace(b'"goal":', b'"goal": "first", "goal":', 1),
        amara().replace(b'"goal":', b'"goal": "\\u003a", "goal":', 1),
        amara().replace(b'"goal":', b'"go\\u0061l": "a:b", "use_case": "x", "goal":', 1),
        amara().replace(b'"goal":', b'"goal": "\\ud800", "use_case":', 1),
        amara(goal="raw").replace(b"raw", b"\t"),
        amara(goal="raw").replace(b"raw", b"\xff"),
        amara(goal="raw").replace(b"raw", b"\xed\xa0\x80"),
        amara(goal="raw").replace(b'"raw"', b'"raw",'),
        text_of({"username": "amara"}),
        b"[" * 100_000,
        b"7",
        b"",
    ],
    ids=lambda text: text[:60],
)  # fmt: skip
def test_what_needs_interpretation_is_left_to_the_class(text):
    assert fast.read(Profile, text) is None


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.file_name)
def test_every_record_class_has_a_twin(layout):
    assert fast.read(layout.document, b"{}") is None


class Tidy(Document):
    text: Annotated[str, AfterValidator(str.strip)]


class Matching(Document):
    text: Annotated[str, Field(pattern="a+")]


class Checked(Document):
    text: str

    @field_validator("text")
    @classmethod
    def _never(cls, text: str) -> str:
        raise ValueError("never")


@pytest.mark.parametrize("document", [Tidy, Matching, Checked])
def test_a_class_that_validates_in_its_own_way_has_no_twin(document):
    with pytest.raises(TypeError, match="no twin can"):
        fast.read(document, b'{"text": "a"}')
    with pytest.raises(ValidationError):
        document.model_validate({"text": 7})


def test_a_submission_and_an_attachment_of_the_cast_are_read():
    submission = Submission.model_validate(
        {"submission_id": "s1", "username": AMARA["username"], "submitted_at": "2025-01-01T00:00:00Z"}
    )
    attachment = PendingAttachment.model_validate(
        {
            "attachment_id": "a1",
            "username": "amara",
            "kind": "note",
            "name": "n",
            "created_at": "2025-01-01T00:00:00Z",
        }
    )
    for document in (submission, attachment):
        assert fast.read(type(document), document.to_json().encode()) is not None
