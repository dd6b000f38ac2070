"""The gateway to the language model: optional, loaded lazily, with its own exceptions and an offline coach instead of it."""

from types import ModuleType

from django.conf import settings

from coach.agent.model import client


def coach() -> ModuleType | None:
    """Who answers: `model` where there is one to ask, `offline` where the settings name it, else None.

    Both have the same functions; `MAKER` says who made an answer.
    """
    # Loaded with the first question: most commands ask none.
    from coach.agent.model import coach as model
    from coach.agent.offline import coach as offline

    if settings.AGENT == "offline":
        return offline
    return model if client.is_configured() else None
