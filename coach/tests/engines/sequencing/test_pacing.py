"""Items that a learner moved."""

from __future__ import annotations

import itertools

from coach.engines.sequencing import pacing, sequencer
from coach.engines.sequencing.pieces import Piece, Placed
from coach.engines.sequencing.schedule_texts import Texts
from coach.tests.engines.learners import NOW, category, days, generated, learner, module, schedule

MODULES = (module("m1", minutes=60), module("m2", minutes=60))
ADA = learner(category("python"), modules=MODULES)


def placed(*days_and_minutes):
    """Pieces a, b, c, … on these days with these minutes."""
    texts = Texts("", "", (), "", "")
    return [
        Placed(day, Piece(name, "lesson", "python", minutes, "moderate", (), texts))
        for name, (day, minutes) in zip("abcdefgh", days_and_minutes, strict=False)
    ]


def applied(work, **asked):
    return {entry.piece.item_id: entry.day for entry in pacing.adjusted(work, asked)}


class TestPacking:
    def test_a_moved_item_takes_its_day_and_pushes_what_stands_behind_it(self):
        work = placed((0, 60), (2, 60), (4, 60), (20, 60))
        assert applied(work, b=10) == {"a": 0, "b": 10, "c": 10, "d": 20}

    def test_a_full_day_opens_the_next(self):
        work = placed((0, 60), (2, 90), (4, 60), (6, 60), (8, 30))
        assert applied(work, b=10) == {"a": 0, "b": 10, "c": 11, "d": 11, "e": 12}

    def test_nothing_moves_earlier(self):
        assert applied(placed((0, 60), (5, 60)), b=2) == {"a": 0, "b": 5}

    def test_the_first_item_opens_its_own_day(self):
        assert applied(placed((0, 60), (0, 60), (0, 60)), a=3) == {"a": 3, "b": 3, "c": 4}

    def test_an_adjustment_before_the_current_day_waits_for_the_current_day(self):
        assert applied(placed((0, 60), (2, 60), (4, 60)), a=9, c=6) == {"a": 9, "b": 9, "c": 10}

    def test_any_adjustment_even_of_an_unknown_item_makes_days_hold_120_minutes(self):
        assert applied(placed((0, 100), (0, 30)), gone=1) == {"a": 0, "b": 1}

    def test_days_are_held_between_today_and_the_furthest_one(self):
        assert pacing.sound({"a": -4, "b": 3, "c": 10**18}) == {"a": 0, "b": 3, "c": 1_000_000}


class TestGenerated:
    def adjusted(self, **adjustments):
        named = {name.replace("_", "-"): day for name, day in adjustments.items()}
        return generated(ADA.model_copy(update={"schedule_adjustments": named}))

    def test_without_adjustments_a_day_may_hold_more_than_120_minutes(self):
        # A lesson of 87 minutes shares its day with its check of 35.
        plan = schedule(learner(category("python"), modules=(module("m1", minutes=87),)))
        assert sum(item.recommended_minutes for item in plan.items if item.recommended_day_offset == 0) == 122

    def test_with_any_adjustment_it_may_not(self):
        ada = learner(category("python"), modules=(module("m1", minutes=87),), adjustments={"gone": 3})
        found = days(schedule(ada))
        assert (found["lesson-m1"], found["quiz-m1"], found["milestone-python"]) == (0, 1, 2)

    def test_adjusted_items_are_marked_and_get_the_day_they_got(self):
        outcome = self.adjusted(lesson_m2=20, gone=9, quiz_m1=1)
        marked = [item.item_id for item in outcome.schedule.items if item.user_adjusted]
        assert outcome.adjustments == {"quiz-m1": 1, "lesson-m2": 20}
        assert list(outcome.adjustments) == marked == ["quiz-m1", "lesson-m2"], "in the order of the items"

    def test_the_order_stays(self):
        plain = list(days(schedule(ADA)))
        assert list(days(self.adjusted(lesson_m1=19).schedule)) == plain

    def test_horizon_and_cadence_note_follow_the_last_day_the_figures_do_not(self):
        slow = self.adjusted(gone=42).schedule
        last = slow.items[-1]
        later = ADA.model_copy(
            update={"schedule_adjustments": {last.item_id: last.recommended_day_offset + 10}}
        )
        moved = schedule(later)
        assert moved.time_horizon_days == slow.time_horizon_days + 10
        assert f"within {slow.time_horizon_days + 10} days" in moved.cadence_notes
        assert (moved.extended_weeks, moved.projected_weekly_minutes) == (
            slow.extended_weeks,
            slow.projected_weekly_minutes,
        )

    def test_the_request_s_adjustments_are_applied_not_only_the_stored_ones(self):
        stored = ADA.model_copy(update={"schedule_adjustments": {"quiz-m1": 1}})
        outcome = sequencer.generate(
            stored, previous=None, adjustments={"quiz-m1": 1, "lesson-m2": 20}, now=NOW
        )
        assert outcome.adjustments == {"quiz-m1": 1, "lesson-m2": 20}

    def test_an_absurd_day_is_held_at_one_that_has_a_date(self):
        outcome = self.adjusted(lesson_m2=10**18)
        assert outcome.adjustments == {"lesson-m2": pacing.FURTHEST_DAY}
        after = [item.recommended_day_offset for item in outcome.schedule.items]
        assert all(later >= earlier for earlier, later in itertools.pairwise(after))
