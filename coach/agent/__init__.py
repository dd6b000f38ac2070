"""The gateway to the language model: optional, loaded lazily, with exceptions and an offline twin of its own."""

from __future__ import annotations

from types import ModuleType

from django.conf import settings

from coach.agent import client


def coach() -> ModuleType | None:
    """Who answers: `model` where there is one to ask, `offline` where the settings say so, else nobody.

    Both have the same functions; `MAKER` says who made an answer.
    """
    # Loaded with the first question: most commands ask none.
    from coach.agent import model, offline

    if settings.AGENT == "offline":
        return offline
    return model if client.is_configured() else None
