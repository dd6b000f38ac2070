"""Legacy stores of any size, made up and repeatable.

    python -m benchmarks.generate_stores --learners 10000 --out DIR

Streams, so that memory does not depend on the number of learners; standard library only. The words are dealt
from a deck, the structure is that of real stores. Learner n of a seed is the same, however many there are.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import random
import re
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

Json = dict[str, Any]

SCHEDULE_ITEMS = 45
MOST_NOTES, FEWEST_NOTES = 64, 56
PENDING_EVERY = 5
FIRST_DAY = dt.datetime(2025, 2, 3, 6, 0, 0)
SENTENCES_IN_DECK = 6_000
COMPACT: Json = {"ensure_ascii": False, "separators": (",", ":")}

# --- words ----------------------------------------------------------------------------------------------

SKILLS = """sql-reading query-plans http-basics api-errors unit-testing shell-habits git-history css-layout
screen-readers focus-order type-hints async-flow linear-models feature-tables chart-reading probability
sensor-noise low-power scene-graphs undo-stacks lesson-planning code-review release-notes log-reading
backups caching parsing regex-care date-handling text-encodings""".split()
GOALS = (
    "Bring the {0} and {1} of a small team into one place, and hand it over by {2}.",
    "Move from copying examples to writing my own tools for {0}; after that, {1}. Deadline: {2}.",
    "Teach colleagues {0} in {2}, without leaving out those who never programmed. Also {1}.",
    "Replace three spreadsheets with something that knows about {0}, then {1}, before {2}.",
)
SEASONS = ("the spring fair", "November", "the next school year", "my sabbatical", "the end of the grant")
VERBS = """sketch rewrite measure explain rename split trace reproduce label compare translate restore
shorten annotate predict unpick rehearse redraw check group undo summarise question sort copy test read hide
count borrow publish weigh swap freeze repair repeat document isolate challenge simplify""".split()
ADJECTIVES = """failing slow quiet borrowed empty oldest half-finished nightly honest careless narrow public
duplicated unnamed missing clever sleepy handwritten shared brittle cheap doubtful Swedish early crowded
invisible patient sticky forgotten tidy noisy second foreign local crooked polite enormous shallow careful
stubborn""".split()
NOUNS = """import row query page loop branch chart form table request copy test button date index function
message deploy calibration backup queue index-card screen label password node margin signal header script
folder letter answer shelf timer question ledger drawing cable socket menu recipe sample column version
notice corner window review mirror token draft pattern battery voice keyboard bucket receipt map lesson
clock accent colleague caretaker café façade naïveté""".split()
PLACES = "after before behind beside against without inside beyond during under for despite near".split()
ENDINGS = (
    "twice|aloud|on paper|from memory|in one sitting|by hand|with a friend|for the second time|"
    "at the library|today|before lunch|without scrolling|as an experiment|in plain words|"
    "one line at a time|until it is dull|with the sound off|and stop there|and say why|"
    "and keep the old one|and note the surprise|if there is time|on the train|and sleep on it|"
    "and show somebody|backwards|and count again|in red|with a ruler|and ask Maëlle"
).split("|")
FIGURES = ("{} of {}", "{} minutes, not {}", "row {}, then {}", "page {} or {}", "{} °C at {} %")
TAGS = ("pace", "wins", "tools", "tone", "calendar", "habits", "people", "question", "reading", "energy")
ZONES = (*"Europe/Berlin America/Halifax Africa/Nairobi Asia/Kolkata Pacific/Auckland UTC".split(), None)
SECTIONS = (("concept", "Ideas first"), ("coding", "Small programs"), ("data", "With a table"))
EFFORTS = ((30, "light"), (75, "moderate"))


def deck_of_sentences(seed: int) -> list[str]:
    """The sentences from which every text of one seed is dealt."""
    rng = random.Random(f"deck/{seed}")
    return [_sentence(rng) for _ in range(SENTENCES_IN_DECK)]


def _sentence(rng: random.Random) -> str:
    deed = f"{rng.choice(VERBS).capitalize()} the {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}"
    text = f"{deed} {rng.choice(PLACES)} the {rng.choice(NOUNS)} {rng.choice(ENDINGS)}"
    if rng.random() < 0.2:
        text += f" ({rng.choice(FIGURES).format(rng.randint(2, 960), rng.randint(2, 960))})"
    return f"{text}."


# --- one learner ----------------------------------------------------------------------------------------


class Dealer:
    """One learner's random choices: sentences, times, ids."""

    def __init__(self, *, seed: int, number: int, deck: list[str]) -> None:
        self.rng = random.Random(f"{seed}/{number}")
        self.username = f"learner-{number:06d}"
        self._deck = deck

    def sentence(self) -> str:
        return self._deck[int(self.rng.random() * len(self._deck))]

    def sentences(self, count: int) -> list[str]:
        return [self.sentence() for _ in range(count)]

    def text(self, count: int) -> str:
        return " ".join(self.sentences(count))

    def maybe(self, share: float) -> str | None:
        return self.sentence() if self.rng.random() < share else None

    def identifier(self) -> str:
        return f"{self.rng.getrandbits(64):016x}"

    def time(self, *, day: int) -> str:
        """An instant within that day after the first, with microseconds."""
        moment = FIRST_DAY + dt.timedelta(days=day, microseconds=int(self.rng.random() * 6e10))
        return moment.isoformat(timespec="microseconds") + "Z"


def learner(dealer: Dealer, *, submissions: int) -> tuple[Json, list[Json]]:
    """A learner's profile and that many submissions, oldest first."""
    rng = dealer.rng
    keys = rng.sample(SKILLS, rng.randint(4, 9))
    modules = _modules(dealer, keys)
    tasks = _tasks(dealer, keys)
    plan = _plan(dealer, keys)
    starts = {category["key"]: category["starting_rating"] for category in plan["categories"]}
    handed_in = [
        _submission(dealer, starts, tasks, day=40 + 550 * number // submissions)
        for number in range(submissions)
    ]
    items = _items(dealer, modules)
    tracks = _tracks(dealer, modules)
    latest = handed_in[-1]["grading"] if handed_in else None
    profile = {
        "username": dealer.username,
        "goal": rng.choice(GOALS).format(*(key.replace("-", " ") for key in keys[:2]), rng.choice(SEASONS)),
        "use_case": dealer.text(2),
        "strengths": dealer.sentence(),
        "timezone": rng.choice(ZONES),
        "knowledge_tags": [key.replace("-", " ") for key in rng.sample(SKILLS, 4)],
        "recent_sessions": [dealer.identifier()[:8] for _ in range(rng.randint(1, 10))],
        "memory_records": _notes(dealer),
        "elo_snapshot": _ratings(starts, latest, rng),
        "memory_index_id": f"vs_{dealer.identifier()}",
        "last_updated": dealer.time(day=600),
        "elo_category_plan": plan,
        "curriculum_plan": {
            "generated_at": dealer.time(day=30),
            "overview": dealer.sentence(),
            "success_criteria": dealer.sentences(2),
            "modules": modules,
        },
        "curriculum_schedule": _schedule(dealer, keys, items),
        "schedule_adjustments": {
            item["item_id"]: item["recommended_day_offset"] for item in items if item["user_adjusted"]
        },
        "onboarding_assessment": _assessment(dealer, tasks, status="completed" if handed_in else "pending"),
        "onboarding_assessment_result": latest,
        "goal_inference": {
            "generated_at": dealer.time(day=29),
            "summary": dealer.sentence(),
            "target_outcomes": dealer.sentences(2),
            "tracks": tracks,
            "missing_templates": [],
        },
        "foundation_tracks": tracks,
    }
    return profile, handed_in


def _notes(dealer: Dealer) -> list[Json]:
    rng = dealer.rng
    return [
        {
            "note_id": dealer.identifier(),
            "note": dealer.sentence(),
            "tags": rng.sample(TAGS, number % 3),
            "created_at": dealer.time(day=31 + 9 * number),
        }
        for number in range(rng.randint(FEWEST_NOTES, MOST_NOTES))
    ]


def _plan(dealer: Dealer, keys: list[str]) -> Json:
    return {
        "generated_at": dealer.time(day=30),
        "source_goal": dealer.sentence(),
        "strategy_notes": dealer.sentence(),
        "categories": [
            {
                "key": key,
                "label": key.replace("-", " ").title(),
                "description": dealer.sentence(),
                "focus_areas": key.split("-"),
                "weight": round(0.5 + dealer.rng.random(), 2),
                "rubric": [
                    {"level": level, "descriptor": dealer.sentence()} for level in ("Exploring", "Proficient")
                ],
                "starting_rating": 900 + 10 * dealer.rng.randrange(40),
            }
            for key in keys
        ],
    }


def _modules(dealer: Dealer, keys: list[str]) -> list[Json]:
    rng = dealer.rng
    modules: list[Json] = []
    for number in range(rng.randint(8, 14)):
        key = keys[number % len(keys)]
        tier = 1 + number // len(keys)
        modules.append(
            {
                "module_id": f"{key}-{tier}",
                "category_key": key,
                "title": f"{key.replace('-', ' ').title()}, part {tier}",
                "summary": dealer.sentence(),
                "objectives": dealer.sentences(1),
                "activities": dealer.sentences(int(number % 4 == 0)),
                "deliverables": dealer.sentences(1),
                "estimated_minutes": rng.choice((None, 45, 60, 90, 110, 150, 180, 240)),
                "tier": rng.choice((tier, None)),
                "prerequisite_module_ids": [f"{key}-{tier - 1}"] if tier > 1 else [],
            }
        )
    return modules


def _tracks(dealer: Dealer, modules: list[Json]) -> list[Json]:
    priorities = ("now", "up_next", "later")
    return [
        {
            "track_id": f"track-{priority}",
            "label": f"Track {module['title']}",
            "priority": priority,
            "confidence": dealer.rng.choice(("low", "medium", "high")),
            "weight": round(0.5 + dealer.rng.random(), 2),
            "technologies": ["Python", "PostgreSQL"][: 1 + (priority == "now")],
            "focus_areas": module["category_key"].split("-"),
            "prerequisites": [],
            "recommended_modules": [
                {
                    "module_id": module["module_id"],
                    "category_key": module["category_key"],
                    "priority": "core",
                    "suggested_weeks": 3,
                    "notes": None,
                }
            ],
            "suggested_weeks": 6,
            "notes": dealer.maybe(0.5),
        }
        for priority, module in zip(priorities, modules, strict=False)
    ]


def _ratings(starts: dict[str, int], grading: Json | None, rng: random.Random) -> dict[str, int]:
    """Today's ratings; their order is a learner's own, neither the plan's nor the alphabet's."""
    outcomes = grading["category_outcomes"] if grading else []
    ratings = starts | {outcome["category_key"]: outcome["initial_rating"] for outcome in outcomes}
    return {key: ratings[key] for key in rng.sample(list(ratings), len(ratings))}


# --- the schedule ---------------------------------------------------------------------------------------


class Piece(NamedTuple):
    """What an item is, before words are dealt for it."""

    item_id: str
    kind: str
    category_key: str
    minutes: int
    prerequisites: list[str]
    day: int = 0


def _items(dealer: Dealer, modules: list[Json]) -> list[Json]:
    """Modules' items every other day, then repeats at long range: 45 in all, some moved by the learner."""
    pieces = [piece for module in modules for piece in _pieces_of_module(module)][: SCHEDULE_ITEMS - 6]
    pieces = [piece._replace(day=2 * place) for place, piece in enumerate(pieces)]
    keys = list(dict.fromkeys(module["category_key"] for module in modules))
    while len(pieces) < SCHEDULE_ITEMS:
        pieces.append(
            _repeat(keys[len(pieces) // 2 % len(keys)], after=pieces[-1], lesson=len(pieces) % 2 == 1)
        )
    moved = set(dealer.rng.sample(range(20), dealer.rng.randrange(4)))
    return [_item(dealer, piece, adjusted=place in moved) for place, piece in enumerate(pieces)]


def _repeat(category: str, *, after: Piece, lesson: bool) -> Piece:
    day = after.day + 14
    if lesson:
        return Piece(f"refresh-{category}-{day}", "lesson", category, 42, [after.item_id], day)
    return Piece(f"checkpoint-{category}-{day}", "quiz", category, 34, [after.item_id], day)


def _pieces_of_module(module: Json) -> list[Piece]:
    name, key, minutes = module["module_id"], module["category_key"], module["estimated_minutes"] or 45
    lesson, quiz = f"lesson-{name}", f"quiz-{name}"
    pieces = [Piece(lesson, "lesson", key, min(minutes, 120), [])]
    if minutes > 120:
        pieces.append(Piece(f"{lesson}-part2", "lesson", key, minutes - 120, [lesson]))
    pieces.append(Piece(quiz, "quiz", key, max(20, minutes * 2 // 5), [pieces[-1].item_id]))
    if name.endswith("-1"):
        pieces.append(Piece(f"reinforce-{name}", "lesson", key, max(45, minutes * 3 // 5), [quiz]))
    else:
        pieces.append(Piece(f"milestone-{name}", "milestone", key, 90, [lesson, quiz]))
    return pieces


def _item(dealer: Dealer, piece: Piece, *, adjusted: bool) -> Json:
    return {
        "item_id": piece.item_id,
        "kind": piece.kind,
        "category_key": piece.category_key,
        "title": f"{piece.kind.title()}: {piece.category_key.replace('-', ' ')}",
        "summary": dealer.sentence(),
        "objectives": dealer.sentences(int(piece.kind == "milestone")),
        "prerequisites": piece.prerequisites,
        "recommended_minutes": piece.minutes,
        "recommended_day_offset": piece.day,
        "effort_level": next((effort for most, effort in EFFORTS if piece.minutes <= most), "focus"),
        "focus_reason": dealer.maybe(0.1),
        "expected_outcome": dealer.maybe(0.1),
        "user_adjusted": adjusted,
    }


def _schedule(dealer: Dealer, keys: list[str], items: list[Json]) -> Json:
    horizon = max(168, items[-1]["recommended_day_offset"] + 1)
    late = [item for item in items if item["recommended_day_offset"] >= 90]
    minutes = dict.fromkeys(keys, 0)
    for item in items:
        minutes[item["category_key"]] += item["recommended_minutes"]
    return {
        "generated_at": dealer.time(day=560),
        "time_horizon_days": horizon,
        "timezone": dealer.rng.choice(ZONES),
        "cadence_notes": dealer.sentence(),
        "items": items,
        "is_stale": False,
        "warnings": [],
        "pacing_overview": dealer.sentence(),
        "category_allocations": [
            {
                "category_key": key,
                "planned_minutes": planned,
                "target_share": round(1 / len(keys), 4),
                "deferral_pressure": "low",
                "deferral_count": 0,
                "max_deferral_days": 0,
                "rationale": None,
            }
            for key, planned in minutes.items()
        ],
        "rationale_history": [
            {
                "generated_at": dealer.time(day=500 + 20 * number),
                "headline": f"Generation {number + 1}",
                "summary": dealer.sentence(),
                "related_categories": keys[:2],
                "adjustment_notes": dealer.sentences(1),
            }
            for number in range(2)
        ],
        "sessions_per_week": 4,
        "projected_weekly_minutes": round(sum(minutes.values()) * 7 / horizon),
        "long_range_item_count": len(late),
        "extended_weeks": -(-horizon // 7),
        "long_range_category_keys": sorted({item["category_key"] for item in late}),
    }


# --- assessment, submissions, attachments ---------------------------------------------------------------


def _tasks(dealer: Dealer, keys: list[str]) -> list[Json]:
    """A concept check for each of up to four categories, and code for every other one."""
    tasks = []
    for place, key in enumerate(keys[:4]):
        tasks.append(_task(dealer, key, section="concept", kind="concept_check"))
        if place % 2 == 0:
            tasks.append(_task(dealer, key, section=("coding", "data")[place % 4 // 2], kind="code"))
    return tasks


def _task(dealer: Dealer, key: str, *, section: str, kind: str) -> Json:
    return {
        "task_id": f"{key}-{section}",
        "category_key": key,
        "section_id": section,
        "title": f"{key.replace('-', ' ').title()}: {section}",
        "task_type": kind,
        "prompt": dealer.sentence(),
        "guidance": dealer.sentence(),
        "rubric": dealer.sentences(1),
        "expected_minutes": dealer.rng.randrange(10, 40, 5),
        "starter_code": f"def {key.replace('-', '_')}(rows):\n    ...\n" if kind == "code" else None,
        "answer_key": None,
    }


def _assessment(dealer: Dealer, tasks: list[Json], *, status: str) -> Json:
    sections = []
    for name, title in SECTIONS:
        own = [task for task in tasks if task["section_id"] == name]
        sections.append(
            {
                "section_id": name,
                "title": title,
                "description": dealer.sentence(),
                "intent": name,
                "expected_minutes": sum(task["expected_minutes"] for task in own),
                "tasks": own,
            }
        )
    return {"generated_at": dealer.time(day=30), "status": status, "tasks": tasks, "sections": sections}


def _submission(dealer: Dealer, starts: dict[str, int], tasks: list[Json], *, day: int) -> Json:
    name = dealer.identifier()
    answered = dealer.rng.sample(tasks, min(len(tasks), 6))
    responses = []
    for task in answered:
        text = dealer.text(dealer.rng.randint(2, 5))
        responses.append(
            {
                "task_id": task["task_id"],
                "response": text,
                "category_key": task["category_key"],
                "task_type": task["task_type"],
                "word_count": len(text.split()),
            }
        )
    return {
        "submission_id": name,
        "username": dealer.username,
        "submitted_at": dealer.time(day=day),
        "responses": responses,
        "attachments": [
            {**_attachment(dealer, kind, day=day), "source": "structured"}
            for kind in dealer.rng.sample(("file", "link", "note"), dealer.rng.randrange(3))
        ],
        "metadata": _metadata(dealer),
        "grading": _grading(dealer, name, starts, answered, day=day),
    }


def _metadata(dealer: Dealer) -> dict[str, str]:
    metadata = {"client": f"web 1.{dealer.rng.randrange(9)}", "mood": dealer.rng.choice(TAGS)}
    if dealer.rng.random() < 0.3:
        metadata["attachments"] = json.dumps(
            [{"name": "sketch.pdf", "url": f"https://files.example.org/{dealer.identifier()}"}]
        )
    return metadata


def _grading(
    dealer: Dealer, submission_id: str, starts: dict[str, int], answered: list[Json], *, day: int
) -> Json:
    scores: dict[str, list[float]] = {key: [] for key in sorted(starts)}
    results = []
    for task in answered:
        score = round(0.3 + 0.7 * dealer.rng.random(), 4)
        scores[task["category_key"]].append(score)
        results.append(_task_result(dealer, task, score))
    return {
        "submission_id": submission_id,
        "evaluated_at": dealer.time(day=day + 1),
        "overall_feedback": dealer.text(2),
        "strengths": dealer.sentences(1),
        "focus_areas": dealer.sentences(1),
        "task_results": results,
        "category_outcomes": [_outcome(dealer, key, starts[key], own) for key, own in scores.items()],
    }


def _task_result(dealer: Dealer, task: Json, score: float) -> Json:
    return {
        "task_id": task["task_id"],
        "category_key": task["category_key"],
        "task_type": task["task_type"],
        "score": score,
        "confidence": dealer.rng.choice(("low", "medium", "high")),
        "feedback": dealer.text(2),
        "strengths": dealer.sentences(1),
        "improvements": dealer.sentences(1),
        "rubric": [
            {"criterion": criterion, "met": score > 0.5, "notes": dealer.maybe(0.3), "score": score}
            for criterion in task["rubric"]
        ],
    }


def _outcome(dealer: Dealer, key: str, start: int, scores: list[float]) -> Json:
    average = sum(scores) / len(scores) if scores else 0.5
    delta = round((average - 0.5) * 400)
    return {
        "category_key": key,
        "average_score": round(average, 4),
        "initial_rating": max(start + delta, 0),
        "starting_rating": start,
        "rating_delta": delta,
        "rationale": dealer.maybe(0.5),
    }


def _attachment(dealer: Dealer, kind: str, *, day: int) -> Json:
    """An attachment without bytes: the stores of a benchmark bring none."""
    name = dealer.identifier()
    is_file, is_link = kind == "file", kind == "link"
    return {
        "attachment_id": f"att_{name}",
        "kind": kind,
        "name": f"notes-{name[:4]}.txt" if is_file else f"{kind} {name[:4]}",
        "description": dealer.maybe(0.5),
        "url": f"https://files.example.org/{name}" if is_link else None,
        "content_type": "text/plain" if is_file else None,
        "size_bytes": dealer.rng.randrange(100, 90_000) if is_file else None,
        "stored_path": None,
        "created_at": dealer.time(day=day),
    }


def pending_attachments(dealer: Dealer) -> list[Json]:
    """A few attachments that wait for the learner's next submission."""
    kinds = dealer.rng.choices(("file", "link", "note"), k=dealer.rng.randint(1, 3))
    return [{**_attachment(dealer, kind, day=590), "username": dealer.username} for kind in kinds]


# --- writing --------------------------------------------------------------------------------------------


class Store:
    """One store file, written entry by entry; knows its size, digest and number of records."""

    def __init__(self, path: Path) -> None:
        self.name, self.records, self.size = path.name, 0, 0
        self._file = path.open("wb")
        self._digest = hashlib.sha256()
        self._entries = 0
        self._write("{")

    def add(self, username: str, value: Json | list[Json]) -> None:
        """Adds a learner's record, or a learner's list of records."""
        self._write(f"{',' if self._entries else ''}\n{json.dumps(username)}: {json.dumps(value, **COMPACT)}")
        self._entries += 1
        self.records += len(value) if isinstance(value, list) else 1

    def close(self) -> Json:
        """Completes the file; its entry in the manifest."""
        self._write("\n}\n")
        self._file.close()
        return {"sha256": self._digest.hexdigest(), "size": self.size, "records": self.records}

    def _write(self, text: str) -> None:
        data = text.encode()
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)


def without_empty(value: Any) -> Any:
    """The same as other writers spell it: no member that holds nothing, and times with +00:00."""
    if isinstance(value, dict):
        return {name: without_empty(inner) for name, inner in value.items() if inner not in (None, [], {})}
    if isinstance(value, list):
        return [without_empty(inner) for inner in value]
    return f"{value[:-1]}+00:00" if isinstance(value, str) and _TIME.fullmatch(value) else value


_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def generate(
    *, learners: int, out: Path, seed: int = 1, submissions_per_learner: int = 3, omissions: bool = False
) -> Json:
    """Writes the three stores and, last, their manifest into the folder; the manifest."""
    spelled = without_empty if omissions else lambda value: value
    out.mkdir(parents=True, exist_ok=True)
    manifest_file = out / "manifest.json"
    # A run that was broken off must not leave stores beside the manifest of earlier ones.
    manifest_file.unlink(missing_ok=True)
    profiles, submissions, attachments = stores = [
        Store(out / f"{name}.json")
        for name in ("learner_profiles", "assessment_submissions", "assessment_attachments")
    ]
    deck = deck_of_sentences(seed)
    for number in range(1, learners + 1):
        dealer = Dealer(seed=seed, number=number, deck=deck)
        profile, handed_in = learner(dealer, submissions=submissions_per_learner)
        profiles.add(dealer.username, spelled(profile))
        if handed_in:
            submissions.add(dealer.username, spelled(handed_in))
        if number % PENDING_EVERY == 0:
            attachments.add(dealer.username, spelled(pending_attachments(dealer)))
    manifest: Json = {"files": {store.name: store.close() for store in stores}}
    manifest_file.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError(text)
    return value


def main(arguments: list[str] | None = None) -> int:
    """The command line; prints what was written and how fast."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.generate_stores", description="Legacy stores of any size."
    )
    parser.add_argument("--learners", type=_count, required=True, metavar="N")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--submissions-per-learner", type=_count, default=3, metavar="N")
    parser.add_argument("--omissions", action="store_true", help="leave out members that hold nothing")
    options = parser.parse_args(arguments)
    begun = time.perf_counter()
    manifest = generate(**vars(options))
    seconds = time.perf_counter() - begun
    for name, entry in manifest["files"].items():
        print(f"{name}: {entry['records']:,} records, {entry['size']:,} bytes")
    print(f"{options.learners:,} learners in {seconds:.1f} s ({options.learners / seconds:,.0f} learners/s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
