"""What a chat message must pass before the agent is asked: personal data, moderation, attempts at a jailbreak.

A guard that cannot be asked does not trip: the outage is reported, and the message goes on to a model that
has safeguards of its own.
"""

import re
from collections.abc import Callable

from coach import telemetry
from coach.agent.errors import AgentError
from coach.agent.model import answers, client, reading
from coach.agent.model.prompts import data
from coach.documents import authored

SECONDS = 10.0
JAILBREAK_MODEL = "gpt-4.1-mini"
JAILBREAK_CONFIDENCE = 0.7

_TEXTS = authored.beside(__file__)
_CARD = re.compile(r"(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])")
_PERSONAL = re.compile("|".join(_TEXTS["personal"]))


def tripped(message: str) -> str | None:
    """The name of the first guard that a message trips; None where it passes, and without a key."""
    if not client.is_configured():
        return None
    guards: dict[str, Callable[[str], bool]] = {
        "personal_data": has_personal_data,
        "moderation": _is_moderated,
        "jailbreak": _is_jailbreak,
    }
    found = next((name for name, guard in guards.items() if _trips(name, guard, message)), None)
    if found:
        telemetry.emit("guardrail_tripped", guard=found)
    return found


def has_personal_data(message: str) -> bool:
    """Whether a message holds a credit card, or a US bank account, passport or social security number."""
    cards = (re.sub(r"\D", "", found[0]) for found in _CARD.finditer(message))
    return any(map(_checks_out, cards)) or bool(_PERSONAL.search(message))


def _trips(name: str, guard: Callable[[str], bool], message: str) -> bool:
    try:
        return guard(message)
    except AgentError as error:
        telemetry.emit("guardrail_unavailable", guard=name, error=type(error).__name__)
        return False


def _checks_out(digits: str) -> bool:
    """The check digit of payment cards (Luhn's)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_moderated(message: str) -> bool:
    with client.failures():
        api = client.api(seconds=SECONDS, repeats=False)
        judged = api.moderations.create(model="omni-moderation-latest", input=message)
        flagged = judged.results[0].categories.to_dict(mode="json")
    return any(flagged.get(category) is True for category in _TEXTS["moderated"])


def _is_jailbreak(message: str) -> bool:
    with client.failures():
        api = client.api(seconds=SECONDS, repeats=False)
        judged = api.chat.completions.create(
            model=JAILBREAK_MODEL,
            messages=[
                {"role": "system", "content": _TEXTS["jailbreak"]},
                {"role": "user", "content": data("message", message)},
            ],
            response_format={"type": "json_object"},
        )
        text = judged.choices[0].message.content or ""
    verdict = reading.fit(answers.JailbreakVerdict, reading.value(text))
    return verdict.flagged and verdict.confidence >= JAILBREAK_CONFIDENCE
