"""What keeps a schedule going for half a year."""

from __future__ import annotations

from coach.engines.sequencing import long_range, module_order, pacing, pieces, standings
from coach.tests.engines.learners import category, days, learner, module, schedule, track


def review(profile):
    """Refreshers and checkpoints with their days."""
    found = days(schedule(profile)).items()
    return [(item_id, day) for item_id, day in found if item_id.startswith(("refresh-", "checkpoint-"))]


class TestOneCategory:
    ada = learner(category("sql"), modules=(module("m1", "sql"),))

    def test_refreshers_come_after_21_days_and_checkpoints_after_35_more(self):
        assert review(self.ada) == [
            ("refresh-sql-25", 25),
            ("checkpoint-sql-60", 60),
            ("refresh-sql-81", 81),
            ("checkpoint-sql-116", 116),
            ("refresh-sql-137", 137),
            ("checkpoint-sql-172", 172),
        ]

    def test_their_minutes_and_efforts_are_fixed(self):
        found = {
            (item.kind, item.recommended_minutes, item.effort_level) for item in schedule(self.ada).items[4:]
        }
        assert found == {("lesson", 42, "moderate"), ("quiz", 34, "moderate")}

    def test_each_follows_the_category_s_latest_item(self):
        items = {item.item_id: item for item in schedule(self.ada).items}
        assert items["refresh-sql-25"].prerequisites == ["reinforce-m1"]
        assert items["checkpoint-sql-60"].prerequisites == ["refresh-sql-25"]
        assert items["refresh-sql-81"].prerequisites == ["checkpoint-sql-60"]

    def test_a_slower_week_widens_the_refresher_gap(self):
        slow = self.ada.model_copy(update={"schedule_adjustments": {"gone": 42}})
        assert review(slow)[:2] == [("refresh-sql-32", 32), ("checkpoint-sql-67", 67)]


class TestSeveralCategories:
    def test_the_weightier_category_returns_first_and_then_they_take_turns(self):
        ada = learner(
            category("sql", weight=1),
            category("git", weight=2),
            modules=(module("m1", "sql"), module("m2", "git")),
        )
        assert [item_id.rsplit("-", 1)[0] for item_id, _ in review(ada)] == [
            "refresh-git",
            "checkpoint-git",
            "refresh-sql",
            "checkpoint-sql",
            "refresh-git",
            "checkpoint-git",
        ]

    def test_of_equal_weight_tracks_decide_then_the_lower_rating_then_plan_order(self):
        two = (category("sql"), category("git"))
        wanted = learner(*two, ratings={"git": 1000, "sql": 900}, tracks=(track("git", weight=0.5),))
        assert review(wanted)[0][0].startswith("refresh-git")
        assert review(learner(*two, ratings={"git": 900, "sql": 1000}))[0][0].startswith("refresh-git")
        assert review(learner(*two))[0][0].startswith("refresh-sql")

    def test_a_category_that_ends_the_list_with_four_in_a_row_waits(self):
        # Git is weightier, but comes last with a lesson in two parts, a check and practice.
        ada = learner(
            category("sql", weight=1),
            category("git", weight=1.05),
            modules=(module("m1", "sql"), module("m2", "git", minutes=200)),
            ratings={"sql": 700, "git": 1300},
        )
        assert [item.category_key for item in schedule(ada).items[4:8]] == ["git"] * 4
        assert review(ada)[0][0].startswith("refresh-sql")

    def test_with_three_in_a_row_it_does_not(self):
        ada = learner(
            category("sql", weight=1),
            category("git", weight=1.05),
            modules=(module("m1", "sql"), module("m2", "git")),
            ratings={"sql": 700, "git": 1300},
        )
        assert review(ada)[0][0].startswith("refresh-git")


class TestEnd:
    def placed(self, last_day):
        ada = learner(category("sql"), modules=(module("m1", "sql"),))
        found = standings.of_profile(ada)
        work = list(pieces.of_units(module_order.ordered(found), goal=""))
        placed = pacing.placed(work, every=2)
        return [*placed[:-1], placed[-1]._replace(day=last_day)], found

    def test_half_a_year_of_work_needs_no_review(self):
        placed, found = self.placed(167)
        assert long_range.Review(placed, found, every=2).extended() == placed

    def test_a_day_less_does(self):
        placed, found = self.placed(166)
        assert [entry.day for entry in long_range.Review(placed, found, every=2).extended()][-2:] == [
            187,
            222,
        ]

    def test_everything_stands_by_day_then_by_id(self):
        ada = learner(*(category(key) for key in ("sql", "git", "web")))
        items = schedule(ada).items
        assert items == sorted(items, key=lambda item: (item.recommended_day_offset, item.item_id))
