import pytest

from coach.agent.offline import languages, lessons, texts, tracks
from coach.documents.profile import Profile
from coach.tests import cast
from coach.tests.agent.offline.learners import on, planned

MODULES = [(track, module) for track in tracks.catalogue().values() for module in track.module]
RUST = planned("Learn Rust")


@pytest.mark.parametrize(("track", "module"), MODULES, ids=lambda value: value.id)
def test_each_module_teaches_under_its_own_title(track, module):
    lesson, quiz, milestone = (on(module.title, None, kind) for kind in ("lesson", "quiz", "milestone"))

    assert lesson.display.startswith(module.title)
    assert module.lesson.steps[0] in lesson.display
    assert all(
        q.question in quiz.display and q.answer in quiz.display and q.explanation in quiz.display
        for q in module.quiz
    )
    assert module.milestone.brief.strip() in milestone.display


@pytest.mark.parametrize(("track", "module"), MODULES, ids=lambda value: value.id)
def test_each_topic_of_a_module_is_taught_by_a_module_that_names_it(track, module):
    for topic in module.topics:
        found = lessons.find(f"{topic} in {track.name}", None)
        assert found is None or found.module is not None
        direct = lessons.find(topic, None)
        if direct is not None:
            words = {
                lessons._stem(word) for word in topic.lower().replace("-", " ").split() if word.isalpha()
            }
            assert words - {*languages.WORDS["asking"]} <= lessons._known_words(direct)


@pytest.mark.parametrize(
    "topic",
    [
        "knitting",
        "quantum physics",
        "the history of text messages",
        "Thai food",
        "CSS knitting",
        "printing money",
        "",
        "my",
    ],
)
@pytest.mark.parametrize("kind", ["lesson", "quiz", "milestone"])
def test_nothing_foreign_stands_under_an_asked_title(topic, kind):
    answer = on(topic, RUST, kind)

    assert "I have no material on" in answer.display
    assert "Next in your plan is “Rust lesson:" in answer.display
    assert not [widget for widget in answer.widgets if widget.type == "Card"]


def test_css_grid_is_css_grid_also_for_somebody_who_learns_rust():
    answer = on("CSS grid", RUST)

    assert "not in your plan; from the track Web front end" in answer.display
    assert "display: grid" in answer.display


def test_the_learners_own_module_is_preferred():
    assert "Rust" in on("functions", RUST).display or "fn " in on("functions", RUST).display


def test_a_topic_that_speaks_of_self_harm_gets_help():
    assert "emergency" in on("how to kill myself", RUST).display


@pytest.mark.parametrize("kind", ["lesson", "quiz", "milestone"])
def test_every_launched_item_of_a_kind_is_about_itself(kind):
    for item in RUST.curriculum_schedule.items:
        if item.kind == kind:
            answer = on(item.title, RUST, kind, item=item)
            assert answer.display.startswith(item.title)
            others = [module.title for _, module in MODULES if module.title not in item.title]
            assert not [title for title in others if f"\n\n{title}" in answer.display]


def test_a_launched_quiz_has_its_answers():
    item = next(item for item in RUST.curriculum_schedule.items if item.item_id == "quiz-rust-ownership")
    module = next(module for _, module in MODULES if module.id == "rust-ownership")

    assert all(question.answer in on(item.title, RUST, "quiz", item=item).display for question in module.quiz)


def test_a_module_of_another_coach_is_told_by_its_own_words():
    amara = Profile.model_validate(cast.AMARA)

    assert on("Plans", amara).display.startswith("Plans: Reading them.")
    assert on("plans", amara, "quiz").elo == {"sql-reading": 1180}


@pytest.mark.parametrize("kind", ["lesson", "quiz", "milestone"])
def test_everything_says_that_it_was_made_by_rule(kind):
    assert texts.say("signature") in on("ownership", RUST, kind).display
    assert texts.say("signature") in on("knitting", None, kind).display
