import pytest

from coach import json_text
from coach.agent.errors import UnusableAnswer
from coach.agent.model import answers, reading


@pytest.mark.parametrize(
    "text", ["", "Here you are!", "```json\n{}\n```", "{} and more", '{"a": NaN}', "[" * 100_000]
)
def test_what_is_not_json_alone_is_not_read(text):
    with pytest.raises(reading.NotJSON):
        reading.value(text)


def test_white_space_around_is_fine():
    assert reading.value(' \n{"a": 1}\n') == {"a": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'{"a": "\d+"}', r"\d+"),
        (r'{"a": "C:\dir\new"}', "C:\\dir\new"),
        (r'{"a": "kept \\w, mended \d, \u00e9"}', r"kept \w, mended \d, é"),
        (r'{"a": "as it is \\d"}', r"as it is \d"),
    ],
)
def test_backslashes_that_begin_no_escape_are_doubled(text, value):
    assert reading.value_with_repair(text) == {"a": value}


def test_the_repair_mends_nothing_else():
    with pytest.raises(reading.NotJSON):
        reading.value_with_repair(r'{"a": "\d"')


def test_a_text_that_is_json_is_not_repaired():
    assert reading.value_with_repair(r'{"a": "\\d"}') == {"a": r"\d"}


@pytest.mark.parametrize("text", ["\0", "\ud800"])
@pytest.mark.parametrize("wrap", [lambda text: text, lambda text: [{"a": text}], lambda text: {text: 1}])
def test_characters_that_no_database_keeps_are_refused(text, wrap):
    with pytest.raises(UnusableAnswer, match="cannot be stored"):
        reading.refuse_unusable_text(wrap(text))


def test_nesting_without_end_is_refused():
    value = []
    for _ in range(json_text.DEEPEST_NESTING):
        value = [value]

    with pytest.raises(UnusableAnswer, match="deeper"):
        reading.refuse_unusable_text(value)


def test_a_misfit_is_named_without_a_word_of_it():
    secret = {"profile_summary": 5, "curriculum": {"overview": "secret"}}

    with pytest.raises(UnusableAnswer) as caught:
        reading.fit(answers.Plan, secret)

    assert "string_type at profile_summary" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_numbers_are_read_as_stores_are():
    module = {"module_id": "m", "category_key": "c", "title": "t", "summary": "s"}

    def minutes(value):
        return answers.PlannedModule.model_validate({**module, "estimated_minutes": value}).estimated_minutes

    assert [minutes(value) for value in ("75", 75.0, True, 0, -5, None)] == [75, 75, 1, None, None, None]


@pytest.mark.parametrize("weight", [-2, "-0.5", -0.0])
def test_weights_are_at_least_zero(weight):
    category = answers.PlannedCategory.model_validate(
        {"key": "k", "label": "l", "description": "d", "weight": weight, "starting_rating": -40}
    )

    assert (str(category.weight), category.starting_rating) == ("0.0", 0)


def test_unknown_words_of_the_goal_parser_count_as_the_defaults():
    track = answers.ParsedTrack.model_validate(
        {
            "track_id": "t",
            "label": "l",
            "priority": "soon",
            "confidence": "certain",
            "recommended_modules": [{"module_id": "m", "category_key": "c", "priority": "urgent"}],
        }
    )

    assert (track.priority, track.confidence, track.recommended_modules[0].priority) == (
        "now",
        "medium",
        "core",
    )


@pytest.mark.parametrize(
    "member", [{"score": 1.01}, {"score": None}, {"confidence": "HIGH"}, {"strengths": None}]
)
def test_grades_out_of_range_do_not_fit(member):
    task = {"task_id": "t", "score": 0.5, "feedback": "f", **member}

    with pytest.raises(UnusableAnswer):
        reading.fit(answers.Grades, {"overall_feedback": "o", "tasks": [task]})


def test_grades_without_a_task_do_not_fit():
    with pytest.raises(UnusableAnswer):
        reading.fit(answers.Grades, {"overall_feedback": "o", "tasks": []})
