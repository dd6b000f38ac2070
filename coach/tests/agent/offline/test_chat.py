import datetime as dt

import pytest

from coach import agent
from coach.agent.errors import Unavailable
from coach.agent.offline import chat, coach, languages, plans, texts
from coach.documents.profile import Profile
from coach.tests import cast
from coach.tests.agent.offline.learners import completed, planned, say, scheduled
from coach.tests.agent.tools.test_functions import Remembered

LEARNER = planned("Learn Python, 5 hours a week", started=dt.timedelta(days=3))
FIRST = LEARNER.curriculum_schedule.items[0]
OFFERED = list({intent["example"]: intent for intent in languages.WORDS["intents"]}.values())


def test_it_answers_where_the_settings_say_so_even_with_a_key(settings):
    settings.AGENT, settings.OPENAI_API_KEY = "offline", "any"

    assert agent.coach() is coach


def test_grades_are_left_to_the_provisional_rule():
    with pytest.raises(Unavailable):
        coach.grade(None, learner_tools=None)


# --- promises ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("intent", OFFERED, ids=lambda intent: intent["name"])
def test_each_question_that_is_offered_is_answered_by_what_it_is_offered_for(intent):
    assert f"“{intent['example']}”" in chat.who_i_am()
    assert chat.intent_of(intent["example"]) == intent["name"]
    text, _ = say(intent["example"], LEARNER)
    assert "I do not understand" not in text
    assert "no material" not in text


@pytest.mark.parametrize(
    ("sentence", "route"),
    [
        (texts.say("move"), "api/profile/noor/schedule/adjust"),
        (texts.say("refresh"), "api/profile/noor/schedule"),
        (texts.say("complete"), "api/session/schedule/complete"),
        (texts.say("no_schedule"), "api/onboarding/plan"),
    ],
)
def test_what_the_learner_is_sent_to_do_has_a_route(sentence, route):
    from django.urls import resolve

    assert sentence
    assert resolve(f"/{route}")


# --- answers from the learner's rows ----------------------------------------------------------------


def test_next_names_the_next_items_and_those_that_were_missed():
    text, shown = say("What's next?", LEARNER)
    upcoming = [item for item in LEARNER.curriculum_schedule.items if item.recommended_day_offset >= 3]

    assert upcoming[0].title in text
    assert shown[0].type == "List"
    assert "planned before today still open" in text


def test_missed_days_are_counted_from_the_rows_without_reproach():
    missed = [item for item in LEARNER.curriculum_schedule.items if item.recommended_day_offset < 3]
    text, _ = say("I missed the last three days", LEARNER)

    assert f"{len(missed)} item" in text
    assert f"“{FIRST.title}”, 3 days ago" in text
    assert texts.say("move") in text


def test_with_progress_a_refresh_is_what_helps():
    assert texts.say("refresh") in say("I missed two days", completed(LEARNER, FIRST.item_id))[0]


def test_nothing_missed_is_said_so():
    assert "Nothing in your schedule was planned before today" in say("I fell behind", planned("Learn Go"))[0]


@pytest.mark.parametrize("minutes", [5, 20, 45, 60, 120])
def test_what_is_offered_for_some_minutes_fits_or_is_said_not_to(minutes):
    text, _ = say(f"I have {minutes} minutes", LEARNER)

    if "fits into" in text and "No item" not in text:
        assert any(
            f"“{item.title}” takes {item.recommended_minutes} minutes" in text
            and item.recommended_minutes <= minutes
            for item in LEARNER.curriculum_schedule.items
        )
    else:
        assert f"No item that you can begin fits into {minutes} minutes" in text


def test_how_am_i_doing_counts_what_is_completed():
    text, _ = say("How am I doing?", completed(LEARNER, FIRST.item_id))

    assert f"1 of {len(LEARNER.curriculum_schedule.items)} items" in text
    assert "no result yet" in text


def test_a_provisional_grade_is_no_result():
    task = {
        "task_id": "t",
        "category_key": "coach-python",
        "task_type": "code",
        "score": 0.5,
        "confidence": "low",
        "feedback": "",
    }
    result = {"submission_id": "s", "evaluated_at": cast.NOON, "overall_feedback": "", "task_results": [task]}
    graded = Profile.model_validate({**dict(LEARNER), "onboarding_assessment_result": result})

    text, _ = say("How am I doing?", graded)

    assert "wait for a grade" in text
    assert "1100" not in text


def test_a_finished_item_is_found_and_said_where_to_mark():
    text, _ = say("I finished First programs: values, names and printing", LEARNER)

    assert FIRST.title in text
    assert texts.say("complete") in text


def test_a_pace_is_kept_and_shapes_the_next_schedule():
    tools = Remembered()
    say("Change my pace to 1 hour a week", LEARNER, tools.learner_tools())
    [(_, changes)] = tools.calls
    slower = scheduled(LEARNER.model_copy(update=changes))
    days = [
        (item.recommended_day_offset, item.recommended_minutes) for item in slower.curriculum_schedule.items
    ]

    assert max(sum(m for other, m in days if day <= other < day + 7) for day, _ in days) <= 60


def test_a_second_pace_replaces_the_first():
    assert (
        plans.with_pace(plans.with_pace("For work", "2 hours a week"), "3 hours a week")
        == "For work [pace: 3 hours a week]"
    )


def test_an_explanation_is_about_what_was_asked():
    assert "def area" in say("Explain functions", LEARNER)[0]
    assert "no material on “black holes”" in say("Explain black holes", LEARNER)[0]


def test_a_quiz_in_the_chat_has_answers():
    text, _ = say("Quiz me on dictionaries", LEARNER)

    assert "Answers:" in text
    assert "prices.get" in text


def test_a_word_inside_of_another_word_is_no_intent():
    assert chat.intent_of("I am a developer of contexts") is None


def test_an_unknown_question_says_so_and_asks_back_about_a_goal_without_a_track():
    text, _ = say("Fnord?", planned("Learn to cook Thai food"))

    assert "I do not understand that." in text
    assert "I have no track for “Learn to cook Thai food”" in text


# --- languages and danger ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "language"),
    [
        ("¿Qué hago ahora con mi plan?", "es"),
        ("Was ist mein nächster Schritt?", "de"),
        ("Que dois-je faire avec mon plan ?", "fr"),
        ("O que eu faço com o meu plano?", "pt"),
        ("次は何ですか", "ja"),
        ("下一步是什么", "zh"),
    ],
)
def test_another_language_gets_a_short_answer_that_says_so(message, language):
    text, _ = say(message, LEARNER)

    assert text.startswith(languages.WORDS["english_only"][language])


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("I want to die", "988"),
        ("I keep thinking about suicide. What is next?", "988"),
        ("Ich will mich umbringen", "0800 111 0 111"),
        ("quiero morirme", "024"),
        ("j'ai envie de me suicider, je ne sais pas", "3114"),
        ("eu quero morrer", "188"),
        ("もう死にたい", "0120-279-338"),
        ("我不想活了", "12356"),
    ],
)
@pytest.mark.parametrize("learner", [None, LEARNER], ids=["nobody", "somebody"])
def test_somebody_in_danger_is_pointed_to_people_and_gets_no_plan(message, number, learner):
    text, shown = say(message, learner)

    assert number in text
    assert shown == []
    assert "lesson" not in text


def test_killing_a_process_is_no_danger():
    assert "988" not in say("How do I kill a process?", LEARNER)[0]


def test_without_a_learner_it_asks_for_the_name():
    assert texts.say("nobody") in say("What is next?", None)[0]


@pytest.mark.parametrize("intent", OFFERED, ids=lambda intent: intent["name"])
def test_somebody_without_a_plan_gets_an_answer_too(intent):
    assert say(intent["example"], Profile.model_validate(cast.FELIX))[0]


def test_a_message_is_read_as_far_as_a_person_writes():
    filler = "word " * 400_000
    assert "planned before today still open" in say("What's next?", LEARNER)[0]
    unread = say(f"{filler} What's next?", LEARNER)
    assert unread == say(filler[: chat.MOST_READ], LEARNER)
    assert "planned before today still open" not in unread[0]
