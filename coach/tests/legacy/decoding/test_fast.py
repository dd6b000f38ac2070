"""The fast codec: whatever it takes, it reads as the reference codec does; what it cannot, it refuses."""

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
from coach.legacy.decoding import reference
from coach.legacy.stores import LAYOUTS
from coach.tests import strategies
from coach.tests.cast import AMARA
from coach.tests.legacy.people import FULL_AMARA, attachment, submission

fast = pytest.importorskip("coach.legacy.decoding.fast", reason="the fast codec was deleted")

documents = st.one_of(strategies.profiles, strategies.submitted, strategies.pending_attachments)
AMARA_IN_FULL = Profile.model_validate(FULL_AMARA)


def text_of(value) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def amara(**changes) -> bytes:
    return text_of(AMARA_IN_FULL.to_object() | changes)


def both(document: type[Document], text: bytes):
    """What either codec makes of a record; None for the fast one where it leaves it to the other."""
    found, plain = fast.read(document, text), reference.read(document, text)
    for content in filter(None, (found, plain)):
        content.belongs_to("amara")
    return found, plain


def everything(content):
    """All that is made of a record that names its times."""
    texts = [content.to_json(content.members), content.document().to_json().encode()]
    if isinstance(content.document(), Profile):
        texts.append(content.assessment())
        if content.members.curriculum_schedule:
            texts.append(content.schedule_api_json())
    if isinstance(content.document(), Submission):
        texts.append(content.submission_api_json())
    return texts, content.checksums(), content.document()


def members_of(value):
    """All members of all objects in a JSON value, as pairs of object and name."""
    members = [(value, name) for name in value]
    for holder, name in members:  # which grows meanwhile
        values = holder[name] if isinstance(holder[name], list) else [holder[name]]
        members += [(inner, deeper) for inner in values if isinstance(inner, dict) for deeper in inner]
    return members


TIMES = ("generated_at", "created_at", "last_updated", "submitted_at", "evaluated_at")


def respell(draw, value):
    """The same record as others write it: optional members left out, other offsets, whole numbers for floats."""
    for holder, name in members_of(value):
        if name in TIMES:
            ending = draw(st.sampled_from(["+00:00", "-00:00", "+05:30", "", "Z"]))
            holder[name] = holder[name].removesuffix("Z") + ending
        elif isinstance(holder.get(name), float) and holder[name].is_integer() and draw(st.booleans()):
            holder[name] = int(holder[name])
        elif holder.get(name) in ([], {}, None, "", 1.0, 1100, "medium", False) and draw(st.booleans()):
            holder.pop(name, None)


@given(documents)
def test_complete_records_are_taken_and_decoded_alike(document):
    found, plain = both(type(document), document.to_json().encode())
    if found is not None:
        assert everything(found) == everything(plain)


@given(st.data(), documents)
def test_other_spellings_of_a_record_are_decoded_alike(data, document):
    value = document.to_object()
    respell(data.draw, value)
    text = json.dumps(value, indent=data.draw(st.sampled_from([None, 2]))).encode()
    try:
        found, plain = both(type(document), text)
    except reference.Unfit:
        assert fast.read(type(document), text) is None
        return
    if found is not None:
        assert everything(found) == everything(plain)


def exchange(draw, value):
    """One member somewhere in a JSON value dropped, repeated, added or exchanged; answers the text."""
    holder, name = draw(st.sampled_from(members_of(value)))
    exchanged = st.sampled_from([None, True, 1, 1.5, 10**17, 2.5e16, "1", "", [], {}, "2025-01-01T00:00:00+05:30",
        "2025-01-01T00:00:00+0530", "2025-01-01T00:00:00", "2025-01-01T00:00:00.1234567Z", "2025-02-30T00:00:00Z",
        "0001-01-01T00:00:00+23:59", "\0", ":", "+00:00", "a" * 300])  # fmt: skip
    match draw(st.sampled_from(["drop", "add", "repeat", "exchange"])):
        case "drop":
            del holder[name]
        case "add":
            holder["unheard_of"] = 1
        case "repeat":
            holder["(repeated)"] = draw(exchanged)
            return text_of(value).replace(b'"(repeated)"', text_of(name))
        case _:
            holder[name] = draw(exchanged)
    return text_of(value)


def untimed(document):
    """A document without the times that its record did not name, at any depth."""
    return document.model_dump(mode="json", exclude_unset=True, exclude_defaults=True)


@given(st.data(), documents)
def test_what_the_fast_codec_takes_the_reference_codec_takes_as_well(data, document):
    text = exchange(data.draw, document.to_object())
    if fast.read(type(document), text) is not None:
        found, plain = both(type(document), text)
        assert found.checksums()[0] == plain.checksums()[0]
        assert untimed(found.document()) == untimed(plain.document())
        assert plain.unknown == found.unknown == {}


@pytest.mark.parametrize(
    "text",
    [
        amara(),
        json.dumps(AMARA_IN_FULL.to_object(), indent=2).encode(),
        text_of(FULL_AMARA),
        text_of({"username": "amara"}),
        amara(last_updated="2025-01-01T00:00:00+05:30"),
        amara(last_updated="2025-01-01T00:00:00+00:00"),
        amara(last_updated="2025-01-01T00:00:00"),
        amara(
            elo_category_plan={"categories": [{"key": "a", "label": "b", "description": "c", "weight": 1}]}
        ),
        amara(curriculum_schedule={"warnings": [{"message": "m"}], "items": []}),
    ],
    ids=lambda text: text[:60],
)
def test_a_record_as_stores_spell_it_takes_the_fast_way(text):
    found, plain = both(Profile, text)
    assert found is not None
    assert found.checksums()[0] == plain.checksums()[0]
    assert untimed(found.document()) == untimed(plain.document())
    named = [content.document().model_fields_set & set(TIMES) for content in (found, plain)]
    assert named[0] == named[1], "which times the record names decides what differs from a row"


def test_a_time_that_a_record_does_not_name_is_the_present_one():
    found, plain = both(Profile, text_of({"username": "amara", "elo_category_plan": {}}))
    assert found.checksums()[0] == plain.checksums()[0] != found.checksums()[1]
    written = json.loads(found.to_json(found.members))
    assert written["last_updated"] == written["elo_category_plan"]["generated_at"] > "2025"
    assert found.checksums()[1] == reference.Content(Profile.model_validate(written), {}).checksums()[1]


@pytest.mark.parametrize(
    "text",
    [
        amara(unheard_of=1),
        amara(goal=1),
        amara(goal="a \0 b"),
        amara(last_updated="2025-01-01T00:00:00.1234567Z"),
        amara(last_updated="0001-01-01T00:00:00+05:30"),
        amara(last_updated=1364481713238),
        amara(elo_snapshot={"data": 1.0}),
        amara(elo_snapshot={"data": 2**63}),
        amara(curriculum_schedule=AMARA_IN_FULL.to_object()["curriculum_schedule"] | {"timezone": "UTC", "items": [
            AMARA_IN_FULL.to_object()["curriculum_schedule"]["items"][0] | {"recommended_day_offset": 2**31 - 1}
        ]}),
        amara().replace(b'"goal":', b'"goal": "first", "goal":', 1),
        text_of(FULL_AMARA).replace(b'"goal":', b'"goal": "first", "goal":', 1),
        text_of(FULL_AMARA).replace(b'"goal":', b'"goal": "+00:00", "goal":', 1),
        amara().replace(b'"goal":', b'"goal": "\\u003a", "goal":', 1),
        amara().replace(b'"goal":', b'"go\\u0061l": "a:b", "use_case": "x", "goal":', 1),
        amara().replace(b'"goal":', b'"goal": "\\ud800", "use_case":', 1),
        amara(goal="raw").replace(b"raw", b"\t"),
        amara(goal="raw").replace(b"raw", b"\xff"),
        amara(goal="raw").replace(b"raw", b"\xed\xa0\x80"),
        amara(goal="raw").replace(b'"raw"', b'"raw",'),
        text_of({"goal": "nobody's"}),
        b"[" * 100_000,
        b"7",
        b"",
    ],
    ids=lambda text: text[:60],
)  # fmt: skip
def test_what_needs_interpretation_is_left_to_the_reference_codec(text):
    assert fast.read(Profile, text) is None


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.file_name)
def test_every_record_class_has_structs(layout):
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
def test_a_class_that_validates_in_its_own_way_has_no_struct(document):
    with pytest.raises(TypeError, match="no struct can"):
        fast.read(document, b'{"text": "a"}')
    with pytest.raises(ValidationError):
        document.model_validate({"text": 7})


@pytest.mark.parametrize(
    ("document", "record"),
    [
        (Submission, submission("s1")),
        (Submission, submission("s1", attachments=[{"attachment_id": "a", "name": "n", "kind": "note"}])),
        (PendingAttachment, attachment("a1")),
        (Profile, json.loads(Profile.model_validate(AMARA).to_json())),
    ],
)
def test_records_of_the_cast_take_the_fast_way(document, record):
    assert fast.read(document, text_of(record)) is not None
