"""What generation does with items that the learner has launched or completed."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import progress as lives
from coach.documents.schedule import served
from coach.engines.sequencing import sequencer
from coach.tests.engines.learners import category, days, learner, module, schedule

ADA = learner(
    category("sql"), category("git"), modules=(module("a", "sql"), module("b", "git"), module("c", "sql"))
)
FIRST = schedule(ADA)
START = FIRST.generated_at


def with_progress(plan, day=0, **statuses):
    """The plan with these statuses (`lesson_a="completed"`), reached on that day."""
    when = START + dt.timedelta(days=day)
    times = {"in_progress": "last_launched_at", "completed": "last_completed_at"}
    asked = {name.replace("_", "-"): status for name, status in statuses.items()}
    items = [
        item.model_copy(update={"launch_status": asked[item.item_id], times[asked[item.item_id]]: when})
        if item.item_id in asked
        else item
        for item in plan.items
    ]
    return plan.model_copy(update={"items": items})


def refreshed(previous, *, day=0, profile=ADA, adjustments=None):
    return sequencer.generate(
        profile, previous=previous, adjustments=adjustments or {}, now=START + dt.timedelta(days=day)
    )


def item(plan, item_id):
    (found,) = [item for item in plan.items if item.item_id == item_id]
    return found


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_no_refresh_breaks_a_promise_however_a_learner_lives(number):
    lives.lived(number, days=20, seed=0)


def test_without_progress_days_are_counted_from_today():
    other = ADA.model_copy(update={"goal": "Something else."})
    assert refreshed(FIRST, day=5, profile=other).schedule.generated_at == START + dt.timedelta(days=5)


def test_a_completed_item_stays_as_it_is_and_days_go_on_from_the_same_date():
    before = with_progress(FIRST, lesson_a="completed")
    after = refreshed(before, day=9).schedule
    assert item(after, "lesson-a") == item(before, "lesson-a")
    assert served(after).anchor_date == served(before).anchor_date


def test_a_completed_item_is_no_prerequisite_any_more():
    after = refreshed(with_progress(FIRST, lesson_a="completed"), day=1).schedule
    assert item(FIRST, "quiz-a").prerequisites == ["lesson-a"]
    assert item(after, "quiz-a").prerequisites == []


def test_who_keeps_to_the_plan_keeps_the_plan():
    before = with_progress(FIRST, lesson_a="completed", quiz_a="completed")
    assert days(refreshed(before, day=1).schedule) == days(FIRST)


def test_missed_items_move_to_today_and_push_the_rest():
    before = with_progress(FIRST, lesson_a="completed", quiz_a="completed")
    after = refreshed(before, day=7).schedule
    planned = [(entry, day) for entry, day in days(after).items() if day]
    assert planned[:3] == [("milestone-sql", 7), ("reinforce-a", 9), ("lesson-b", 11)]


def test_missed_items_are_named_in_pacing_and_in_a_warning():
    after = refreshed(with_progress(FIRST, lesson_a="completed"), day=7).schedule
    (warning,) = after.warnings
    assert warning.code == "stale_schedule"
    assert warning.message.startswith("5 pieces of work were planned before today and not completed")
    assert warning.message in after.pacing_overview


def test_refreshing_once_more_on_the_same_day_changes_nothing():
    after = refreshed(with_progress(FIRST, lesson_a="completed"), day=7).schedule
    assert not refreshed(after, day=7).changed


def test_refreshing_twice_changes_nothing_where_a_refresher_was_begun_whose_prerequisite_is_completed():
    refresher = next(entry for entry in FIRST.items if entry.item_id.startswith("refresh-"))
    (needed,) = refresher.prerequisites
    begun = {refresher.item_id.replace("-", "_"): "in_progress", needed.replace("-", "_"): "completed"}
    after = refreshed(with_progress(FIRST, **begun), day=7).schedule
    assert not refreshed(after, day=7).changed


def test_how_far_something_was_put_off_is_counted_from_today():
    before = with_progress(FIRST, day=60, lesson_a="completed")
    late = refreshed(before, day=60).schedule
    after = refreshed(late, day=60, adjustments={"lesson-c": days(late)["lesson-c"] + 1}).schedule
    assert (late.sessions_per_week, after.sessions_per_week) == (4, 4)


def test_a_check_of_what_was_completed_is_due_at_once_and_anything_else_after_a_pause():
    lesson = with_progress(FIRST, day=1, lesson_a="completed")
    assert days(refreshed(lesson, day=1).schedule)["quiz-a"] == 1
    both = with_progress(FIRST, day=1, lesson_a="completed", quiz_a="completed")
    assert days(refreshed(both, day=1).schedule)["milestone-sql"] == 3


def test_completed_work_takes_its_minutes_of_the_day():
    ada = learner(category("sql"), modules=(module("a", "sql", minutes=110), module("b", "sql", minutes=110)))
    early = with_progress(schedule(ada), lesson_b="completed")
    day = days(early)["lesson-b"]
    after = refreshed(early, profile=ada, adjustments={"reinforce-a": day}).schedule
    assert days(after)["reinforce-a"] == day + 1


def test_an_item_in_progress_keeps_what_is_known_of_it():
    before = with_progress(FIRST, lesson_b="in_progress")
    after = refreshed(before, day=30).schedule
    assert item(after, "lesson-b").launch_status == "in_progress"
    assert item(after, "lesson-b").last_launched_at == START


def test_an_item_in_progress_stays_even_when_its_module_is_gone():
    before = with_progress(FIRST, quiz_b="in_progress")
    without = learner(category("sql"), modules=(module("a", "sql"),))
    after = refreshed(before, day=3, profile=without).schedule
    assert days(after)["quiz-b"] == 3
    assert item(after, "quiz-b").prerequisites == []


def test_a_missed_refresher_keeps_its_id_and_its_checkpoint_follows():
    base = [entry.item_id for entry in FIRST.items if not entry.item_id.startswith(("refresh", "check"))]
    before = with_progress(FIRST, day=20, **{entry.replace("-", "_"): "completed" for entry in base})
    missed = next(entry for entry in before.items if entry.item_id.startswith("refresh-"))
    today = missed.recommended_day_offset + 3
    after = refreshed(before, day=today).schedule
    assert days(after)[missed.item_id] == today
    follower = next(
        entry.item_id
        for entry in after.items
        if entry.category_key == missed.category_key and entry.recommended_day_offset > today
    )
    assert follower.startswith("checkpoint-")


def test_adjustments_of_completed_items_are_gone():
    before = with_progress(FIRST, lesson_a="completed")
    assert refreshed(before, adjustments={"lesson-a": 9, "lesson-b": 40}).adjustments == {"lesson-b": 40}


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_dates_of_completed_items_stay_when_the_learner_moves(zone):
    before = with_progress(FIRST, lesson_a="completed")
    moved = ADA.model_copy(update={"timezone": zone})
    after = refreshed(before, profile=moved).schedule
    assert served(after).timezone == zone
    assert served(after).anchor_date == served(before).anchor_date
