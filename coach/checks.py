"""What `manage.py check` looks at besides Django's own checks: settings that exclude each other, and open doors."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.files.storage import storages

from coach.documents import authored

_TEXTS = authored.beside(__file__)


def _message(kind: type[CheckMessage], number: str, **words: str) -> CheckMessage:
    return kind(**authored.filled(_TEXTS[number], **words), id=f"coach.{number}")


@register(Tags.database)
def pool_and_persistent_connections(**_: Any) -> list[CheckMessage]:
    """A pool hands connections out per request; a persistent one would never come back to it."""
    return [
        _message(Error, "E001", alias=alias)
        for alias, database in settings.DATABASES.items()
        if database.get("OPTIONS", {}).get("pool") and database.get("CONN_MAX_AGE", 0) != 0
    ]


@register(Tags.files, deploy=True)
def object_store(**_: Any) -> list[CheckMessage]:
    """A bucket that is misspelled would be noticed with the first upload."""
    try:
        getattr(storages["attachments"], "probe", bool)()
    except OSError as error:
        return [_message(Error, "E002", error=str(error))]
    return []


@register(Tags.security, deploy=True)
def open_doors(**_: Any) -> list[CheckMessage]:
    """Settings by which more people reach more than they need."""
    anybody = not settings.REQUIRE_API_TOKEN
    is_open = {
        # They remove learners and list everybody's submissions.
        "W001": anybody and settings.DEBUG_ENDPOINTS,
        # Any web page could read answers with the visitor's access to the network.
        "W002": anybody and settings.CORS_ALLOW_ALL_ORIGINS,
        # Without tokens everybody is everybody.
        "W003": anybody,
        # Text in a message could have the model read, change and empty every learner.
        "W004": settings.AGENT_ANY_LEARNER,
    }
    return [_message(Warning, number) for number, found in is_open.items() if found]
