"""What holds for every learner."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coach.documents.schedule import Schedule, served
from coach.engines.sequencing import module_order, pacing, sequencer, standings
from coach.tests.engines import learners

ADJUSTMENTS = st.dictionaries(st.integers(0, 60), st.integers(-5, 200), max_size=6)


def moved(plan: Schedule, picks: dict[int, int]) -> dict[str, int]:
    """The picks (place → day) as adjustments of the schedule's items."""
    return {plan.items[place % len(plan.items)].item_id: day for place, day in picks.items()}


def generate(profile, *, previous, adjustments):
    return sequencer.generate(profile, previous=previous, adjustments=adjustments, now=learners.NOW)


@given(learners.profiles(), ADJUSTMENTS)
def test_no_item_stands_before_what_it_needs(profile, picks):
    first = learners.schedule(profile)
    for plan in (first, generate(profile, previous=first, adjustments=moved(first, picks)).schedule):
        days = learners.days(plan)
        for item in plan.items:
            for prerequisite in item.prerequisites:
                assert days[prerequisite] <= item.recommended_day_offset


@given(learners.profiles())
def test_modules_keep_their_dependencies_unless_they_run_in_a_circle(profile):
    found = standings.of_profile(profile)
    units = module_order.ordered(found)
    assert [unit.module.module_id for unit in units] == _ordered_by_the_book(found)


@given(learners.profiles(), ADJUSTMENTS)
def test_adjusted_days_hold_120_minutes_and_nothing_stands_earlier_than_asked(profile, picks):
    first = learners.schedule(profile)
    asked = moved(first, picks) or {"gone": 0}
    outcome = generate(profile, previous=first, adjustments=asked)
    minutes: dict[int, int] = defaultdict(int)
    for item in outcome.schedule.items:
        minutes[item.recommended_day_offset] += item.recommended_minutes
        assert item.recommended_day_offset >= asked.get(item.item_id, 0)
    assert max(minutes.values()) <= 120
    days = learners.days(outcome.schedule)
    assert outcome.adjustments == {item_id: days[item_id] for item_id in asked if item_id in days}


@given(learners.profiles(), ADJUSTMENTS)
def test_adjusting_keeps_the_order_and_moves_nothing_earlier(profile, picks):
    asked = moved(learners.schedule(profile), picks)
    found = sequencer._categories(profile)
    planned = sequencer._planned(found, goal="", every=2)
    placed = pacing.adjusted(planned, pacing.sound(asked))
    assert [entry.piece for entry in placed] == [entry.piece for entry in planned]
    assert all(after.day >= before.day for before, after in zip(planned, placed, strict=True))
    assert all(later.day >= earlier.day for earlier, later in pairwise(placed))


@given(learners.profiles(), ADJUSTMENTS)
def test_the_same_learner_gets_the_same_schedule(profile, picks):
    first = learners.schedule(profile)
    asked = moved(first, picks)
    copy = profile.model_validate_json(profile.to_json())
    assert generate(profile, previous=first, adjustments=asked) == generate(
        copy, previous=Schedule.model_validate_json(first.to_json()), adjustments=asked
    )


@given(learners.profiles())
def test_generating_again_changes_nothing_for_a_learner_who_moved_nothing(profile):
    steady = profile.model_copy(update={"schedule_adjustments": {}})
    first = learners.schedule(steady)
    again = learners.generated(steady, previous=Schedule.model_validate_json(first.to_json()))
    assert not again.changed


@given(learners.profiles())
def test_refreshing_again_and_again_settles(profile):
    """What was moved slows the week down, which may move more; after a few times nothing changes any more."""
    outcome = learners.generated(profile)
    for _ in range(9):
        stored = {"schedule_adjustments": outcome.adjustments, "timezone": outcome.timezone}
        profile = profile.model_copy(update=stored)
        outcome = learners.generated(profile, previous=outcome.schedule)
    assert not outcome.changed
    assert len(outcome.schedule.rationale_history) <= 6


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(learners.odd_profiles())
def test_no_record_is_too_odd(profile):
    try:
        outcome = learners.generated(profile)
        outcome = learners.generated(profile, previous=outcome.schedule)
    except sequencer.Unschedulable:
        return
    assert served(outcome.schedule).items
    assert Schedule.model_validate_json(outcome.schedule.to_json()) == outcome.schedule


def _ordered_by_the_book(found) -> list[str]:
    """The rule word for word, in quadratic time."""
    known = {module.module_id: (module, entry) for entry in found for module in entry.modules}
    needs = {module_id: _needs(module, entry, known) for module_id, (module, entry) in known.items()}
    taken: list[str] = []
    while free := [one for one in known if one not in taken and needs[one] <= set(taken)]:
        taken.append(min(free, key=lambda one: (-known[one][1].priority, one)))
    if len(taken) < len(known):
        return sorted(known, key=lambda one: -known[one][1].priority)
    return taken


def _needs(module, entry, known) -> set[str]:
    needs = set(module.prerequisite_module_ids) & set(known)
    for other, other_entry in known.values():
        lower = module.tier and other.tier and other.tier < module.tier
        if lower and other_entry.key == entry.key:
            needs.add(other.module_id)
    return needs - {module.module_id}
