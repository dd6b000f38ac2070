"""What a module is made of, how it is split, and on which days it falls."""

from __future__ import annotations

import pytest

from coach.engines.sequencing import module_order, pacing, pieces, standings
from coach.tests.engines.learners import category, days, learner, module, schedule, track


def pieces_of(*modules, tracks=()):
    ada = learner(category("python"), modules=modules, tracks=tracks)
    units = module_order.ordered(standings.of_profile(ada))
    return list(pieces.of_units(units, goal=""))


def by_id(*modules, **options):
    return {piece.item_id: piece for piece in pieces_of(*modules, **options)}


def piece(item_id, minutes):
    return by_id(module("m1", minutes=minutes))[item_id]


def lesson_parts(minutes):
    return [part for part in pieces_of(module("m1", minutes=minutes)) if part.item_id.startswith("lesson")]


def starred(weight=1.3):
    return (track("python", weight=weight),)


class TestPieces:
    def test_the_first_module_has_a_lesson_a_check_a_milestone_and_practice_in_this_order(self):
        assert [(piece.item_id, piece.kind) for piece in pieces_of(module("m1"))] == [
            ("lesson-m1", "lesson"),
            ("quiz-m1", "quiz"),
            ("milestone-python", "milestone"),
            ("reinforce-m1", "lesson"),
        ]

    def test_only_the_first_module_of_all_carries_the_milestone(self):
        found = pieces_of(module("m1"), module("m2"))
        assert [piece.item_id for piece in found if piece.kind == "milestone"] == ["milestone-python"]

    def test_a_track_of_weight_1_3_adds_a_deep_dive_at_the_end(self):
        assert pieces_of(module("m1"), tracks=starred())[-1].item_id == "deepdive-m1"
        assert pieces_of(module("m1"), tracks=starred(1.29))[-1].item_id == "reinforce-m1"

    @pytest.mark.parametrize(
        ("minutes", "lesson", "check", "milestone", "practice", "deep_dive"),
        [
            (45, 45, 30, 90, 45, 60),
            (None, 45, 30, 90, 45, 60),
            (0, 45, 30, 90, 45, 60),
            (5, 30, 30, 90, 45, 60),
            (-7, 30, 30, 90, 45, 60),
            (76, 76, 31, 90, 46, 60),
            (89, 89, 36, 90, 54, 67),
            (90, 90, 36, 120, 54, 68),
            (120, 120, 48, 75, 72, 90),
            (121, 61, 49, 76, 73, 91),
            (200, 100, 80, 115, 120, 75),
        ],
    )
    def test_minutes(self, minutes, lesson, check, milestone, practice, deep_dive):
        found = by_id(module("m1", minutes=minutes), tracks=starred())
        assert [
            found[item_id].minutes
            for item_id in ("lesson-m1", "quiz-m1", "milestone-python", "reinforce-m1", "deepdive-m1")
        ] == [lesson, check, milestone, practice, deep_dive]

    def test_prerequisites_are_the_last_parts_of_what_comes_before(self):
        found = by_id(module("m1", minutes=500), tracks=starred())
        assert found["lesson-m1"].prerequisites == ()
        assert found["quiz-m1"].prerequisites == ("lesson-m1-part5",)
        assert found["milestone-python"].prerequisites == ("lesson-m1-part5", "quiz-m1-part2")
        assert found["reinforce-m1"].prerequisites == ("quiz-m1-part2",)
        assert found["deepdive-m1"].prerequisites == ("reinforce-m1-part3",)

    @pytest.mark.parametrize(
        ("minutes", "effort"),
        [(5, "light"), (30, "light"), (31, "moderate"), (75, "moderate"), (76, "focus")],
    )
    def test_a_lesson_takes_its_effort_from_its_minutes(self, minutes, effort):
        assert piece("lesson-m1", minutes).effort == effort

    @pytest.mark.parametrize(("minutes", "effort"), [(62, "light"), (63, "moderate"), (500, "moderate")])
    def test_a_check_of_up_to_25_minutes_is_light_and_never_more_than_moderate(self, minutes, effort):
        assert piece("quiz-m1", minutes).effort == effort

    def test_the_other_efforts(self):
        found = by_id(module("m1", minutes=45), tracks=starred())
        assert found["milestone-python"].effort == "focus"
        assert found["reinforce-m1"].effort == "moderate"
        assert found["deepdive-m1"].effort == "moderate"
        assert piece("reinforce-m1", 500).effort == "focus"

    def test_effort_is_set_before_short_work_is_rounded_up(self):
        check = piece("quiz-m1", 5)
        assert (check.minutes, check.effort) == (30, "light")


class TestSplitting:
    @pytest.mark.parametrize(
        ("minutes", "parts"),
        [
            (29, [30]),
            (120, [120]),
            (121, [61, 60]),
            (240, [120, 120]),
            (241, [81, 80, 80]),
            (500, [100, 100, 100, 100, 100]),
        ],
    )
    def test_a_lesson_longer_than_a_session_becomes_equal_parts(self, minutes, parts):
        assert [part.minutes for part in lesson_parts(minutes)] == parts

    def test_each_part_follows_the_one_before_and_is_otherwise_alike(self):
        parts = lesson_parts(300)
        assert [(part.item_id, part.prerequisites) for part in parts] == [
            ("lesson-m1", ()),
            ("lesson-m1-part2", ("lesson-m1",)),
            ("lesson-m1-part3", ("lesson-m1-part2",)),
        ]
        assert {(part.kind, part.effort, part.category_key) for part in parts} == {
            ("lesson", "focus", "python")
        }

    def test_parts_are_numbered_for_people_too(self):
        assert [part.texts.title for part in lesson_parts(200)] == [
            "Python lesson: M1 (part 1 of 2)",
            "Python lesson: M1 (part 2 of 2)",
        ]

    def test_a_module_of_absurd_length_is_held_at_a_length_that_can_be_taken(self):
        assert sum(part.minutes for part in lesson_parts(2**62)) == pieces.LONGEST_MODULE


class TestSessions:
    def previous(self, moved):
        ada = learner(category("python"), modules=(module("m1"), module("m2")))
        plain = schedule(ada)
        items = [
            item.model_copy(update={"user_adjusted": place < moved}) for place, item in enumerate(plain.items)
        ]
        return items

    def test_four_a_week_are_usual(self):
        assert pacing.sessions_per_week((), {}) == 4

    @pytest.mark.parametrize(("moved", "sessions"), [(0, 4), (1, 4), (2, 3), (3, 3), (4, 2), (5, 2)])
    def test_fewer_after_several_items_were_moved(self, moved, sessions):
        assert pacing.sessions_per_week(self.previous(moved), {}) == sessions

    @pytest.mark.parametrize(
        ("adjustments", "sessions"),
        [
            ({"a": 20}, 4),
            ({"a": 21}, 3),
            ({"a": 1, "b": 41}, 3),
            ({"a": 42}, 2),
            ({"a": 1, "b": 2, "c": 3}, 4),
            ({"a": 1, "b": 2, "c": 3, "d": 4}, 3),
            ({"a": 1, "b": 2, "c": 3, "d": 21}, 3),
        ],
    )
    def test_fewer_with_far_or_many_adjustments(self, adjustments, sessions):
        assert pacing.sessions_per_week((), adjustments) == sessions

    def test_never_fewer_than_two(self):
        assert pacing.sessions_per_week(self.previous(4), {"a": 42}) == 2
        assert pacing.sessions_per_week(self.previous(2), {"a": 42}) == 2

    @pytest.mark.parametrize(("sessions", "spacing"), [(2, 4), (3, 2), (4, 2), (5, 1), (6, 1)])
    def test_days_between_sessions_round_halves_to_even(self, sessions, spacing):
        assert pacing.days_between(sessions) == spacing


class TestDays:
    def test_items_come_every_second_day_and_a_short_check_shares_its_lesson_s_day(self):
        ada = learner(category("python"), modules=(module("m1", minutes=45),))
        assert list(days(schedule(ada)).items())[:4] == [
            ("lesson-m1", 0),
            ("quiz-m1", 0),
            ("milestone-python", 2),
            ("reinforce-m1", 4),
        ]

    @pytest.mark.parametrize(("minutes", "check", "day"), [(87, 35, 0), (88, 36, 2)])
    def test_a_check_of_more_than_35_minutes_gets_a_day_of_its_own(self, minutes, check, day):
        items = schedule(learner(category("python"), modules=(module("m1", minutes=minutes),))).items
        quiz = next(item for item in items if item.item_id == "quiz-m1")
        assert (quiz.recommended_minutes, quiz.recommended_day_offset) == (check, day)

    def test_only_the_piece_right_before_counts(self):
        first, check, milestone, _ = pieces_of(module("m1"))
        placed = pacing.placed([first, milestone, check], every=2)
        assert [entry.day for entry in placed] == [0, 2, 4]
