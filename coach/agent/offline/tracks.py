"""The goal tracks of the offline coach: the shape of tracks/*.toml, and their loader. docs/curriculum-authors.md explains it."""

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from coach.documents import authored
from coach.documents.authored import FileFault
from coach.documents.base import Document

FOLDER = Path(__file__).with_name("tracks")

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=80)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
# An excerpt of code keeps its indentation.
Code = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Language = Literal["en", "es", "de", "fr", "pt", "ja", "zh"]
# Words and phrases by language; every language is matched whatever the goal is written in.
Phrases = dict[Language, list[Line]]


class Activity(Document):
    """One thing to do; `minutes` is what a learner of the track's level needs for it."""

    minutes: Annotated[int, Field(ge=5, le=60)]
    text: Line


class Lesson(Document):
    """What the coach teaches: an introduction, small steps, and one example that is worked to the end."""

    intro: Prose
    steps: Annotated[list[Line], Field(min_length=4, max_length=10)]
    example: Code
    example_note: Prose


class Question(Document):
    """A question with its answer; with `options` the answer is one of them, word for word."""

    question: Line
    options: Annotated[list[Line], Field(max_length=5)] = []
    answer: Line
    explanation: Line

    @model_validator(mode="after")
    def _answer_is_an_option(self) -> Self:
        if self.options and (len(self.options) < 3 or self.options.count(self.answer) != 1):
            raise ValueError("options: three to five, and the answer is exactly one of them")
        return self


class Milestone(Document):
    """One finished thing to show at the end of a module."""

    brief: Prose
    deliverables: Annotated[list[Line], Field(min_length=1, max_length=4)]
    success: Annotated[list[Line], Field(min_length=2, max_length=5)]


class Module(Document):
    """A module; its minutes are the sum of its activities'. Without `requires` it follows the module before it."""

    id: Slug
    title: Title
    summary: Line
    tier: Annotated[int, Field(ge=1, le=3)]
    newcomers_only: bool = False
    topics: Annotated[list[Line], Field(min_length=4, max_length=25)]
    objectives: Annotated[list[Line], Field(min_length=2, max_length=5)]
    activities: Annotated[list[Activity], Field(min_length=3, max_length=8)]
    deliverables: Annotated[list[Line], Field(min_length=1, max_length=3)]
    requires: list[Slug] | None = None
    success: Annotated[list[Line], Field(min_length=2, max_length=5)]
    lesson: Lesson
    quiz: Annotated[list[Question], Field(min_length=4, max_length=8)]
    milestone: Milestone

    @property
    def minutes(self) -> int:
        return sum(activity.minutes for activity in self.activities)

    @property
    def activity_lines(self) -> list[str]:
        return [f"{activity.text} ({activity.minutes} minutes)" for activity in self.activities]

    @model_validator(mode="after")
    def _minutes_are_sensible(self) -> Self:
        if not 60 <= self.minutes <= 240:
            raise ValueError(f"the activities take {self.minutes} minutes; a module takes 60 to 240")
        return self


class Task(Document):
    """A task of the assessment, with what a good answer holds."""

    id: Slug
    kind: Literal["concept_check", "code"]
    title: Title
    prompt: Prose
    guidance: Line
    rubric: Annotated[list[Line], Field(min_length=2, max_length=5)]
    minutes: Annotated[int, Field(ge=5, le=45)]
    tier: Annotated[int, Field(ge=1, le=3)] = 1
    starter_code: Code | None = None
    answer_key: Prose

    @model_validator(mode="after")
    def _code_starts_somewhere(self) -> Self:
        if (self.kind == "code") != (self.starter_code is not None):
            raise ValueError("a code task has starter_code, a concept_check has none")
        return self


class Rubric(Document):
    """What a learner does at each of the three levels."""

    exploring: Line
    developing: Line
    proficient: Line


class Track(Document):
    """A goal track: which goals it serves, and everything it teaches."""

    id: Slug
    name: Title
    summary: Line
    names: Phrases
    hints: Phrases = {}
    excluded: Phrases = {}
    not_about: list[Line] = []
    before: Slug | None = None
    technologies: Annotated[list[Line], Field(min_length=1, max_length=8)]
    focus: Annotated[list[Line], Field(min_length=3, max_length=6)]
    prerequisites: list[Line] = []
    success: Annotated[list[Line], Field(min_length=2, max_length=5)]
    rubric: Rubric
    task: Annotated[list[Task], Field(min_length=3, max_length=8)]
    module: Annotated[list[Module], Field(min_length=5, max_length=10)]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if not self.names.get("en"):
            raise ValueError("names: 'en' needs at least one phrase")
        if {task.kind for task in self.task} != {"concept_check", "code"}:
            raise ValueError("task: needs at least one concept_check and one code task")
        for place, module in enumerate(self.module):
            self._check_order(place, module)
        return self

    def _check_order(self, place: int, module: Module) -> None:
        if not module.id.startswith(f"{self.id}-"):
            raise ValueError(f"module {module.id!r}: the id begins with {self.id + '-'!r}")
        earlier = self.module[:place]
        unknown = set(module.requires or ()) - {other.id for other in earlier}
        if unknown:
            raise ValueError(f"module {module.id!r} requires {sorted(unknown)}, not earlier in the file")
        if any(other.tier > module.tier for other in earlier):
            raise ValueError(f"module {module.id!r}: tiers never fall from one module to the next")


@functools.cache
def catalogue() -> dict[str, Track]:
    """All tracks of the project by id, in order of file name; read once. Raises FileFault."""
    return load(sorted(FOLDER.glob("*.toml")))


def load(paths: Iterable[Path]) -> dict[str, Track]:
    """The tracks of some files by id. Raises FileFault with every fault of every file."""
    tracks, faults = [], []
    for path in paths:
        try:
            track = authored.read(path, Track)
        except FileFault as error:
            faults.append(str(error))
            continue
        tracks.append(track)
        if track.id != path.stem:
            faults.append(f"{path.name}: the id is {track.id!r}, not the name of the file")
    faults += _repeated(tracks)
    if faults:
        raise FileFault("\n".join(faults))
    return {track.id: track for track in tracks}


def unknown_references(tracks: dict[str, Track]) -> list[str]:
    """One sentence per `before` that names no track."""
    return [
        f"{track.id}.toml: {track.before!r} is no track"
        for track in tracks.values()
        if track.before is not None and track.before not in tracks
    ]


def _repeated(tracks: Sequence[Track]) -> list[str]:
    names = [f"task {task.id!r}" for track in tracks for task in track.task]
    names += [f"module {module.id!r}" for track in tracks for module in track.module]
    return [f"{name} is there {count} times" for name, count in Counter(names).items() if count > 1]
