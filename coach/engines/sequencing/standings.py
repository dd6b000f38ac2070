"""Where a learner stands in each category: weight, rating, last result, tracks, and the modules to take."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from coach.documents import authored
from coach.documents.assessment import CategoryOutcome
from coach.documents.curriculum import Category, EloPlan, Module, Track
from coach.documents.profile import Profile

_PRIMER = authored.beside(__file__)


@dataclass(frozen=True)
class Standing:
    """One category of one learner.

    `weight` is the category's share of the plan, `track_weight` the largest weight a track gives it (0: no
    track wants it), `outcome` its last assessment (None: never assessed). `modules` is never empty.
    """

    key: str
    label: str
    weight: float
    rating: int
    outcome: CategoryOutcome | None
    track_weight: float
    modules: tuple[Module, ...]

    @cached_property
    def priority(self) -> float:
        """How urgent the category is; higher comes first. The order of the terms decides exact ties."""
        priority = 1.25 * self.weight + max(0, (1300 - self.rating) / 300)
        if self.outcome is None:
            priority += 0.5
        else:
            priority += max(0.1, 1.2 - self.outcome.average_score)
            priority -= self.outcome.rating_delta / 400
        return priority + 0.6 * self.track_weight


def of_profile(profile: Profile) -> list[Standing]:
    """The learner's categories: the plan's in plan order, then rated keys outside it in snapshot order."""
    plan, result = profile.elo_category_plan, profile.onboarding_assessment_result
    # A key that occurs twice keeps its first place and takes the later definition.
    planned = {category.key: category for category in plan.categories} if plan else {}
    weights = _weights(plan, planned, rated=profile.elo_snapshot)
    labels = {key: _label(key, planned.get(key)) for key in weights}
    # Every category is planned or rated, so one of the two has its rating.
    ratings = {key: category.starting_rating for key, category in planned.items()} | profile.elo_snapshot
    outcomes = {outcome.category_key: outcome for outcome in result.category_outcomes} if result else {}
    tracks = _track_weights(profile.foundation_tracks)
    modules = _modules_by_category(profile)
    return [
        Standing(
            key=key,
            label=label,
            weight=weights[key],
            rating=ratings[key],
            outcome=outcomes.get(key),
            track_weight=tracks.get(key, 0.0),
            modules=tuple(modules.get(key) or [_primer(key, label)]),
        )
        for key, label in labels.items()
    ]


def _weights(plan: EloPlan | None, planned: dict[str, Category], *, rated: Iterable[str]) -> dict[str, float]:
    """Each category's share. Repeated entries of the plan count in the total, as they always did."""
    total = _added(category.weight for category in plan.categories) or len(plan.categories) if plan else 0
    weights = {key: category.weight / total for key, category in planned.items()}
    rated = list(rated)
    return weights | {key: 1 / len(rated) for key in rated if key not in planned}


def _added(numbers: Iterable[float]) -> float:
    """The plain sum, term by term: `sum` rounds differently from Python 3.12 on, which could break ties."""
    total = 0.0
    for number in numbers:
        total += number
    return total


def _track_weights(tracks: Iterable[Track]) -> dict[str, float]:
    """The largest weight that tracks give to each category they recommend modules of.

    A track without recommended modules speaks for the category named like itself, if none did before.
    """
    weights: dict[str, float] = {}
    for track in tracks:
        weight = track.weight or 1.0
        if not track.recommended_modules:
            weights.setdefault(track.track_id.strip(), weight)
        for reference in track.recommended_modules:
            if key := reference.category_key.strip():
                weights[key] = max(weight, weights.get(key, 0.0))
    return weights


def _modules_by_category(profile: Profile) -> dict[str, list[Module]]:
    modules: dict[str, list[Module]] = {}
    for module in profile.curriculum_plan.modules if profile.curriculum_plan else ():
        modules.setdefault(module.category_key, []).append(module)
    return modules


def _label(key: str, category: Category | None) -> str:
    planned = category.label.strip() if category else ""
    return planned or key.replace("-", " ").title().strip() or "General"


def _primer(key: str, label: str) -> Module:
    return Module(module_id=f"{key}-primer", category_key=key, **authored.filled(_PRIMER, label=label))
