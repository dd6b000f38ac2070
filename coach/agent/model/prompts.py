"""The model's input: the instructions of prompts.toml, and the learner's words as clearly marked data beside them."""

import datetime as dt
import hashlib
import json
import zoneinfo
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings

from coach.agent.tools import requests
from coach.documents import authored
from coach.documents import schedule as zones
from coach.documents.curriculum import GoalInference, Track
from coach.documents.profile import Profile
from coach.documents.requests import ChatAttachment
from coach.documents.schedule import Schedule
from coach.documents.submissions import ServedAttachment

SHOWN_ITEMS = 5
PREVIEW_CHARACTERS = 320

_TEXTS: dict[str, Any] = authored.beside(__file__)
# They replace the coach's where a goal is read.
GOAL_INSTRUCTIONS: str = _TEXTS["goal"]


def instructions(*, model: str, web: bool) -> str:
    """The coach's instructions for a model, with the web on or off."""
    files = _TEXTS["files"].get(model, _TEXTS["files"]["other"])
    zone = settings.AGENT_TIMEZONE
    hint = f"Where no time zone is known, assume {zone}." if zone else ""
    return "\n\n".join(part for part in (_TEXTS["coach"], files, _TEXTS["web"] if web else "", hint) if part)


def goal_input(goals: requests.LearnerGoals, tracks: Sequence[Track]) -> list[dict[str, Any]]:
    known = data("known_tracks", _tracks(tracks)) if tracks else ""
    return _said("Read this learner's goal.", _goals_text(goals), known, "Answer with the one JSON object.")


def plan_input(goals: requests.LearnerGoals, inference: GoalInference) -> list[dict[str, Any]]:
    return _said(
        _TEXTS["plan"],
        _goals_text(goals),
        data("goal_summary", inference.summary or "none"),
        data("target_outcomes", _lines(inference.target_outcomes)),
        data("tracks", _tracks(inference.tracks)),
        data("missing_templates", _lines(inference.missing_templates)),
    )


def grade_input(ask: requests.GradeRequest) -> list[dict[str, Any]]:
    submission = ask.submission
    return _said(
        _TEXTS["grade"],
        _goals_text(ask.goals),
        *_categories(ask),
        f"The submission is {submission.submission_id}, sent at {submission.submitted_at.isoformat()}.",
        data("metadata", _lines(f"{key}: {value}" for key, value in submission.metadata.items())),
        data("attachments", _lines(map(_served_attachment, submission.attachments))),
        *_responses(ask),
    )


def topic_input(ask: requests.TopicRequest) -> list[dict[str, Any]]:
    return _said(_TEXTS["topics"][ask.kind], data("topic", ask.topic), _schedule(ask.learner))


def chat_input(ask: requests.ChatRequest, *, model: str) -> list[dict[str, Any]]:
    """The history in order, then what goes along and the message itself."""
    history = [{"role": entry.role, "content": entry.text} for entry in ask.history if entry.text]
    context = [
        f"Web search is {'on' if ask.web else 'off'}; the reasoning effort is {ask.effort}.",
        _schedule(ask.learner),
        _attachments(ask.attachments, model),
        "The learner's newest message follows.",
    ]
    parts = ["\n\n".join(part for part in context if part), ask.message]
    return [*history, {"role": "user", "content": [{"type": "input_text", "text": part} for part in parts]}]


def data(name: str, text: str) -> str:
    """A text as data: between tags that it cannot close itself, since they carry a digest of it."""
    mark = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
    return f"<{name} #{mark}>\n{text}\n</{name} #{mark}>"


def _said(*parts: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": "\n\n".join(part for part in parts if part)}]


def _goals_text(goals: requests.LearnerGoals) -> str:
    return "\n".join(data(name, text) for name, text in vars(goals).items())


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text}" for text in texts) or "none"


def _tracks(tracks: Iterable[Track]) -> str:
    return _lines(json.dumps(track.to_object(), ensure_ascii=False) for track in tracks)


def _categories(ask: requests.GradeRequest) -> Iterable[str]:
    for category in ask.plan.categories if ask.plan else ():
        rubric = _lines(f"{level.level}: {level.descriptor}" for level in category.rubric)
        areas = ", ".join(category.focus_areas)
        yield data("category", _TEXTS["category"].format(category=category, areas=areas, rubric=rubric))


def _responses(ask: requests.GradeRequest) -> Iterable[str]:
    tasks = {task.task_id: task for task in ask.assessment.tasks}
    for response in ask.submission.responses:
        task = tasks[response.task_id]
        key = task.answer_key or "none"
        described = _TEXTS["task"].format(task=task, rubric=_lines(task.rubric), key=key)
        yield data("task", described) + "\n" + data("response", response.response)


def _served_attachment(attachment: ServedAttachment) -> str:
    members = attachment.to_object().items()
    return ", ".join(f"{name}: {value}" for name, value in members if value is not None)


def _schedule(learner: Profile | None) -> str:
    """The first items with their local days, and how many more there are; nothing without items."""
    schedule = learner.curriculum_schedule if learner else None
    if learner is None or schedule is None or not schedule.items:
        return ""
    zone = zones.zone(schedule.timezone or learner.timezone)
    lines = [_item(schedule, item, zone) for item in schedule.items[:SHOWN_ITEMS]]
    more = len(schedule.items) - len(lines)
    if more:
        lines.append(f"and {more} more")
    return data("schedule", "\n".join([f"Time zone: {zone.key}", *lines]))


def _item(schedule: Schedule, item: zones.ScheduleItem, zone: zoneinfo.ZoneInfo) -> str:
    anchor = zones.anchor_date(schedule.generated_at, zone)
    day = anchor + dt.timedelta(days=item.recommended_day_offset)
    midnight = zones.midnight(day, zone)
    return f"- {day:%A} {day.isoformat()} {midnight.tzname()}: {item.kind}, {item.title}"


def _attachments(attachments: Iterable[ChatAttachment], model: str) -> str:
    shown = [_attachment(attachment) for attachment in attachments]
    if not shown:
        return ""
    how = _TEXTS["attachments"].get(model, _TEXTS["attachments"]["other"])
    return f"{how}\n{data('attachments', _lines(shown))}"


def _attachment(attachment: ChatAttachment) -> str:
    preview = " ".join((attachment.preview or "").split())[:PREVIEW_CHARACTERS]
    parts = (
        f"name: {attachment.name}, type: {attachment.mime_type}, size: {attachment.size} bytes",
        f"openai_file_id: {attachment.openai_file_id}" if attachment.openai_file_id else "",
        f"preview: {preview}" if preview else "",
    )
    return ", ".join(filter(None, parts))
