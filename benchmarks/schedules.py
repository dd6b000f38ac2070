"""How long generating a schedule takes, and whether what comes out holds what was promised.

    python -m benchmarks.schedules --learners 10000

Generates a first schedule and one with a moved item for random learners, checks each, prints median and p99;
then times learners of 9 categories with ever more modules, to show that time grows with their number only.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import time
from collections import defaultdict

from coach.documents.profile import Profile
from coach.documents.schedule import Schedule
from coach.engines.sequencing import sequencer
from coach.tests.engines import learners

SIZES = (14, 140, 1400, 5000)
KEYS = ("python", "data-work", "sql", "testing", "web-apis", "statistics", "git", "design", "writing")


def main() -> None:
    """Run both parts; AssertionError names the learner whose schedule breaks a promise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--learners", type=int, default=10_000, help="how many learners (default %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=20260302, help="of the random learners (%(default)s)")
    arguments = parser.parse_args()
    many(arguments.learners, seed=arguments.seed)
    growth()


def many(count: int, *, seed: int) -> None:
    """Schedules for `count` random learners, first without and then with a moved item."""
    rng = random.Random(seed)
    seconds: list[float] = []
    for number in range(count):
        profile = learners.random_profile(rng)
        first = timed(profile, None, profile.schedule_adjustments, into=seconds)
        item = rng.choice(first.schedule.items)
        asked = {**first.adjustments, item.item_id: item.recommended_day_offset + rng.randint(1, 21)}
        settled = profile.model_copy(update={"schedule_adjustments": first.adjustments})
        moved = timed(settled, first.schedule, asked, into=seconds)
        check(first, asked=profile.schedule_adjustments, name=f"learner {number}")
        check(moved, asked=asked, name=f"learner {number}, adjusted")
    report(f"{count:,} random learners, {len(seconds):,} schedules", seconds)


def growth() -> None:
    """The same 9 categories with more and more modules, with and without the garbage collector's share."""
    for modules in SIZES:
        profile = wide_profile(modules)
        repeats = max(5, 4000 // modules)
        for collecting in (True, False):
            seconds = repeated(profile, repeats, collecting=collecting)
            title = f"{modules:,} modules in {len(KEYS)} categories"
            per_module = f", {statistics.median(seconds) / modules * 1e6:.0f} µs a module"
            report(title if collecting else f"{title}, garbage collector off", seconds, per_module)


def wide_profile(modules: int) -> Profile:
    """A learner with nine categories and that many modules, with tiers and prerequisites."""
    units = [
        learners.module(
            f"m{number}",
            KEYS[number % len(KEYS)],
            minutes=(30, 45, 60, 90, 180, 240)[number % 6],
            tier=1 + number % 3,
            needs=(f"m{number - 1}",) if number % 5 == 4 else (),
        )
        for number in range(modules)
    ]
    ratings = {key: 900 + 50 * place for place, key in enumerate(KEYS)}
    return learners.learner(*map(learners.category, KEYS), modules=tuple(units), ratings=ratings)


def repeated(profile: Profile, times: int, *, collecting: bool) -> list[float]:
    """Seconds of each of several generations for one learner."""
    seconds: list[float] = []
    gc.collect()
    if not collecting:
        gc.disable()
    try:
        for _ in range(times):
            timed(profile, None, {}, into=seconds)
    finally:
        gc.enable()
    return seconds


def timed(
    profile: Profile, previous: Schedule | None, adjustments: dict[str, int], *, into: list[float]
) -> sequencer.Generated:
    """One generation; its seconds are appended to `into`."""
    began = time.perf_counter()
    outcome = sequencer.generate(profile, previous=previous, adjustments=adjustments, now=learners.NOW)
    into.append(time.perf_counter() - began)
    return outcome


def check(outcome: sequencer.Generated, *, asked: dict[str, int], name: str) -> None:
    """Raises AssertionError where the schedule breaks a promise."""
    plan = outcome.schedule
    days = learners.days(plan)
    ordered = list(days.values())
    assert ordered == sorted(ordered), f"{name}: items are not by day"
    assert plan.time_horizon_days == max(168, ordered[-1] + 1), f"{name}: the horizon misses the last day"
    for item in plan.items:
        assert 30 <= item.recommended_minutes <= 120, f"{name}: {item.item_id} is no session"
        late = [need for need in item.prerequisites if days[need] > item.recommended_day_offset]
        assert not late, f"{name}: {item.item_id} stands before {late}"
        assert item.recommended_day_offset >= asked.get(item.item_id, 0), f"{name}: {item.item_id} early"
    if asked:
        assert fullest_day(plan) <= 120, f"{name}: a day holds more than 120 minutes"


def fullest_day(plan: Schedule) -> int:
    """The minutes of the day that holds most."""
    minutes: dict[int, int] = defaultdict(int)
    for item in plan.items:
        minutes[item.recommended_day_offset] += item.recommended_minutes
    return max(minutes.values())


def report(title: str, seconds: list[float], note: str = "") -> None:
    """One line: median and p99 in milliseconds."""
    ranked = sorted(seconds)
    p99 = ranked[min(len(ranked) - 1, len(ranked) * 99 // 100)]
    print(f"{title}: median {statistics.median(ranked) * 1e3:.2f} ms, p99 {p99 * 1e3:.2f} ms{note}")


if __name__ == "__main__":
    main()
