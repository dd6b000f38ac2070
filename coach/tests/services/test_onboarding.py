import threading
import time

import pytest
from django.db import connections

from coach.agent.errors import Unavailable
from coach.documents.base import utc_now
from coach.documents.requests import ResponseEntry
from coach.models import AuditEvent, LearnerProfile, MemoryRecord
from coach.services import learners, onboarding, submissions
from coach.services.keeping import erasing
from coach.services.operations import connections as letting_go
from coach.tests import cast

GOAL = {"json": {"summary": "Steady work", "tracks": [{"track_id": "calm", "label": "Calm", "weight": 1.3}]}}
MODULE = {
    "module_id": "one",
    "category_key": "tides",
    "title": "One",
    "summary": "s",
    "estimated_minutes": 60,
}
CATEGORY = {"key": "tides", "label": "Tides", "description": "d", "starting_rating": 900}
TASK = {
    "task_id": "q",
    "category_key": "tides",
    "title": "Q",
    "task_type": "code",
    "prompt": "p",
    "guidance": "g",
}
PLAN = {
    "json": {
        "profile_summary": " Patient. ",
        "curriculum": {"overview": "o", "modules": [MODULE]},
        "categories": [CATEGORY],
        "assessment": [TASK],
    }
}


def plan(**changes):
    onboarding.plan(**{"username": "Nova", "goal": " Sail by tides ", **changes})
    return LearnerProfile.objects.get(username="nova")


@pytest.mark.django_db
def test_a_plan_replaces_what_was_there_and_keeps_ratings(model):
    cast.learner(
        cast.AMARA, username="nova", elo_snapshot={"old": 1300, "tides": 1250}, schedule_adjustments={"x": 3}
    )
    model.answers(GOAL, PLAN)
    learner = plan(force=True)

    assert learner.plan is not None
    assert [category.key for category in learner.plan.categories][:2] == ["tides", "calm"]
    assert learner.plan.source_goal == "Sail by tides"
    assert learner.plan.strategy_notes == "Patient.\n\nSteady work"
    assert list(learner.ratings)[:3] == ["old", "tides", "calm"]
    assert learner.ratings["tides"] == 1250
    assert "x" not in learner.adjustments


@pytest.mark.django_db
def test_the_assessment_is_stored_extended_and_with_sections(model):
    model.answers(GOAL, PLAN)
    assessment = plan().assessment

    assert assessment is not None
    assert assessment.status == "pending"
    assert [task.task_id for task in assessment.tasks[:3]] == ["q", "tides-concept", "tides-scenario-1"]
    assert [section.section_id for section in assessment.sections][-3:] == ["data", "architecture", "tooling"]
    assert {task.section_id for task in assessment.tasks} >= {"concept", "coding", "data"}


@pytest.mark.django_db
def test_the_schedule_is_there_at_once(model):
    model.answers(GOAL, PLAN)

    assert plan().schedule.items.count() > 5


@pytest.mark.django_db
def test_it_is_kept_who_made_a_plan(model, settings):
    model.answers(GOAL, PLAN)
    plan()
    settings.AGENT = "offline"
    plan(force=True)

    made = AuditEvent.objects.filter(action="plan.made").order_by("id")
    assert [event.detail_members["by"] for event in made] == ["model", "rule"]


@pytest.mark.django_db
def test_the_offline_coach_plans_from_the_catalogue_and_says_so(settings):
    settings.AGENT = "offline"
    learner = plan(goal="Learn data analysis")

    assert learner.plan is not None
    assert "no language model was asked" in (learner.plan.strategy_notes or "")
    assert [category.key for category in learner.plan.categories] == ["coach-data-analysis"]
    assert learner.assessment is not None
    assert learner.assessment.tasks
    assert learner.schedule.items.exists()


@pytest.mark.django_db
def test_a_complete_learner_costs_no_question(model):
    cast.learner(cast.AMARA, username="nova")
    plan(timezone="Asia/Tokyo")

    assert model.requests == []
    assert LearnerProfile.objects.get().timezone == "Asia/Tokyo"


@pytest.mark.django_db
def test_a_kept_inference_is_not_asked_for_again(model):
    model.answers(GOAL, PLAN, PLAN)
    plan()
    plan(force=True, goal="Another goal")

    assert [bool(asked["tools"]) for asked in model.requests] == [False, True, True]
    assert LearnerProfile.objects.get().tracks[0].suggested_weeks == 8


@pytest.mark.django_db
def test_a_module_of_any_length_can_be_scheduled(model):
    module = {**MODULE, "estimated_minutes": 2**62}
    huge = {"json": {**PLAN["json"], "curriculum": {"overview": "o", "modules": [module]}}}
    model.answers(GOAL, huge)

    assert plan().curriculum.modules[0].estimated_minutes == 2**62


@pytest.mark.django_db(transaction=True)
def test_a_learner_who_is_removed_meanwhile_stays_removed(model):
    model.answers(GOAL, {**PLAN, "delay": 0.4})
    raised = []

    def ask():
        try:
            plan()
        except learners.LearnerNotFound as error:
            raised.append(error)
        finally:
            connections.close_all()

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: len(model.requests) == 2)
    erasing.erase(username="nova")
    asking.join()

    assert len(raised) == 1
    assert not LearnerProfile.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_no_connection_is_held_and_nothing_is_locked_while_the_model_thinks(model):
    """The calls take long; meanwhile another writer changes the same learner at once."""
    model.answers({**GOAL, "delay": 0.5}, {"calls": [note("noted")]}, {**PLAN, "delay": 0.5})
    held = []

    def ask():
        held.append(connections["default"])
        try:
            plan()
        finally:
            connections.close_all()

    asking = threading.Thread(target=ask)
    asking.start()
    for round_number in (1, 3):
        until(lambda wanted=round_number: len(model.requests) == wanted)
        assert held[0].connection is None
        learners.update_from_metadata(username="nova", metadata={"knowledge_tags": [f"tag {round_number}"]})
        assert len(model.requests) == round_number, "the model has not answered yet"
    asking.join()

    learner = LearnerProfile.objects.get(username="nova")
    assert learner.tags == ["tag 1", "tag 3"]
    assert learner.plan is not None
    assert MemoryRecord.objects.get().note == "noted"


@pytest.mark.django_db(transaction=True)
def test_the_model_is_never_asked_inside_a_transaction():
    from django.db import transaction

    with transaction.atomic(), pytest.raises(letting_go.StillInTransaction):
        letting_go.release()


@pytest.mark.django_db
def test_without_a_model_the_inference_is_stored_and_no_plan(settings):
    settings.OPENAI_API_KEY = ""
    before = utc_now()

    with pytest.raises(Unavailable):
        plan()
    learner = LearnerProfile.objects.get()
    assert learner.inference is not None
    assert learner.inference.generated_at >= before
    assert learner.plan is None


def note(text):
    return {"name": "learner_memory_write", "arguments": {"username": "nova", "note": text}}


def until(reached, seconds=10.0):
    ends = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < ends, "it never came to that"
        time.sleep(0.01)


@pytest.mark.django_db
def test_a_learner_of_the_coachs_tracks_gets_no_other_foundations_at_planning_or_after_grading(settings):
    settings.AGENT = "offline"
    learner = plan(goal="Learn Rust to analyse data for our api service")
    keys = [category.key for category in learner.plan.categories]
    before = [module.module_id for module in learner.curriculum.modules]
    task = learner.assessment.tasks[0]
    # The rule is the learner's own, whoever answers.
    settings.AGENT = "model"
    submissions.submit(
        username=learner.username,
        answers=[ResponseEntry(task_id=task.task_id, response="An answer.")],
        metadata={},
    )
    learner = LearnerProfile.objects.get()

    assert all(key.startswith("coach-") for key in keys)
    assert [category.key for category in learner.plan.categories] == keys
    assert [module.module_id for module in learner.curriculum.modules] == before


@pytest.mark.django_db
def test_a_new_goal_gets_new_tracks_from_the_offline_coach(settings):
    settings.AGENT = "offline"
    plan(goal="Learn Rust")
    learner = plan(goal="Learn Kotlin", force=True)

    assert [track.track_id for track in learner.tracks] == ["coach-android-kotlin"]
    assert [category.key for category in learner.plan.categories] == ["coach-android-kotlin"]


@pytest.mark.django_db
def test_a_learner_with_the_contracts_tracks_keeps_the_contracts_rules_with_the_offline_coach(
    model, settings
):
    model.answers({"text": "no JSON"}, PLAN)
    plan(goal="Learn Rust")
    settings.AGENT = "offline"
    learner = plan(goal="Learn Kotlin", force=True)

    assert "python-foundations" in [category.key for category in learner.plan.categories]
    assert [track.track_id for track in learner.tracks] == ["foundations-programming"]
