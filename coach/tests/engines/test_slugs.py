"""Slugs: the ids of tasks and the keys that are made from titles and labels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.engines.slugs import slug


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Swift UI Craft", "swift-ui-craft"),
        ("a/b_c.d", "a-b-c-d"),
        ("  C++ & Rust!  ", "c-rust"),
        ("--already--a--slug--", "already-a-slug"),
        ("Kiln & Clay, Slowly", "kiln-clay-slowly"),
        ("2 ÷ 2", "2-2"),
        ("Mañana Öl 数据", "mañana-öl-数据"),
        ("½ x²", "½-x²"),
    ],
)
def test_letters_and_digits_of_any_script_stay_and_all_else_is_one_hyphen(text, expected):
    assert slug(text, fallback="none") == expected


def test_letters_are_lower_cased_one_by_one():
    # Lower-cased as a word, the first would end in another sigma.
    assert slug("ΟΔΟΣ", fallback="none") == "οδοσ"
    assert slug("İ", fallback="none") == "i̇"


@pytest.mark.parametrize("text", ["", " ", "---", "?!", "\n\t"])
def test_the_fallback_stands_in_where_nothing_is_left(text):
    assert slug(text, fallback="assessment-task") == "assessment-task"


def test_the_fallback_is_kept_as_it_is_except_for_runs():
    assert slug("?", fallback="Odd Key--module") == "Odd Key-module"


@given(st.text())
def test_a_slug_is_never_empty_and_its_slug_is_the_same(text):
    made = slug(text, fallback="none")
    assert made
    assert "--" not in made
    if made.isascii():
        assert slug(made, fallback="none") == made
