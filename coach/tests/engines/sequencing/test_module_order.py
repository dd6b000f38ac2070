"""Which categories a learner has, and in which order their modules are taken."""

from __future__ import annotations

import random

import pytest

from coach.engines.sequencing import module_order, standings
from coach.engines.sequencing.module_order import Unit
from coach.tests.engines.learners import category, learner, module, outcome, result, track


def standing(profile, key):
    return next(entry for entry in standings.of_profile(profile) if entry.key == key)


def keys(profile):
    return [entry.key for entry in standings.of_profile(profile)]


def ordered(profile):
    return [unit.module.module_id for unit in module_order.ordered(standings.of_profile(profile))]


class TestCategories:
    def test_the_plan_comes_first_then_rated_keys_outside_it_in_snapshot_order(self):
        ada = learner(category("sql"), category("git"), ratings={"zoo": 1000, "git": 1200, "art": 900})
        assert keys(ada) == ["sql", "git", "zoo", "art"]

    def test_a_repeated_key_keeps_its_first_place_and_takes_the_later_definition(self):
        ada = learner(
            category("sql", weight=1), category("git", weight=2), category("sql", label="SQL", weight=5)
        )
        assert keys(ada) == ["sql", "git"]
        assert standing(ada, "sql").label == "SQL"
        assert standing(ada, "sql").weight == 5 / 8, "all three entries count in the total"

    def test_weights_are_shares_of_the_plan(self):
        ada = learner(category("sql", weight=3), category("git", weight=1))
        assert [entry.weight for entry in standings.of_profile(ada)] == [0.75, 0.25]

    def test_weights_that_add_up_to_nothing_stay_nothing(self):
        ada = learner(category("sql", weight=0), category("git", weight=0))
        assert [entry.weight for entry in standings.of_profile(ada)] == [0, 0]

    def test_a_rated_key_outside_the_plan_shares_with_all_rated_keys(self):
        ada = learner(category("sql"), ratings={"sql": 1000, "zoo": 1000, "art": 1000})
        assert standing(ada, "zoo").weight == 1 / 3

    def test_a_label_that_is_missing_is_made_from_the_key(self):
        ada = learner(category("unit-testing", label=""), ratings={"web-apis": 1000})
        assert [entry.label for entry in standings.of_profile(ada)] == ["Unit Testing", "Web Apis"]

    def test_the_rating_is_the_rated_value_even_where_it_is_zero_else_the_starting_rating(self):
        ada = learner(category("sql"), category("git", starting_rating=1250), ratings={"sql": 0})
        assert [entry.rating for entry in standings.of_profile(ada)] == [0, 1250]

    def test_the_last_outcome_of_a_category_counts(self):
        ada = learner(
            category("sql"), result=result(outcome("sql", average=0.1), outcome("sql", average=0.9))
        )
        assert standing(ada, "sql").outcome.average_score == 0.9

    def test_a_category_without_modules_gets_a_primer_and_foreign_modules_take_no_part(self):
        ada = learner(category("sql"), modules=(module("m1", "elsewhere"),))
        (primer,) = standing(ada, "sql").modules
        assert (primer.module_id, primer.estimated_minutes, primer.tier) == ("sql-primer", 45, 1)


class TestTrackWeight:
    def test_it_is_the_largest_of_the_tracks_that_recommend_a_module(self):
        ada = learner(
            category("sql"), tracks=(track("a", "sql", weight=0.5), track("b", "sql", "git", weight=1.4))
        )
        assert standing(ada, "sql").track_weight == 1.4

    def test_a_weight_of_zero_counts_as_one(self):
        ada = learner(category("sql"), tracks=(track("a", "sql", weight=0),))
        assert standing(ada, "sql").track_weight == 1.0

    def test_a_track_without_modules_speaks_for_the_category_of_its_name(self):
        ada = learner(category("sql"), tracks=(track("sql", weight=1.7),))
        assert standing(ada, "sql").track_weight == 1.7

    def test_but_not_where_another_track_spoke_before(self):
        ada = learner(category("sql"), tracks=(track("a", "sql", weight=0.5), track("sql", weight=1.7)))
        assert standing(ada, "sql").track_weight == 0.5

    def test_blanks_around_ids_and_categories_of_tracks_count_for_nothing(self):
        ada = learner(
            category("sql"),
            category("git"),
            tracks=(track(" sql", weight=1.7), track("x", "git ", weight=1.2)),
        )
        assert [standing(ada, key).track_weight for key in ("sql", "git")] == [1.7, 1.2]

    def test_a_recommendation_without_a_category_counts_for_none(self):
        ada = learner(category("sql"), tracks=(track("sql", " ", weight=1.7),))
        assert standing(ada, "sql").track_weight == 0

    def test_a_category_that_no_track_wants_has_none(self):
        assert standing(learner(category("sql")), "sql").track_weight == 0


class TestPriority:
    def test_of_a_category_that_was_never_assessed(self):
        ada = learner(category("sql"), ratings={"sql": 1000}, tracks=(track("sql", weight=2.0),))
        assert standing(ada, "sql").priority == 1.25 + 1.0 + 0.5 + 1.2

    def test_of_an_assessed_category(self):
        ada = learner(
            category("sql"), ratings={"sql": 1000}, result=result(outcome("sql", average=0.7, delta=-80))
        )
        assert standing(ada, "sql").priority == pytest.approx(1.25 + 1.0 + 0.5 + 0.2)

    def test_a_high_rating_and_a_full_score_leave_little(self):
        ada = learner(category("sql"), ratings={"sql": 1900}, result=result(outcome("sql", average=1.0)))
        assert standing(ada, "sql").priority == pytest.approx(1.25 + 0 + 0.2)


class TestOrder:
    def test_the_most_urgent_category_comes_first(self):
        ada = learner(
            category("sql"),
            category("git"),
            modules=(module("a", "sql"), module("b", "git")),
            ratings={"sql": 1200, "git": 800},
        )
        assert ordered(ada) == ["b", "a"]

    def test_ties_go_to_the_smaller_id_by_code_point(self):
        ada = learner(category("sql"), modules=(module("b", "sql"), module("a", "sql"), module("Z", "sql")))
        assert ordered(ada) == ["Z", "a", "b"]

    def test_a_module_waits_for_its_prerequisites_across_categories(self):
        ada = learner(
            category("sql"),
            category("git"),
            modules=(module("a", "sql"), module("b", "git", needs=("a",))),
            ratings={"sql": 1200, "git": 800},
        )
        assert ordered(ada) == ["a", "b"]

    def test_taking_one_may_release_others_at_once(self):
        ada = learner(
            category("sql"),
            modules=(module("a", "sql", needs=("z",)), module("m", "sql"), module("z", "sql")),
        )
        assert ordered(ada) == ["m", "z", "a"]

    def test_a_higher_tier_waits_for_all_lower_tiers_of_its_category(self):
        ada = learner(
            category("sql"),
            category("git"),
            modules=(
                module("a", "sql", tier=3),
                module("b", "sql", tier=2),
                module("c", "sql", tier=1),
                module("d", "sql"),
                module("e", "git", tier=2),
            ),
        )
        assert ordered(ada) == ["c", "b", "a", "d", "e"], "without a tier nothing is waited for"

    def test_unknown_ids_and_the_module_itself_are_ignored(self):
        ada = learner(
            category("sql"), modules=(module("a", "sql", needs=("a", "gone", "b")), module("b", "sql"))
        )
        assert ordered(ada) == ["b", "a"]

    def test_a_circle_leaves_urgency_alone_for_all_modules(self):
        ada = learner(
            category("sql"),
            category("git"),
            modules=(
                module("z", "sql", needs=("y",)),
                module("y", "sql", needs=("z",)),
                module("x", "git", needs=("w",)),
                module("w", "git"),
            ),
            ratings={"sql": 1200, "git": 800},
        )
        assert ordered(ada) == ["x", "w", "z", "y"], "curriculum order, and even x before w"

    def test_a_circle_may_run_through_a_tier(self):
        ada = learner(
            category("sql"), modules=(module("b", "sql", tier=1, needs=("a",)), module("a", "sql", tier=2))
        )
        assert ordered(ada) == ["b", "a"]

    def test_of_two_modules_with_one_id_the_later_stands_for_both(self):
        ada = learner(
            category("sql"),
            category("git"),
            modules=(module("a", "git", minutes=30), module("a", "sql"), module("b", "sql")),
        )
        units = module_order.ordered(standings.of_profile(ada))
        assert [
            (unit.module.module_id, unit.category_key, unit.module.estimated_minutes) for unit in units
        ] == [
            ("a", "git", 30),
            ("b", "sql", 45),
        ], "later means category order first"


def units_of(categories: str) -> list[Unit]:
    """One unit for each letter, of the category of that letter, named by letter and place."""
    ada = learner(*(category(key) for key in sorted(set(categories))))
    known = {entry.key: entry for entry in standings.of_profile(ada)}
    return [Unit(module(f"{key}{place}", key), known[key]) for place, key in enumerate(categories)]


def balanced(categories: str) -> str:
    return "".join(unit.category_key for unit in module_order.balanced(units_of(categories)))


class TestVariety:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("a", "a"),
            ("aa", "aa"),
            ("aaa", "aaa"),
            ("aaab", "aaba"),
            ("aaaab", "aabaa"),
            ("aaaaaab", "aabaaaa"),
            ("aaaaabb", "aabaaba"),
            ("baaaa", "baaaa"),
            ("abbba", "abbab"),
        ],
    )
    def test_the_third_in_a_row_makes_place_for_the_nearest_of_another_category(self, before, after):
        assert balanced(before) == after

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("aabb", "aabb"),
            ("aabc", "abca"),
            ("aabbcd", "abcdab"),
            ("ababcc", "abcbac"),
            ("aabbccdd", "abcdacbd"),
        ],
    )
    def test_three_categories_or_more_show_early(self, before, after):
        assert balanced(before) == after

    def test_only_the_first_five_places_are_filled(self):
        assert balanced("aabbccddeeff")[:5] == "abcde"
        assert balanced("abcdeaabf") == "abcdeaabf"

    @pytest.mark.parametrize("seed", range(200))
    def test_it_is_what_the_rules_say_word_for_word(self, seed):
        rng = random.Random(seed)
        categories = "".join(rng.choices("abcd", weights=(8, 3, 2, 1), k=rng.randint(1, 40)))
        names = [unit.module.module_id for unit in module_order.balanced(units_of(categories))]
        assert names == _balanced_by_the_book([f"{key}{place}" for place, key in enumerate(categories)])


def _balanced_by_the_book(names: list[str]) -> list[str]:
    """Whole sweeps until one changes nothing, then the first five places. Names begin with their category."""
    names = list(names)
    while _sweep(names):
        pass
    seen = {names[0][0]}
    if len({name[0] for name in names}) < 3:
        return names
    for place in range(1, min(5, len(names))):
        if names[place][0] in seen:
            later = [other for other in range(place + 1, len(names)) if names[other][0] not in seen]
            if not later:
                break
            names[place], names[later[0]] = names[later[0]], names[place]
        seen.add(names[place][0])
    return names


def _sweep(names: list[str]) -> bool:
    count, changed = 1, False
    for place in range(1, len(names)):
        count = count + 1 if names[place][0] == names[place - 1][0] else 1
        later = [other for other in range(place + 1, len(names)) if names[other][0] != names[place][0]]
        if count >= 3 and later:
            names[place], names[later[0]] = names[later[0]], names[place]
            count, changed = 1, True
    return changed
