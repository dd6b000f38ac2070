"""What a chat thread remembers of its learner's choices; everything else of a thread is the protocol's own."""

from typing import Literal

from coach.documents.base import Document
from coach.documents.sessions import UploadedFile

Level = Literal["minimal", "low", "medium", "high"]


class Preferences(Document):
    """`level` is the reasoning effort; `picking` says whether the card offers other levels."""

    web: bool = False
    level: Level = "medium"
    picking: bool = False
    files: list[UploadedFile] = []
