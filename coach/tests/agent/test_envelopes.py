import json

import pytest

from coach.agent import envelopes
from coach.agent.errors import UnusableAnswer


def chat(value):
    return envelopes.chat(value if isinstance(value, str) else json.dumps(value))


def props(**members):
    return chat({"widgets": [{"type": "Card", **members}]}).widgets[0].props


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"props": {"a": 1}, "propsCard": {"b": 2}}, {"a": 1}),
        ({"propsCard": {"a": 1, "b": 1}, "propsList": {"b": 2}}, {"a": 1, "b": 2}),
        ({"propsList": {"b": 2}, "propsCard": {"b": 1}}, {"b": 2}),
        ({"propsCard": "text", "propsStat": {"c": 3}}, {"c": 3}),
        ({}, {}),
        ({"props": {}, "propsCard": None, "propsList": {"a": 1}, "propsStat": {"b": 1}}, {"a": 1}),
        ({"props": {}}, {}),
        ({"props": None, "propsArcadiaChatbot": {"a": 1}}, {"a": 1}),
        ({"props": "text", "propsMiniChatbot": {"a": 1}}, {"a": 1}),
    ],
)
def test_props_are_found_under_their_names(members, expected):
    assert props(**members) == expected


@pytest.mark.parametrize(
    "members",
    [
        {"props": None},
        {"props": "text"},
        {"props": []},
        {"props": 1, "propsCard": None},
        {"props": {}, "propsCard": 1},
    ],
)
def test_props_that_are_no_object_do_not_fit(members):
    with pytest.raises(UnusableAnswer):
        props(**members)


@pytest.mark.parametrize(
    "widget", ["Card", None, {}, {"type": "Chart"}, {"type": "card"}, {"type": None}, {"props": {}}]
)
def test_widgets_of_another_shape_do_not_fit(widget):
    with pytest.raises(UnusableAnswer):
        chat({"widgets": [widget]})


def test_members_of_a_widget_that_nobody_knows_are_dropped():
    answer = chat({"widgets": [{"type": "List", "props": {"rows": []}, "id": 5}], "more": 1})

    assert answer.to_object() == {
        "display": None,
        "widgets": [{"type": "List", "props": {"rows": []}}],
        "citations": None,
    }


@pytest.mark.parametrize(
    "text", ["", "  ", "Hello\n", "```json\n{}\n```", '"a text"', "42", "null", "true", '{"a": NaN}']
)
def test_chat_shows_everything_else_as_it_is(text):
    answer = chat(text)

    assert (answer.display, answer.widgets, answer.citations) == (text, [], None)


@pytest.mark.parametrize(
    "value",
    [
        {"display": 5},
        {"widgets": None},
        {"widgets": {}},
        {"citations": [1]},
        {"citations": "x"},
        {"display": "\0"},
        [1],
    ],
)
def test_a_chat_envelope_that_does_not_fit(value):
    with pytest.raises(UnusableAnswer):
        chat(value)


@pytest.mark.parametrize("kind", ["lesson", "milestone"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "[]",
        "{}",
        '{"display": null}',
        '{"display": "d", "intent": null}',
        '"display"',
        '{"display": 1}',
    ],
)
def test_lessons_and_milestones_need_a_display(kind, text):
    with pytest.raises(UnusableAnswer):
        envelopes.on_topic(kind, text)


@pytest.mark.parametrize("kind", ["lesson", "milestone", "quiz"])
def test_the_intent_is_their_own_unless_one_is_given(kind):
    assert envelopes.on_topic(kind, '{"display": ""}').intent == kind
    assert envelopes.on_topic(kind, '{"display": "d", "intent": "whatever"}').intent == "whatever"


def test_a_quiz_is_read_from_an_array_too():
    assert envelopes.on_topic("quiz", '[{"type": "Card"}]').to_object() == {
        "intent": "quiz",
        "display": None,
        "widgets": [{"type": "Card", "props": {}}],
        "elo": {},
        "last_quiz": None,
    }


def test_ratings_of_a_quiz_are_whole():
    quiz = envelopes.on_topic(
        "quiz", '{"elo": {"a": "990", "b": 1180.0}, "last_quiz": {"topic": null, "score": "0.5"}}'
    )

    assert quiz.elo == {"a": 990, "b": 1180}
    assert quiz.last_quiz is not None
    assert (quiz.last_quiz.topic, quiz.last_quiz.score) == (None, 0.5)


@pytest.mark.parametrize(
    "text", ["Question one", '{"elo": {"a": 1.5}}', '{"elo": null}', '{"last_quiz": 1}', "5"]
)
def test_a_quiz_that_does_not_fit(text):
    with pytest.raises(UnusableAnswer):
        envelopes.on_topic("quiz", text)
