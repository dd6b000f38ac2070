from hypothesis import given
from hypothesis import strategies as st

from coach import json_text

TEXTS = st.text(st.sampled_from(["a", "\0", "\ud800", "\udfff", "é"]), max_size=4)
VALUES = st.recursive(
    TEXTS | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
)


def nested(levels):
    value = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def depth(value):
    """Written recursively, unlike the code."""
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def test_sixty_four_levels_are_taken_and_one_more_is_not():
    assert not json_text.is_too_deep(nested(64))
    assert json_text.is_too_deep(nested(65))


@given(VALUES, st.integers(0, 4))
def test_depth_counts_containers_alone(value, limit):
    assert json_text.is_too_deep(value, limit) == (depth(value) > limit)


@given(VALUES)
def test_a_place_is_found_exactly_where_the_text_written_out_has_the_character(value):
    written = repr(value)

    assert bool(list(json_text.places(value, json_text.NUL))) == ("\\x00" in written)
    assert bool(list(json_text.places(value, json_text.SURROGATES))) == ("\\ud" in written)


def test_a_place_is_the_way_to_the_text_or_to_the_member_of_that_name():
    value = {"a": ["b", "\0"], "\0": 1}

    assert list(json_text.places(value, json_text.NUL)) == [("a", 1), ("\0",)]
