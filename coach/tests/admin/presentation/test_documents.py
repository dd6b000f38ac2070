"""Documents for people: readable, escaped, in their own order; faults at their line."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from coach.admin.presentation import documents, json_lines
from coach.admin.screens.learners.forms import validated
from coach.documents.curriculum import EloPlan, Track

PLAN = """{
  "generated_at": "2026-01-01T00:00:00Z",
  "categories": [
    {"key": "sql", "label": "SQL", "description": "d"},
    {
      "key": "http",
      "label": "HTTP",
      "description": "d",
      "weight": -1
    }
  ]
}"""


def test_members_keep_their_own_order():
    shown = documents.readable('{"zebra": 1, "ant": 2}')
    assert shown.index("zebra") < shown.index("ant")


def test_markup_in_a_document_is_text():
    shown = documents.readable('{"<script>alert(1)</script>": ["<img src=x onerror=alert(1)>"]}')
    assert "<script>" not in shown
    assert "<img" not in shown


def test_a_document_that_is_not_there_says_so():
    assert "There is none" in documents.readable(None)


@pytest.mark.parametrize("text", ["[]", "{}", "null", "1.50", '"x"', "[[[[[[[[[[[[[[1]]]]]]]]]]]]]]"])
def test_any_json_can_be_shown(text):
    assert "document" in documents.readable(text)


def test_pretty_text_keeps_the_order_and_the_letters():
    assert documents.pretty('{"b": "thảo", "a": 1}') == '{\n  "b": "thảo",\n  "a": 1\n}'


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        ((), 1),
        (("categories",), 3),
        (("categories", 1), 5),
        (("categories", 1, "weight"), 9),
        (("absent",), 1),
        (("categories", 7), 3),
    ],
)
def test_a_path_leads_to_its_line(steps, line):
    assert json_lines.line_of(PLAN, steps) == line


def test_a_text_that_is_no_json_has_only_a_first_line():
    assert json_lines.line_of('{"a": ', ["a", "b"]) == 1


def messages(text: str, schema: object) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        validated(text, schema)
    return refused.value.messages


def test_a_fault_is_told_with_its_line_and_its_path():
    [message] = messages(PLAN, EloPlan)
    assert message.startswith("Line 9: $.categories[1].weight: Input should be greater than or equal to 0")


def test_text_that_is_no_json_is_told_with_its_line():
    assert messages('{\n "a": }', EloPlan)[0].startswith("Line 2: no JSON")


def test_a_misspelt_member_is_refused_instead_of_dropped():
    [message] = messages(PLAN.replace("-1", "1").replace('"weight"', '"weigth"'), EloPlan)
    assert message.startswith("Line 9: $.categories[1].weigth: no member of this document")


def test_a_misspelt_member_within_a_list_is_refused():
    [message] = messages('[{"track_id": "t", "label": "T", "lable": 1}]', list[Track])
    assert "$[0].lable" in message


def test_what_the_fault_quotes_is_escaped():
    assert "<script>" not in messages('{"categories": "<script>"}', EloPlan)[0]


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"strategy_notes": "\\u0000"}', '{"strategy_notes": "\\ud800"}']
)
def test_what_no_database_stores_is_refused(text):
    assert messages(text, EloPlan)


def test_a_mended_document_is_stored_as_it_is_served():
    assert validated('{"categories": [], "generated_at": "2026-01-01T00:00:00Z"}', EloPlan) == (
        '{"generated_at":"2026-01-01T00:00:00Z","source_goal":null,"strategy_notes":null,"categories":[]}'
    )
