import pytest

from coach import agent
from coach.agent.errors import Unavailable
from coach.agent.offline import coach
from coach.agent.tools.requests import ChatRequest, GoalRequest, LearnerGoals, TopicRequest
from coach.documents.base import utc_now
from coach.documents.profile import Profile
from coach.tests import cast
from coach.tests.agent.tools.test_functions import Remembered

TOOLS = Remembered().learner_tools()


def amara(**changes):
    items = [
        {
            "item_id": "lesson-plans",
            "kind": "lesson",
            "category_key": "sql-reading",
            "title": "Plans, part 1",
        },
        {
            "item_id": "quiz-plans",
            "kind": "quiz",
            "category_key": "sql-reading",
            "title": "Plans, a check",
            "recommended_day_offset": 2,
        },
    ]
    schedule = {"generated_at": utc_now(), "timezone": "Europe/Berlin", "items": items}
    return Profile.model_validate({**cast.AMARA, "curriculum_schedule": schedule, **changes})


def say(message, learner):
    ask = ChatRequest(
        message=message, history=(), learner=learner, attachments=(), model="", effort="medium", web=False
    )
    return coach.chat(ask, learner_tools=TOOLS)


def on(topic, learner, kind="lesson"):
    return getattr(coach, kind)(TopicRequest(kind=kind, topic=topic, learner=learner), learner_tools=TOOLS)


def test_it_answers_where_the_settings_say_so_even_with_a_key(settings):
    settings.AGENT, settings.OPENAI_API_KEY = "offline", "any"

    assert agent.coach() is coach


def test_everything_it_says_tells_that_it_was_made_by_rule():
    answers = [
        on("joins", amara()).display,
        on("joins", None).display,
        on("joins", amara(), "quiz").display,
        on("joins", amara(), "milestone").display,
        say("hello", amara()).display,
        say("hello", None).display,
    ]

    assert all(coach.SIGNATURE in answer for answer in answers)
    assert coach.MAKER == "rule"


def test_a_lesson_is_the_module_nearest_to_the_topic():
    assert on("all about JOINS", amara()).display.startswith("Joins: Two tables.")


def test_without_a_near_module_it_is_the_one_that_is_scheduled_next():
    assert on("knitting", amara()).display.startswith("Plans: Reading them.")


def test_a_quiz_asks_what_the_assessment_asks_and_shows_the_ratings():
    quiz = on("joins", amara(), "quiz")

    [card] = quiz.widgets
    assert "Reading a join. What does it return?" in card.props["sections"][0]["items"]
    assert quiz.elo == {"sql-reading": 1180}


@pytest.mark.parametrize("kind", ["lesson", "quiz", "milestone"])
@pytest.mark.parametrize("learner", [None, Profile.model_validate(cast.FELIX)])
def test_somebody_without_a_plan_gets_an_answer_too(kind, learner):
    assert on("joins", learner, kind).display


def test_chat_tells_what_comes_next():
    answer = say("What comes next?", amara())

    assert "Plans, part 1" in (answer.display or "")
    assert answer.widgets[0].type == "List"


def test_chat_tells_the_ratings_by_their_labels():
    assert "SQL Reading 1180" in (say("How good am I? my ratings", amara()).display or "")
    assert "no ratings yet" in (say("ratings?", Profile.model_validate(cast.FELIX)).display or "")


def test_chat_tells_the_progress():
    answer = say("how far am I?", amara()).display or ""

    assert "assessment is pending" in answer
    assert "0 of 2 items" in answer


def test_goals_and_grades_are_left_to_the_rules():
    with pytest.raises(Unavailable):
        coach.infer_goals(GoalRequest(goals=LearnerGoals("a", "b", "", ""), tracks=[]))
