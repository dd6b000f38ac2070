"""The sequencer as a whole: what cannot be scheduled, what stays as it is, zones, texts, and odd records."""

from __future__ import annotations

import datetime as dt

import pytest

from coach.documents.schedule import ScheduleWarning, served
from coach.engines.sequencing import sequencer
from coach.tests.engines.learners import (
    NOW,
    category,
    days,
    generated,
    learner,
    module,
    outcome,
    result,
    schedule,
    track,
)


def assessed(*, average=0.456, delta=40, focus_areas=("loops", "joins", "plots")):
    """A change of the learner: the result of the last assessment."""
    last = result(outcome("python", average=average, delta=delta), focus_areas=focus_areas)
    return {"onboarding_assessment_result": last}


ADA = learner(
    category("python"),
    category("sql"),
    modules=(module("m1"), module("m2", "sql")),
    ratings={"python": 1100},
    result=assessed()["onboarding_assessment_result"],
    goal="Read other people's code without fear, and say what it does before running it.",
)


def item(plan, item_id):
    return next(item for item in plan.items if item.item_id == item_id)


class TestUnschedulable:
    def test_neither_a_plan_nor_a_rating(self):
        with pytest.raises(sequencer.Unschedulable, match=r"^Cannot generate a schedule without ELO categ"):
            generated(learner(modules=(module("m1"),)))

    def test_a_plan_without_categories(self):
        empty = ADA.model_copy(
            update={
                "elo_category_plan": ADA.elo_category_plan.model_copy(update={"categories": []}),
                "elo_snapshot": {},
            }
        )
        with pytest.raises(sequencer.Unschedulable, match=r"^No curriculum categories available for seq"):
            generated(empty)

    def test_a_rating_alone_is_enough(self):
        assert days(schedule(learner(ratings={"sql": 1000})))["lesson-sql-primer"] == 0

    def test_a_curriculum_that_no_life_could_hold(self):
        modules = tuple(module(f"m{number}", minutes=2**62) for number in range(200))
        with pytest.raises(sequencer.Unschedulable, match="more than 200,000 items"):
            generated(learner(category("python"), modules=modules))


class TestUnchanged:
    def test_a_second_generation_is_the_first_one_as_it_is(self):
        first = schedule(ADA)
        kept = first.model_copy(
            update={"is_stale": True, "warnings": [ScheduleWarning(message="Try again.", generated_at=NOW)]}
        )
        again = generated(ADA, previous=kept)
        assert again.schedule is kept
        assert not again.changed

    def test_a_changed_one_is_neither_stale_nor_warned_of(self):
        first = schedule(ADA).model_copy(
            update={
                "is_stale": True,
                "warnings": [ScheduleWarning(message="Try again.", generated_at=NOW)],
                "cadence_notes": "Something else.",
            }
        )
        again = generated(ADA, previous=first)
        assert again.changed
        assert (again.schedule.is_stale, again.schedule.warnings) == (False, [])
        assert again.schedule.generated_at == NOW + dt.timedelta(hours=1)

    @pytest.mark.parametrize(
        "update",
        [{"time_horizon_days": 999}, {"cadence_notes": None}, {"items": []}],
        ids=["horizon", "cadence note", "items"],
    )
    def test_one_difference_is_enough(self, update):
        assert generated(ADA, previous=schedule(ADA).model_copy(update=update)).changed

    def test_the_order_of_the_stored_adjustments_carries_no_meaning(self):
        settled = ADA.model_copy(update={"schedule_adjustments": {"lesson-m2": 12, "quiz-m1": 3}})
        first = generated(settled)
        turned = settled.model_copy(
            update={"schedule_adjustments": dict(sorted(first.adjustments.items(), reverse=True))}
        )
        # Once with the marks of the first in view, so that sessions are counted alike.
        second = generated(turned, previous=first.schedule)
        third = generated(
            turned.model_copy(update={"schedule_adjustments": dict(reversed(second.adjustments.items()))}),
            previous=second.schedule,
        )
        assert not third.changed

    def test_an_adjustment_that_vanishes_is_a_change(self):
        first = schedule(ADA)
        forgetful = ADA.model_copy(update={"schedule_adjustments": {"gone": 0}})
        again = generated(forgetful, previous=first.model_copy(update={"items": schedule(forgetful).items}))
        assert again.changed
        assert again.adjustments == {}

    @pytest.mark.parametrize(
        "update",
        [
            {"elo_snapshot": {"python": 1101}},
            assessed(average=0.47),
            assessed(delta=-40),
            assessed(focus_areas=("loops",)),
            {"onboarding_assessment_result": None},
            {"goal": "Read my own code without fear."},
            {"timezone": "Asia/Tokyo"},
        ],
        ids=["rating", "average", "delta", "focus areas", "no result", "goal", "zone"],
    )
    def test_what_learners_are_told_is_a_change(self, update):
        assert generated(ADA.model_copy(update=update), previous=schedule(ADA)).changed

    @pytest.mark.parametrize(
        "update",
        [
            {"goal": ADA.goal[:60] + " Or not."},
            assessed(average=0.4561, focus_areas=("loops", "joins", "maps")),
            {"last_updated": NOW + dt.timedelta(days=3)},
        ],
        ids=["the goal's end", "fractions and later focus areas", "time"],
    )
    def test_what_they_are_not_told_is_none(self, update):
        assert not generated(ADA.model_copy(update=update), previous=schedule(ADA)).changed


class TestTimeZone:
    @pytest.mark.parametrize(
        ("own", "of_schedule", "afterwards"),
        [
            ("Europe/Berlin", "Europe/Berlin", "Europe/Berlin"),
            (None, "UTC", "UTC"),
            ("", "UTC", "UTC"),
            (" Europe/Berlin\n", "Europe/Berlin", " Europe/Berlin\n"),
            ("Moon/Base", None, "Moon/Base"),
            ("../etc", None, "../etc"),
        ],
    )
    def test_of_a_new_schedule(self, own, of_schedule, afterwards):
        fresh = generated(ADA.model_copy(update={"timezone": own}))
        assert (fresh.schedule.timezone, fresh.timezone) == (of_schedule, afterwards)
        assert served(fresh.schedule).timezone == (of_schedule or "UTC")

    def test_nobody_gets_one_where_nothing_is_written(self):
        homeless = ADA.model_copy(update={"timezone": None})
        again = generated(homeless, previous=schedule(homeless))
        assert (again.changed, again.timezone) == (False, None)


class TestTexts:
    def test_every_item_says_what_why_and_when_it_is_done(self):
        blank = {"summary": "", "objectives": [" "], "deliverables": [" "]}
        bare = module("m1", title="").model_copy(update=blank)
        starred = (track("python", weight=2),)
        plan = schedule(learner(category("python", label=""), modules=(bare,), tracks=starred))
        for item in plan.items:
            texts = [item.title, item.summary, item.focus_reason, item.expected_outcome, *item.objectives]
            assert all(text.strip() for text in texts), item.item_id
            assert item.objectives

    def test_a_lesson_speaks_in_the_module_s_own_words(self):
        lesson = item(schedule(ADA), "lesson-m2")
        assert lesson.title == "Sql lesson: M2"
        assert lesson.summary == "All about m2."
        assert lesson.objectives == ["Use m2 once."]
        assert lesson.expected_outcome == "You are done when you have: A page on m2"
        assert lesson.focus_reason.startswith("Sql has not been assessed yet; your rating is 1100.")

    def test_activities_become_numbered_steps(self):
        steps = module("m1").model_copy(update={"activities": ["Read it.", " ", "Run it."]})
        plan = schedule(learner(category("python"), modules=(steps,)))
        assert plan.items[0].summary == "All about m1. Steps: 1. Read it. 2. Run it."

    def test_a_lesson_s_reason_names_score_rating_change_and_goal(self):
        lesson = item(schedule(ADA), "lesson-m1")
        assert lesson.focus_reason == (
            "Your last assessment averaged 46 % here; your rating is 1100. The assessment moved it by +40. "
            "It serves your goal: “Read other people's code without fear, and say what it does…”"
        )

    def test_the_cadence_note_counts_and_names_the_focus(self):
        plan = schedule(ADA)
        note = plan.cadence_notes
        assert f"{len(plan.items)} pieces of work on {len(set(days(plan).values()))} days" in note
        assert f"{sum(item.recommended_minutes for item in plan.items)} minutes in all" in note
        assert note.endswith("Look first at loops and joins.")

    def test_without_focus_areas_it_names_the_categories_that_come_first(self):
        plan = schedule(ADA.model_copy(update={"onboarding_assessment_result": None}))
        assert plan.cadence_notes.endswith("Look first at Python.")


class TestOddRecords:
    def test_five_thousand_modules_of_one_category_and_two_tiers(self):
        modules = tuple(module(f"m{number:04}", tier=1 + number % 2) for number in range(5000))
        plan = schedule(learner(category("python"), modules=modules))
        assert len(plan.items) == 3 * 5000 + 1

    def test_a_circle_of_five_thousand(self):
        modules = tuple(module(f"m{number}", needs=(f"m{(number + 1) % 5000}",)) for number in range(5000))
        assert len(schedule(learner(category("python"), modules=modules)).items) == 3 * 5000 + 1

    def test_ratings_and_changes_of_any_size(self):
        ada = learner(
            category("python"),
            ratings={"python": 2**63 - 1, "sql": -(2**63)},
            result=result(outcome("python", delta=2**63 - 1), outcome("sql", delta=-(2**63))),
        )
        assert schedule(ada).items[0].item_id == "lesson-sql-primer"

    def test_ids_that_collide_after_splitting(self):
        ada = learner(category("python"), modules=(module("x", minutes=200), module("x-part2")))
        ids = [item.item_id for item in schedule(ada).items]
        assert ids.count("lesson-x-part2") == 2, "both are kept: each is a piece of work of its own"

    def test_empty_keys_and_ids(self):
        ada = learner(category("", label=""), modules=(module("", ""),), ratings={"": 1000})
        assert days(schedule(ada))["lesson-"] == 0
