"""Learners who finish, miss and move things for weeks: whether any refresh breaks what was promised.

    python -m benchmarks.progress --learners 10000 --days 60

Each day of each learner has a random amount of work (often none), sometimes a moved item, a changed rating, a new
module or another time zone, and often a refresh. AssertionError names the learner and the day. Then the schedule of
one learner is printed week by week.
"""

from __future__ import annotations

import argparse
import datetime as dt
import multiprocessing
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from coach.documents.profile import Profile
from coach.documents.schedule import NO_PROGRESS, Schedule, ScheduleItem, anchor_date, has_progress, zone
from coach.engines.sequencing import module_order, pieces, sequencer, standings
from coach.tests.engines import learners

START = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)
ZONES = ("UTC", "Europe/Berlin", "Asia/Tokyo", "America/Los_Angeles")


@dataclass
class Life:
    """One learner from day to day; `refreshes` counts generations, `completed` completions."""

    rng: random.Random
    profile: Profile
    schedule: Schedule | None = None
    now: dt.datetime = START
    refreshes: int = 0
    completed: int = 0
    warned: int = 0
    history: list[Schedule] = field(default_factory=list)

    def live(self, days: int) -> None:
        """Live for so many days; every refresh is checked. AssertionError names the promise that is broken."""
        self.refresh()
        for day in range(days):
            self.now = START + dt.timedelta(days=day, hours=self.rng.randint(0, 12))
            self._change()
            for _ in range(self.rng.choice((0, 0, 1, 1, 2, 4))):
                self._work()
            if self.rng.random() < 0.5:
                self.refresh()

    def refresh(self, asked: dict[str, int] | None = None) -> None:
        """Generate, and hold the result to what was promised."""
        before = self.schedule
        asked = dict(self.profile.schedule_adjustments) if asked is None else asked
        generated = sequencer.generate(self.profile, previous=before, adjustments=asked, now=self.now)
        self.refreshes += 1
        self.warned += bool(generated.schedule.warnings)
        for promise in broken(self.profile, before, generated.schedule, asked=asked, now=self.now):
            raise AssertionError(promise)
        self.schedule = Schedule.model_validate_json(generated.schedule.to_json())
        update = {"schedule_adjustments": generated.adjustments, "timezone": generated.timezone}
        self.profile = self.profile.model_copy(update=update)

    def _work(self) -> None:
        """Launch or complete an item: mostly the next one, sometimes any; rarely undo a completion."""
        assert self.schedule
        place, item = self._picked()
        if item.is_completed:
            changes = {"launch_status": "pending", "last_completed_at": None} | (
                {"launch_status": "in_progress"} if item.last_launched_at else {}
            )
        elif self.rng.random() < 0.25:
            changes = {"launch_status": "in_progress", "last_launched_at": self.now, "active_session_id": "s"}
        else:
            changes = {"launch_status": "completed", "last_completed_at": self.now}
            self.completed += 1
        items = list(self.schedule.items)
        items[place] = item.model_copy(update=changes)
        self.schedule = self.schedule.model_copy(update={"items": items})

    def _picked(self) -> tuple[int, ScheduleItem]:
        assert self.schedule
        items = list(enumerate(self.schedule.items))
        remaining = [entry for entry in items if not entry[1].is_completed]
        if not remaining or self.rng.random() < 0.05:
            return self.rng.choice(items)
        return remaining[0] if self.rng.random() < 0.85 else self.rng.choice(remaining)

    def _change(self) -> None:
        chance = self.rng.random()
        if chance < 0.03:
            self.profile = self.profile.model_copy(update={"timezone": self.rng.choice(ZONES)})
        elif chance < 0.06:
            ratings = {key: self.rng.randint(700, 1500) for key in self.profile.elo_snapshot}
            self.profile = self.profile.model_copy(update={"elo_snapshot": ratings})
        elif chance < 0.08:
            self._add_module()
        elif chance < 0.12:
            self._move()

    def _add_module(self) -> None:
        curriculum = self.profile.curriculum_plan
        assert curriculum
        keys = [entry.key for entry in standings.of_profile(self.profile)]
        added = learners.module(f"late-{len(curriculum.modules)}", self.rng.choice(keys), tier=1)
        update = {"curriculum_plan": curriculum.model_copy(update={"modules": [*curriculum.modules, added]})}
        self.profile = self.profile.model_copy(update=update)

    def _move(self) -> None:
        assert self.schedule
        remaining = [item for item in self.schedule.items if not item.is_completed]
        if remaining:
            item = self.rng.choice(remaining)
            day = item.recommended_day_offset + self.rng.randint(1, 21)
            self.refresh({**self.profile.schedule_adjustments, item.item_id: day})


def broken(
    profile: Profile, before: Schedule | None, after: Schedule, *, asked: dict[str, int], now: dt.datetime
) -> Iterator[str]:
    """What a refresh breaks of what was promised to learners with progress; nothing without progress."""
    if before is None or not any(map(has_progress, before.items)):
        return
    completed = [item for item in before.items if item.is_completed]
    completed_ids = {item.item_id for item in completed}
    planned = [item for item in after.items if not item.is_completed]
    if [item for item in after.items if item.is_completed] != sorted(
        completed, key=lambda item: item.recommended_day_offset
    ):
        yield "a completed item was changed, moved or dropped"
    if completed and _first_day(before) != _first_day(after):
        yield "the dates of completed items moved"
    if len({item.item_id for item in after.items}) != len(after.items):
        yield "an item is planned twice"
    yield from _broken_order(planned, completed_ids)
    yield from _broken_days(after, planned, now=now)
    yield from _lost(profile, before, after)
    for item in planned:
        if item.recommended_day_offset < asked.get(item.item_id, 0):
            yield f"{item.item_id} is planned before the day that was asked for"


def _broken_order(planned: list[ScheduleItem], completed_ids: set[str]) -> Iterator[str]:
    places = {item.item_id: place for place, item in enumerate(planned)}
    for item in planned:
        for key in item.prerequisites:
            if key in completed_ids:
                yield f"{item.item_id} still waits for {key}"
            elif places.get(key, len(planned)) >= places[item.item_id]:
                yield f"{item.item_id} is planned before {key}"


def _broken_days(after: Schedule, planned: list[ScheduleItem], *, now: dt.datetime) -> Iterator[str]:
    today = (anchor_date(now, zone(after.timezone)) - _first_day(after)).days
    minutes: dict[int, int] = defaultdict(int)
    for item in after.items:
        minutes[item.recommended_day_offset] += item.recommended_minutes
    for item in planned:
        if item.recommended_day_offset < today:
            yield f"{item.item_id} is planned before today"
        if minutes[item.recommended_day_offset] > max(120, item.recommended_minutes):
            yield f"day {item.recommended_day_offset} holds {minutes[item.recommended_day_offset]} minutes"
    if max(item.recommended_day_offset for item in after.items) < today + 167:
        yield "the schedule ends within half a year"


def _lost(profile: Profile, before: Schedule, after: Schedule) -> Iterator[str]:
    """Items that vanished, and modules that are neither completed nor planned, or planned out of order."""
    found = {item.item_id: item for item in after.items}
    for item in before.items:
        if item.launch_status == "in_progress" and any(
            getattr(found.get(item.item_id), name, None) != getattr(item, name) for name in NO_PROGRESS
        ):
            yield f"{item.item_id}, which is in progress, lost its identity"
    units = module_order.balanced(module_order.ordered(standings.of_profile(profile)))
    ids = [piece.item_id for piece in pieces.of_units(units, goal=profile.goal)]
    if missing := set(ids) - found.keys():
        yield f"{sorted(missing)[0]} is neither completed nor planned"
    in_plan = set(ids)
    planned = [item.item_id for item in after.items if item.item_id in in_plan and not item.is_completed]
    remaining = [item_id for item_id in ids if not found[item_id].is_completed]
    if planned != remaining:
        yield "the modules are planned out of order"


def _first_day(schedule: Schedule) -> dt.date:
    return anchor_date(schedule.generated_at, zone(schedule.timezone))


def lived(number: int, *, days: int, seed: int) -> Life:
    """A random learner after so many days. AssertionError names learner, day and promise."""
    rng = random.Random(seed + number)
    life = Life(rng, learners.random_profile(rng).model_copy(update={"timezone": rng.choice(ZONES)}))
    try:
        life.live(days)
    except AssertionError as error:
        raise AssertionError(f"learner {number}, day {(life.now - START).days}: {error}") from error
    return life


def _counts(number: int, *, days: int, seed: int) -> tuple[int, int, int]:
    life = lived(number, days=days, seed=seed)
    return life.refreshes, life.completed, life.warned


def many(count: int, *, days: int, seed: int) -> None:
    """Live so many lives, on all processors."""
    started = time.perf_counter()
    with multiprocessing.Pool() as pool:
        counts = pool.map(partial(_counts, days=days, seed=seed), range(count), chunksize=50)
    refreshes, completed, warned = map(sum, zip(*counts, strict=True))
    print(f"{count:,} learners, {days} days each: {refreshes:,} refreshes, {completed:,} items completed, ")
    print(
        f"{warned:,} refreshes after missed items; no promise broken ({time.perf_counter() - started:.0f} s)"
    )


# --- one learner, week by week --------------------------------------------------------------------


def show() -> None:
    """A learner who works on three days of each week, and is away for the third week."""
    modules = [
        learners.module(f"m{number}", key, minutes=60) for number, key in enumerate(("sql", "git") * 3)
    ]
    profile = learners.learner(
        learners.category("sql"), learners.category("git"), modules=tuple(modules), timezone="Europe/Berlin"
    )
    life = Life(random.Random(0), profile)
    life.refresh()
    for day in range(42):
        life.now = START + dt.timedelta(days=day, hours=10)
        if day % 7 == 0:
            life.refresh()
            _print_week(life, day // 7 + 1)
        if day % 7 in (0, 2, 4) and day // 7 != 2:
            _complete_next(life)
    life.now = START + dt.timedelta(days=42, hours=10)
    life.refresh()
    _print_week(life, 7)


def _complete_next(life: Life) -> None:
    assert life.schedule
    today = (life.now.date() - _first_day(life.schedule)).days
    items = [
        item.model_copy(update={"launch_status": "completed", "last_completed_at": life.now})
        if not item.is_completed and item.recommended_day_offset <= today
        else item
        for item in life.schedule.items
    ]
    life.schedule = life.schedule.model_copy(update={"items": items})


def _print_week(life: Life, week: int) -> None:
    schedule = life.schedule
    assert schedule
    first = _first_day(schedule)
    today = (life.now.date() - first).days
    print(f"\nMonday of week {week}, {life.now.date()} (day {today}): {schedule.pacing_overview}")
    for warning in schedule.warnings:
        print(f"  warning: {warning.message}")
    done = [item for item in schedule.items if item.is_completed]
    print(
        f"  completed: {', '.join(f'{item.item_id} ({item.recommended_day_offset})' for item in done) or '-'}"
    )
    planned = [
        item for item in schedule.items if not item.is_completed and item.recommended_day_offset < today + 14
    ]
    for item in planned:
        date = first + dt.timedelta(days=item.recommended_day_offset)
        needs = f", after {', '.join(item.prerequisites)}" if item.prerequisites else ""
        print(f"  {date:%a %d %b}  {item.item_id} ({item.recommended_minutes} minutes{needs})")


def main() -> None:
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--learners", type=int, default=10_000, help="how many learners (%(default)s)")
    parser.add_argument("--days", type=int, default=60, help="how many days each (%(default)s)")
    parser.add_argument("--seed", type=int, default=20260302, help="of the random learners (%(default)s)")
    arguments = parser.parse_args()
    many(arguments.learners, days=arguments.days, seed=arguments.seed)
    show()


if __name__ == "__main__":
    main()
