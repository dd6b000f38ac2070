"""Foundation augmentation: categories and modules that goal, tracks and scores call for besides the plan."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean
from typing import Any

from coach.documents import authored
from coach.documents.assessment import GradingResult
from coach.documents.curriculum import (
    Category,
    Curriculum,
    EloPlan,
    GoalInference,
    Module,
    ModuleReference,
    Track,
)
from coach.engines.foundation_catalogue import Foundation, default_foundations

_TEXTS = authored.beside(__file__)
# Below these averages (0 to 1) more is called for, whatever the goal.
SHAKY_AVERAGE = 0.65
LOW_AVERAGE = 0.45
# Averages below which modules of a higher tier are for the learner too, and that tier.
TIERS_BY_AVERAGE = ((0.35, 3), (0.6, 2))

LEAST_WEIGHT = 0.5
MINUTES_PER_WEEK = 180
OBJECTIVES_MOST = 3


@dataclass(frozen=True)
class Augmented:
    """A plan and a curriculum with everything they had before, and the foundations."""

    plan: EloPlan
    curriculum: Curriculum


# --- use cases --------------------------------------------------------------------------------------


def augment(
    *,
    goal: str,
    plan: EloPlan | None,
    curriculum: Curriculum,
    inference: GoalInference | None,
    average: float | None,
    now: dt.datetime,
    catalogue: Mapping[str, Foundation] | None = None,
) -> Augmented:
    """The plan and the curriculum extended by foundations; nothing of either is removed.

    `average` is the mean score, 0 to 1, or None where it is unknown (also for a plan that is being made).
    A plan is made, at `now`, where there is none. `catalogue` is the project's own unless named.
    """
    catalogue = catalogue or default_foundations()
    wishes = _wishes(inference)
    draft = _Draft(plan, curriculum)
    draft.add_criteria(inference.target_outcomes if inference else ())
    for key in _wanted_keys(goal, average, draft, wishes, catalogue):
        entry = catalogue.get(key)
        if entry is None:
            _extend_by_wish(draft, key, wishes[key])
        else:
            _extend_by_entry(draft, entry, wishes.get(key), _tier_limit(average))
    draft.add_criteria(track.notes or "" for track in (inference.tracks if inference else ()))
    return draft.augmented(now)


def report_average(result: GradingResult | None) -> float | None:
    """The mean of a report's outcome averages, else of its task scores, 0 to 1; None without either."""
    if result is None:
        return None
    scores = [outcome.average_score for outcome in result.category_outcomes]
    scores = scores or [task.score for task in result.task_results]
    # statistics.mean rounds once, at the end: a sum of floats could miss a threshold by one bit.
    return mean(scores) if scores else None


def missing_ratings(plan: EloPlan, snapshot: Mapping[str, int]) -> dict[str, int]:
    """The snapshot with the starting rating of each category that it lacks, appended in plan order."""
    ratings = dict(snapshot)
    for category in plan.categories:
        ratings.setdefault(category.key, category.starting_rating)
    return ratings


# --- what is wanted ---------------------------------------------------------------------------------


@dataclass
class _Wish:
    """What the tracks of an inference say of one category key.

    `track` is the first that bears the key as its id or recommends a module of it; `bare` are the tracks of that id
    that recommend no module at all.
    """

    track: Track
    recommended: list[tuple[Track, ModuleReference]] = field(default_factory=list)
    bare: list[Track] = field(default_factory=list)

    @property
    def weight(self) -> float:
        """The largest weight of the tracks that name the key, by a module or by their id."""
        return max(track.weight or 1.0 for track in (*self._recommending(), *self.bare))

    @property
    def focus_areas(self) -> list[str]:
        """The focus areas of the tracks that recommend modules, each once."""
        return list(dict.fromkeys(area for track in self._recommending() for area in track.focus_areas))

    def _recommending(self) -> list[Track]:
        return [track for track, _ in self.recommended]


def _wishes(inference: GoalInference | None) -> dict[str, _Wish]:
    """What the tracks want, by key, in order: the categories of their modules; without modules, their id."""
    wishes: dict[str, _Wish] = {}
    firsts: dict[str, Track] = {}
    for track in inference.tracks if inference else ():
        own_key = track.track_id.strip()
        firsts.setdefault(own_key, track)
        for reference in track.recommended_modules:
            key = reference.category_key.strip()
            wish = wishes.setdefault(key, _Wish(firsts.setdefault(key, track)))
            wish.recommended.append((track, reference))
        if not track.recommended_modules:
            wishes.setdefault(own_key, _Wish(firsts[own_key])).bare.append(track)
    wishes.pop("", None)
    return wishes


def _wanted_keys(
    goal: str, average: float | None, draft: "_Draft", wishes: Mapping[str, _Wish], offered: Collection[str]
) -> list[str]:
    """Each key once: what the tracks want, then what goal and average call for and the plan has not."""
    called_for = (
        key for key in _called_for(goal, average, offered) if key in offered and not draft.has_category(key)
    )
    return list(dict.fromkeys((*wishes, *called_for)))


def _called_for(goal: str, average: float | None, offered: Iterable[str]) -> Iterator[str]:
    yield from _TEXTS["base"]
    wording = " ".join(goal.lower().split())
    for called in _TEXTS["goals"]:
        if any(word in wording for word in called["words"]):
            yield from called["keys"]
    if average is not None and average < SHAKY_AVERAGE:
        yield from _TEXTS["shaky"]
    if average is not None and average < LOW_AVERAGE:
        yield from offered


def _tier_limit(average: float | None) -> int:
    """The highest tier of the catalogue's modules that the learner gets."""
    if average is None:
        return 1
    return next((tier for below, tier in TIERS_BY_AVERAGE if average < below), 1)


# --- the plan and the curriculum while they grow ----------------------------------------------------


class _Draft:
    """A growing plan and curriculum: everything is only ever appended, or strengthened in its place."""

    def __init__(self, plan: EloPlan | None, curriculum: Curriculum) -> None:
        self._plan = plan
        self._curriculum = curriculum
        self._categories = list(plan.categories) if plan else []
        # A repeated key is found at its first place.
        self._places = {category.key: place for place, category in reversed([*enumerate(self._categories)])}
        self._modules = list(curriculum.modules)
        self._module_ids = {module.module_id for module in self._modules}
        self._criteria = list(curriculum.success_criteria)

    def has_category(self, key: str) -> bool:
        return key in self._places

    def add_category(self, category: Category) -> None:
        self._places[category.key] = len(self._categories)
        self._categories.append(category)

    def strengthen(self, key: str, wish: _Wish) -> None:
        """A category that is there gains weight and focus areas from the tracks, and nothing else."""
        category = self._categories[self._places[key]]
        changes = {
            "weight": max(category.weight, wish.weight),
            "focus_areas": _joined(category.focus_areas, wish.focus_areas),
        }
        self._categories[self._places[key]] = category.model_copy(update=changes)

    def next_module_number(self) -> int:
        """One more than there are modules; an id that occurs twice stands for one module."""
        return len(self._module_ids) + 1

    def add_module(self, module: Module) -> None:
        """Adds a module unless its id is taken: a module that is there keeps its own content."""
        if module.module_id not in self._module_ids:
            self._module_ids.add(module.module_id)
            self._modules.append(module)

    def add_criteria(self, texts: Iterable[str]) -> None:
        """Appends the stripped texts that are not blank and not there yet."""
        self._criteria = _joined(self._criteria, [text.strip() for text in texts if text.strip()])

    def augmented(self, now: dt.datetime) -> Augmented:
        plan = self._plan or EloPlan(generated_at=now)
        changes = {"modules": self._modules, "success_criteria": self._criteria}
        return Augmented(
            plan=plan.model_copy(update={"categories": self._categories}),
            curriculum=self._curriculum.model_copy(update=changes),
        )


def _joined(present: Sequence[str], more: Iterable[str]) -> list[str]:
    """The texts that are there, repetitions included, and those of the others that are new, each once."""
    known = set(present)
    return [*present, *(text for text in dict.fromkeys(more) if text not in known)]


# --- catalogue keys ---------------------------------------------------------------------------------


def _extend_by_entry(draft: _Draft, entry: Foundation, wish: _Wish | None, tier_limit: int) -> None:
    key = entry.key
    if not draft.has_category(key):
        draft.add_category(_entry_category(entry, wish))
    elif wish:
        draft.strengthen(key, wish)
    for track, reference in wish.recommended if wish else ():
        draft.add_module(_recommended_module(draft, key, track, reference, entry))
    for module in entry.modules:
        if (module.tier or 1) <= tier_limit:
            draft.add_module(module)
    draft.add_criteria(entry.success_criteria)


def _entry_category(entry: Foundation, wish: _Wish | None) -> Category:
    """The catalogue's category as it stands in a plan."""
    changes: dict[str, Any] = {"weight": max(LEAST_WEIGHT, wish.weight if wish else entry.weight)}
    if wish:
        changes["focus_areas"] = _joined(entry.focus_areas, wish.focus_areas)
    return Category(**{**dict(entry), **changes})


# --- keys that only tracks know ---------------------------------------------------------------------


def _extend_by_wish(draft: _Draft, key: str, wish: _Wish) -> None:
    if not draft.has_category(key):
        draft.add_category(_wished_category(key, wish))
    for track, reference in wish.recommended:
        draft.add_module(_recommended_module(draft, key, track, reference))


def _wished_category(key: str, wish: _Wish) -> Category:
    track = wish.track
    texts = authored.filled(_TEXTS["category"], skill=track.label.strip() or key)
    return Category(
        key=key,
        label=track.label,
        description=_first_filled(track.notes, texts["description"]),
        focus_areas=[area for area in track.focus_areas if area] or [track.label],
        weight=max(LEAST_WEIGHT, wish.weight),
        rubric=texts["rubric"],
    )


def _recommended_module(
    draft: _Draft, key: str, track: Track, reference: ModuleReference, entry: Foundation | None = None
) -> Module:
    """The module that a track recommends for a key: the catalogue's own, else one made for the track."""
    module_id = reference.module_id.strip() or f"{track.track_id}-{draft.next_module_number()}"
    known = entry.find(module_id) if entry else None
    return known or _track_module(module_id, key, track, reference)


def _track_module(module_id: str, key: str, track: Track, reference: ModuleReference) -> Module:
    """A module in the words of the track: one to three objectives, from its first focus areas."""
    texts = authored.filled(
        _TEXTS["module"], skill=track.label.strip() or key, name=module_id.replace("-", " ")
    )
    areas = [area for area in track.focus_areas if area.strip()][:OBJECTIVES_MOST]
    objectives = [_TEXTS["objective"].format(area=area) for area in areas]
    changes = {
        "summary": _first_filled(reference.notes, track.notes, texts["summary"]),
        "objectives": objectives or texts["objectives"],
        "estimated_minutes": MINUTES_PER_WEEK * (reference.suggested_weeks or 1),
    }
    return Module(module_id=module_id, category_key=key, **{**texts, **changes})


def _first_filled(*texts: str | None) -> str:
    """The first text that is more than white space, as it is; one is."""
    return next(text for text in texts if text and text.strip())
