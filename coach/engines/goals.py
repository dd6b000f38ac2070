"""What a goal asks for when no language model can be asked, and how many weeks its tracks take."""

import datetime as dt
from collections.abc import Sequence

from coach.documents import authored
from coach.documents.base import LARGEST_COUNT
from coach.documents.curriculum import GoalInference, Track

MODULE_WEEKS = 3
TRACK_WEEKS_LEAST = 6
HEAVY_TRACK_WEIGHT = 1.3
HEAVY_TRACK_WEEKS_LEAST = 8


# The words that ask for a track (without words every goal does), and the track.
_TRACKS = [
    (entry["words"], Track.model_validate(entry["track"])) for entry in authored.beside(__file__)["tracks"]
]


def tracks_for(goal: str) -> list[Track]:
    """The foundation tracks that the words of a goal ask for: one to three, programming first."""
    wording = goal.lower()
    return [track for words, track in _TRACKS if not words or any(word in wording for word in words)]


def infer(goal: str, *, now: dt.datetime) -> GoalInference:
    """The inference that is made from the words of a goal alone; the goal is kept as sent."""
    tracks = tracks_for(goal)
    return GoalInference(
        generated_at=now,
        summary=f"Read from the words of the goal: start with {authored.joined([track.label for track in tracks])}.",
        target_outcomes=[goal],
        tracks=tracks,
        missing_templates=["Modules written for this goal: the catalogue covers its foundations only."],
    )


def track_weeks(weight: float, module_weeks: Sequence[int]) -> int:
    """How many weeks a track takes that does not say so: its modules', but not fewer than 6.

    A track that weighs 1.3 or more takes 8 weeks at least. `module_weeks` holds the weeks of each
    recommended module; the answer is held to the largest count that the documents can carry.
    """
    least = HEAVY_TRACK_WEEKS_LEAST if weight >= HEAVY_TRACK_WEIGHT else TRACK_WEEKS_LEAST
    return min(max(least, sum(module_weeks)), LARGEST_COUNT)


def fill_missing_weeks(inference: GoalInference) -> GoalInference:
    """The inference with weeks for every module and every track; the same object where none lacked."""
    tracks = [_with_weeks(track) for track in inference.tracks]
    return inference if tracks == inference.tracks else inference.model_copy(update={"tracks": tracks})


def _with_weeks(track: Track) -> Track:
    modules = [
        module if module.suggested_weeks else module.model_copy(update={"suggested_weeks": MODULE_WEEKS})
        for module in track.recommended_modules
    ]
    weeks = track_weeks(track.weight, [module.suggested_weeks or 0 for module in modules])
    changes = {"recommended_modules": modules, "suggested_weeks": track.suggested_weeks or weeks}
    return track.model_copy(update=changes)
