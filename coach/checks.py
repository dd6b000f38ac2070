"""What `manage.py check` looks at besides Django's own checks: settings that exclude each other, and open doors."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.files.storage import storages


@register(Tags.database)
def pool_and_persistent_connections(**_: Any) -> list[CheckMessage]:
    """A pool hands connections out per request; a persistent one would never come back to it."""
    return [
        Error(
            f"The database {alias!r} has a connection pool and a CONN_MAX_AGE: they exclude each other.",
            hint="Leave CONN_MAX_AGE at 0, or set pool size and overflow to 0.",
            id="coach.E001",
        )
        for alias, database in settings.DATABASES.items()
        if database.get("OPTIONS", {}).get("pool") and database.get("CONN_MAX_AGE", 0) != 0
    ]


@register(Tags.files, deploy=True)
def object_store(**_: Any) -> list[CheckMessage]:
    """A bucket that is misspelled would be noticed with the first upload."""
    try:
        getattr(storages["attachments"], "probe", bool)()
    except OSError as error:
        hint = "Compare ARCADIA_S3_BUCKET, _ENDPOINT, _REGION and the keys with what the store says."
        return [Error(f"The bucket cannot be used: {error}.", hint=hint, id="coach.E002")]
    return []


@register(Tags.security, deploy=True)
def developer_routes(**_: Any) -> list[CheckMessage]:
    """They remove learners and list everybody's submissions."""
    if not settings.DEBUG_ENDPOINTS or settings.REQUIRE_API_TOKEN:
        return []
    return [
        Warning(
            "The developer routes are served to everybody who reaches this service.",
            hint="Unset ARCADIA_DEBUG_ENDPOINTS, or set ARCADIA_REQUIRE_API_TOKEN.",
            id="coach.W001",
        )
    ]


@register(Tags.security, deploy=True)
def no_tokens(**_: Any) -> list[CheckMessage]:
    """Without tokens everybody is everybody."""
    if settings.REQUIRE_API_TOKEN:
        return []
    return [
        Warning(
            "No token is demanded: whoever reaches this service reads and changes everything of every learner.",
            hint="Set ARCADIA_REQUIRE_API_TOKEN once all clients send one.",
            id="coach.W003",
        )
    ]


@register(Tags.security, deploy=True)
def any_learner(**_: Any) -> list[CheckMessage]:
    """Text in a message could have the model read, change and empty every learner."""
    if not settings.AGENT_ANY_LEARNER:
        return []
    return [
        Warning(
            "The language model reaches every learner in requests that name none.",
            hint="Unset ARCADIA_AGENT_ANY_LEARNER.",
            id="coach.W004",
        )
    ]


@register(Tags.security, deploy=True)
def any_origin(**_: Any) -> list[CheckMessage]:
    """Any web page could read answers with the visitor's access to the network."""
    if not settings.CORS_ALLOW_ALL_ORIGINS or settings.REQUIRE_API_TOKEN:
        return []
    return [
        Warning(
            "Pages of any origin may call the API, and no token is demanded.",
            hint="Name the origins in ARCADIA_CORS_ORIGINS, or set ARCADIA_REQUIRE_API_TOKEN.",
            id="coach.W002",
        )
    ]
