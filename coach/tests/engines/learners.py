"""Learners to schedule: small ones written out by hand, and random ones."""

from __future__ import annotations

import datetime as dt
import random

from hypothesis import strategies as st

from coach.documents.assessment import CategoryOutcome, GradingResult
from coach.documents.curriculum import Category, Curriculum, EloPlan, Module, ModuleReference, Track
from coach.documents.profile import Profile
from coach.documents.schedule import Schedule
from coach.engines.sequencing import sequencer

NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)

# --- by hand ----------------------------------------------------------------------------------------


def category(
    key: str, *, weight: float = 1.0, label: str | None = None, starting_rating: int = 1100
) -> Category:
    label = key.replace("-", " ").title() if label is None else label
    return Category(key=key, label=label, description="", weight=weight, starting_rating=starting_rating)


def module(
    module_id: str,
    category_key: str = "python",
    *,
    minutes: int | None = 45,
    tier: int | None = None,
    needs: tuple[str, ...] = (),
    title: str | None = None,
) -> Module:
    return Module(
        module_id=module_id,
        category_key=category_key,
        title=module_id.title() if title is None else title,
        summary=f"All about {module_id}.",
        objectives=[f"Use {module_id} once."],
        deliverables=[f"A page on {module_id}"],
        estimated_minutes=minutes,
        tier=tier,
        prerequisite_module_ids=list(needs),
    )


def outcome(category_key: str, *, average: float = 0.5, delta: int = 0) -> CategoryOutcome:
    return CategoryOutcome(
        category_key=category_key, average_score=average, initial_rating=1100, rating_delta=delta
    )


def result(*outcomes: CategoryOutcome, focus_areas: tuple[str, ...] = ()) -> GradingResult:
    return GradingResult(
        submission_id="first",
        evaluated_at=NOW,
        overall_feedback="Fine.",
        focus_areas=list(focus_areas),
        category_outcomes=list(outcomes),
    )


def track(track_id: str, *categories: str, weight: float = 1.0) -> Track:
    references = [ModuleReference(module_id=f"{key}-module", category_key=key) for key in categories]
    return Track(track_id=track_id, label=track_id.title(), weight=weight, recommended_modules=references)


def learner(
    *categories: Category,
    modules: tuple[Module, ...] = (),
    ratings: dict[str, int] | None = None,
    tracks: tuple[Track, ...] = (),
    result: GradingResult | None = None,
    adjustments: dict[str, int] | None = None,
    goal: str = "",
    timezone: str | None = "Europe/Berlin",
) -> Profile:
    """Ada, with these categories in her plan (none: no plan) and these modules in her curriculum."""
    return Profile(
        username="ada",
        goal=goal,
        timezone=timezone,
        elo_snapshot=ratings or {},
        elo_category_plan=EloPlan(generated_at=NOW, categories=list(categories)) if categories else None,
        curriculum_plan=Curriculum(generated_at=NOW, modules=list(modules)),
        onboarding_assessment_result=result,
        foundation_tracks=list(tracks),
        schedule_adjustments=adjustments or {},
        last_updated=NOW,
    )


def generated(profile: Profile, *, previous: Schedule | None = None) -> sequencer.Generated:
    """A generation with the stored adjustments, as a refresh does it."""
    return sequencer.generate(
        profile, previous=previous, adjustments=profile.schedule_adjustments, now=NOW + dt.timedelta(hours=1)
    )


def schedule(profile: Profile, *, previous: Schedule | None = None) -> Schedule:
    return generated(profile, previous=previous).schedule


def days(schedule: Schedule) -> dict[str, int]:
    """Item id → day, in order."""
    return {item.item_id: item.recommended_day_offset for item in schedule.items}


# --- random -----------------------------------------------------------------------------------------

_KEYS = ("python", "data-work", "sql", "testing", "web-apis", "statistics", "git", "design", "writing")
_MINUTES = (None, 0, 5, 29, 30, 31, 45, 60, 75, 76, 87, 90, 119, 120, 121, 150, 200, 240, 241, 500)
_WEIGHTS = (0.0, 0.5, 1.0, 1.0, 1.25, 1.3, 2.0)
_HUGE = (-(2**63), -1, 0, 1, 10**6, 2**62, 2**63 - 1)


def random_profile(rng: random.Random, *, modules: int | None = None) -> Profile:
    """A learner such as there may be: up to nine categories and fourteen modules, all features mixed.

    Cycles, unknown ids and modules that depend on themselves occur; `modules` sets the number of modules.
    """
    keys = rng.sample(_KEYS, rng.randint(1, len(_KEYS)))
    planned = keys[: rng.randint(0, len(keys))]
    rated = rng.sample(keys, rng.randint(0 if planned else 1, len(keys)))
    count = rng.randint(0, 14) if modules is None else modules
    ids = [f"m{number:02}-{rng.choice(('oak', 'zinc', 'alpha'))}" for number in range(count)]
    return learner(
        *(category(key, weight=rng.choice(_WEIGHTS)) for key in planned),
        modules=tuple(_random_module(rng, module_id, ids=ids, keys=keys) for module_id in ids),
        ratings={key: rng.choice((700, 1000, 1100, 1100, 1300, 1500)) for key in rated},
        tracks=tuple(_random_track(rng, keys) for _ in range(rng.randint(0, 2))),
        result=_random_result(rng, keys),
        adjustments=_random_adjustments(rng, ids),
        goal=rng.choice(("", "Ship a small web service", "Learn enough statistics to trust plots " * 2)),
        timezone=rng.choice((None, "UTC", "Europe/Berlin", "Moon/Base")),
    )


def odd_profile(rng: random.Random) -> Profile:
    """A learner as only a broken record holds one: extreme numbers, empty and repeated names, cycles."""
    keys = ("", "a", "a-part2", "-", "ümläut", "a")
    ids = ("", "x", "x-part2", "x-part2-part2", "y")
    categories = [
        category(
            rng.choice(keys), weight=rng.choice((0.0, 5e-324, 1.0, 1e308)), label=rng.choice(("", " ", "A"))
        )
        for _ in range(rng.randint(0, 4))
    ]
    modules = [
        module(
            rng.choice(ids),
            rng.choice(keys),
            minutes=rng.choice(_HUGE),
            tier=rng.choice((None, 1, 2, 2**31 - 1)),
            needs=tuple(rng.choices(ids, k=rng.randint(0, 2))),
            title="",
        )
        for _ in range(rng.randint(0, 4))
    ]
    return learner(
        *categories,
        modules=tuple(modules),
        ratings={rng.choice(keys): rng.choice(_HUGE) for _ in range(rng.randint(0, 3))},
        tracks=(track(rng.choice(keys), rng.choice(keys), weight=rng.choice((0.0, 1e308))),),
        result=result(outcome(rng.choice(keys), delta=rng.choice(_HUGE))),
        adjustments={f"lesson-{rng.choice(ids)}": rng.choice(_HUGE) for _ in range(rng.randint(0, 2))},
        timezone=rng.choice((None, "", " ", "../etc", "Europe", "UTC")),
    )


def profiles() -> st.SearchStrategy[Profile]:
    """Learners such as there may be."""
    return st.randoms(use_true_random=False).map(random_profile)


def odd_profiles() -> st.SearchStrategy[Profile]:
    """Learners as only broken records hold them."""
    return st.randoms(use_true_random=False).map(odd_profile)


def _random_module(rng: random.Random, module_id: str, *, ids: list[str], keys: list[str]) -> Module:
    # Mostly earlier modules, so that most learners have an order; the rest makes cycles and unknown ids.
    earlier = ids[: ids.index(module_id)]
    pool = earlier if rng.random() < 0.95 else [*ids, "unknown"]
    return module(
        module_id,
        rng.choice([*keys, "elsewhere"]),
        minutes=rng.choice(_MINUTES),
        tier=rng.choice((None, None, 1, 2, 3)),
        needs=tuple(rng.sample(pool, min(len(pool), rng.choice((0, 0, 0, 1, 2))))),
    )


def _random_track(rng: random.Random, keys: list[str]) -> Track:
    recommended = rng.sample(keys, min(len(keys), rng.randint(0, 2)))
    return track(rng.choice(keys), *recommended, weight=rng.choice(_WEIGHTS))


def _random_result(rng: random.Random, keys: list[str]) -> GradingResult | None:
    if rng.random() < 0.5:
        return None
    graded = rng.sample(keys, rng.randint(0, len(keys)))
    outcomes = [
        outcome(key, average=rng.choice((0.0, 0.5, 0.83, 1.0)), delta=rng.choice((-80, 0, 40)))
        for key in graded
    ]
    return result(*outcomes, focus_areas=tuple(rng.sample(("loops", "joins", "plots"), rng.randint(0, 3))))


def _random_adjustments(rng: random.Random, ids: list[str]) -> dict[str, int]:
    if rng.random() < 0.6:
        return {}
    kinds = ("lesson", "quiz", "reinforce", "deepdive")
    return {
        f"{rng.choice(kinds)}-{rng.choice([*ids, 'gone'])}": rng.choice((-3, 0, 4, 7, 20, 21, 42, 100))
        for _ in range(rng.randint(1, 5))
    }
