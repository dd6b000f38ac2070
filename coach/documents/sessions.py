"""What a session with the coach answers: envelopes with widgets; and what a chat keeps: uploaded files, preferences."""

from typing import Any, Literal

from coach.documents.base import Document
from coach.documents.schedule import ServedItem, ServedSchedule

TopicKind = Literal["lesson", "quiz", "milestone"]
WidgetType = Literal["Card", "List", "StatRow", "MiniChatbot", "ArcadiaChatbot"]


class Widget(Document):
    """One piece of an envelope; the client knows how to draw each type from its props."""

    type: WidgetType
    props: dict[str, Any]


class Lesson(Document):
    intent: str = "lesson"
    display: str
    widgets: list[Widget] = []
    citations: list[str] | None = None


class LastQuiz(Document):
    topic: str | None = None
    score: float | None = None


class Quiz(Document):
    intent: str = "quiz"
    display: str | None = None
    widgets: list[Widget] = []
    elo: dict[str, int] = {}
    last_quiz: LastQuiz | None = None


class Milestone(Document):
    intent: str = "milestone"
    display: str
    widgets: list[Widget] = []


OnTopic = Lesson | Quiz | Milestone
SHAPES: dict[TopicKind, type[OnTopic]] = {"lesson": Lesson, "quiz": Quiz, "milestone": Milestone}


class LaunchContent(Document):
    """What a launched item opens with; of the three, the one of its kind is there."""

    kind: TopicKind
    session_id: str
    lesson: Lesson | None
    quiz: Quiz | None
    milestone: Milestone | None


class Launch(Document):
    """An item of a schedule that was launched, and the schedule around it."""

    schedule: ServedSchedule
    item: ServedItem
    content: LaunchContent


class Chat(Document):
    display: str | None = None
    widgets: list[Widget] = []
    citations: list[str] | None = None


class UploadedFile(Document):
    """A file that a client uploaded for a chat; `size` in bytes. The bytes themselves are not kept."""

    file_id: str
    name: str
    mime_type: str
    size: int
    preview: str
    openai_file_id: str | None


class Preferences(Document):
    """What a chat thread remembers of its learner's choices; everything else of a thread is the protocol's own.

    `level` is the reasoning effort; `picking` says whether the card offers other levels.
    """

    web: bool = False
    level: Literal["minimal", "low", "medium", "high"] = "medium"
    picking: bool = False
    files: list[UploadedFile] = []
