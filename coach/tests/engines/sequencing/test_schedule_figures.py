"""What a schedule says about itself."""

from __future__ import annotations

import datetime as dt
import math

import pytest

from coach.documents.schedule import Rationale
from coach.tests.engines.learners import NOW, category, days, learner, module, schedule

ADA = learner(category("sql", weight=2), category("git"), modules=(module("m1", "sql"), module("m2", "git")))


def allocation(plan, key):
    return next(entry for entry in plan.category_allocations if entry.category_key == key)


def previous(**moved):
    """Ada's schedule in which these items (names with underscores) stand on these days, moved by her."""
    plain = schedule(ADA)
    wanted = {name.replace("_", "-"): day for name, day in moved.items()}
    items = [
        item.model_copy(update={"recommended_day_offset": wanted[item.item_id], "user_adjusted": True})
        if item.item_id in wanted
        else item
        for item in plain.items
    ]
    return plain.model_copy(update={"items": items})


def with_adjustments(**adjustments):
    return ADA.model_copy(
        update={"schedule_adjustments": {name.replace("_", "-"): day for name, day in adjustments.items()}}
    )


class TestFigures:
    plan = schedule(ADA)

    def test_the_horizon_ends_with_the_last_day(self):
        assert self.plan.time_horizon_days == self.plan.items[-1].recommended_day_offset + 1
        assert self.plan.extended_weeks == math.ceil(self.plan.time_horizon_days / 7)

    def test_the_horizon_is_half_a_year_at_least(self):
        long = learner(category("sql"), modules=tuple(module(f"m{n}", "sql", minutes=300) for n in range(20)))
        assert schedule(long).time_horizon_days > 168
        assert schedule(ADA).time_horizon_days >= 168

    def test_weekly_minutes_are_spread_over_the_horizon(self):
        total = sum(item.recommended_minutes for item in self.plan.items)
        assert self.plan.projected_weekly_minutes == round(total / (self.plan.time_horizon_days / 7))

    def test_the_long_range_begins_on_day_90(self):
        later = [item for item in self.plan.items if item.recommended_day_offset >= 90]
        assert self.plan.long_range_item_count == len(later)
        assert self.plan.long_range_category_keys == sorted({item.category_key for item in later})

    def test_sessions_per_week_are_told(self):
        assert self.plan.sessions_per_week == 4

    def test_they_are_those_of_before_the_adjustments(self):
        slow = schedule(with_adjustments(gone=42))
        early = next(item for item in slow.items if item.recommended_day_offset > 42)
        assert early.recommended_day_offset < 90
        moved = schedule(with_adjustments(**{early.item_id: 95}))
        assert days(moved)[early.item_id] == 95
        assert moved.long_range_item_count == slow.long_range_item_count


class TestAllocations:
    def test_minutes_and_shares_most_minutes_first(self):
        plan = schedule(ADA)
        for entry in plan.category_allocations:
            assert entry.planned_minutes == sum(
                item.recommended_minutes for item in plan.items if item.category_key == entry.category_key
            )
        minutes = [entry.planned_minutes for entry in plan.category_allocations]
        assert minutes == sorted(minutes, reverse=True)
        assert [allocation(plan, key).target_share for key in ("sql", "git")] == [0.6667, 0.3333]

    def test_equal_minutes_go_by_key(self):
        ada = learner(*(category(key) for key in ("c", "b", "a")), modules=(module("m1", "z"),))
        plan = schedule(ada)
        ranks = [(-entry.planned_minutes, entry.category_key) for entry in plan.category_allocations]
        assert ranks == sorted(ranks)

    def test_a_category_whose_module_went_to_another_is_listed_with_nothing(self):
        ada = learner(category("sql"), category("git"), modules=(module("m1", "sql"), module("m1", "git")))
        plan = schedule(ada)
        assert allocation(plan, "sql").planned_minutes == 0
        assert plan.rationale_history[-1].related_categories == ["git"]


class TestDeferrals:
    def pressure(self, before, **adjustments):
        entry = allocation(schedule(with_adjustments(**adjustments), previous=before), "git")
        return entry.deferral_count, entry.max_deferral_days, entry.deferral_pressure

    def test_nothing_was_put_off_without_a_previous_schedule(self):
        assert self.pressure(None, lesson_m2=20) == (0, 0, "low")

    def test_an_adjustment_counts_with_the_days_it_adds(self):
        day = days(previous())["lesson-m2"]
        assert self.pressure(previous(), lesson_m2=day + 5) == (1, 5, "medium")
        assert self.pressure(previous(), lesson_m2=day + 21) == (1, 21, "high")
        assert self.pressure(previous(), lesson_m2=day) == (0, 0, "low")
        assert self.pressure(previous(), lesson_m2=-5) == (0, 0, "low")

    def test_a_moved_item_counts_a_day_where_nothing_is_added(self):
        assert self.pressure(previous(lesson_m2=9), lesson_m2=9) == (1, 1, "medium")
        assert self.pressure(previous(lesson_m2=9), lesson_m2=12) == (1, 3, "medium")

    def test_so_does_a_moved_item_without_an_adjustment(self):
        assert self.pressure(previous(lesson_m2=9)) == (1, 1, "medium")

    def test_three_deferrals_are_high_pressure(self):
        before = previous(lesson_m2=9, quiz_m2=9, reinforce_m2=15)
        assert self.pressure(before) == (3, 1, "high")

    def test_each_item_counts_for_its_own_category(self):
        plan = schedule(ADA, previous=previous(lesson_m2=9))
        assert allocation(plan, "sql").deferral_count == 0


class TestRationale:
    def test_related_are_the_two_with_most_minutes_and_all_under_pressure(self):
        ada = learner(
            *(category(key) for key in ("a", "b", "c", "d")),
            modules=(module("m1", "a", minutes=900), module("m2", "b", minutes=700), module("m3", "d")),
            adjustments={"lesson-m3": 200},
        )
        before = schedule(ada.model_copy(update={"schedule_adjustments": {}}))
        entry = schedule(ada, previous=before).rationale_history[-1]
        assert entry.related_categories == ["a", "b", "d"]
        assert len(entry.adjustment_notes) == 1

    def test_there_is_a_note_even_if_nothing_was_put_off(self):
        assert len(schedule(ADA).rationale_history[-1].adjustment_notes) == 1

    @pytest.mark.parametrize(("earlier", "kept"), [(0, 0), (4, 4), (5, 5), (6, 5), (9, 5)])
    def test_the_last_five_entries_stay_before_the_new_one(self, earlier, kept):
        entries = [
            Rationale(generated_at=NOW + dt.timedelta(days=n), headline=f"Entry {n}", summary="")
            for n in range(earlier)
        ]
        before = previous(lesson_m2=9).model_copy(update={"rationale_history": entries})
        history = schedule(ADA, previous=before).rationale_history
        assert history[:-1] == entries[earlier - kept :]
        assert history[-1].headline.startswith("Next up")
