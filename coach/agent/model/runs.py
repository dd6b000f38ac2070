"""One answer of the agent: requests to the model, rounds of function calls, and the final text."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from coach import telemetry
from coach.agent.errors import TimedOut, UnusableAnswer
from coach.agent.model import client
from coach.agent.tools import functions
from coach.agent.tools.requests import LearnerTools
from coach.documents import authored

MOST_ROUNDS = 10
SUPPORTED = ("gpt-5-nano", "gpt-5-mini", "gpt-5", "gpt-5-codex")
_WITHOUT_FILES = ("gpt-5-nano", "gpt-5-codex")
_TOOLS = authored.beside(__file__)


@dataclass(frozen=True)
class Run:
    """What one answer is asked with; `purpose` is for the telemetry only."""

    purpose: str
    model: str
    effort: str
    instructions: str
    input: list[dict[str, Any]]
    web: bool = False

    def body(self, items: list[dict[str, Any]], learner_tools: LearnerTools | None) -> dict[str, Any]:
        """A request, `items` being the input and the messages and calls since.

        Without `learner_tools` it offers no tools, and the provider keeps nothing of it.
        """
        return {
            "model": self.model,
            "instructions": self.instructions,
            "input": items,
            "tools": offered(self.model, self.web, learner_tools) if learner_tools else [],
            "reasoning": {"effort": self.effort, "summary": "auto"},
            "store": learner_tools is not None,
        }


class _Turn:
    """An answer in progress: its text so far, the time left, and the tokens used."""

    def __init__(self, run: Run) -> None:
        self.items = list(run.input)
        self._ends = time.monotonic() + settings.AGENT_TIMEOUT
        self.figures = {"rounds": 0, "input_tokens": 0, "output_tokens": 0}

    def seconds_left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimedOut("The language model did not come to an end in time.")
        return left

    def take(self, reply: dict[str, Any], learner_tools: LearnerTools | None) -> str | None:
        """The final text of a reply; None after its function calls were carried out instead."""
        self._count(reply)
        output = _output(reply)
        calls = [item for item in output if item.get("type") == "function_call"]
        if not calls:
            return _text(output)
        if learner_tools is None:
            raise UnusableAnswer("The language model called functions where none are offered.")
        self.items += [*output, *(_carried_out(call, learner_tools) for call in calls)]
        return None

    def _count(self, reply: dict[str, Any]) -> None:
        self.figures["rounds"] += 1
        usage = reply.get("usage")
        for name in ("input_tokens", "output_tokens"):
            tokens = usage.get(name) if isinstance(usage, dict) else None
            self.figures[name] += tokens if isinstance(tokens, int) else 0


def supported(model: str) -> str:
    """The model itself, or the configured one in place of one that is not supported."""
    return model if model in SUPPORTED else settings.AGENT_MODEL


def offered(model: str, web: bool, learner_tools: LearnerTools) -> list[dict[str, Any]]:
    """The tools that a model is offered; those for learners only where the answer is for one."""
    about_learner = bool(learner_tools.username or learner_tools.any_learner)
    files = [{"type": "file_search", "vector_store_ids": [settings.AGENT_VECTOR_STORE]}]
    widgets = {
        **_TOOLS["widgets"],
        "server_label": settings.MCP_LABEL,
        "server_url": settings.MCP_URL,
        "require_approval": settings.MCP_REQUIRE_APPROVAL,
    }
    return [
        *(files if model not in _WITHOUT_FILES else ()),
        *([_TOOLS["web"]] if web else ()),
        *functions.definitions(about_learner=about_learner),
        widgets,
    ]


def answer(run: Run, *, learner_tools: LearnerTools | None) -> str:
    """Ask until there is a final text, at most ten times; returns it.

    Raises Unavailable, Unreachable, TimedOut, Refused, UnusableAnswer.
    """
    with _begun(run) as turn:
        for _ in range(MOST_ROUNDS):
            reply = client.respond(run.body(turn.items, learner_tools), seconds=turn.seconds_left())
            text = turn.take(reply, learner_tools)
            if text is not None:
                return text
        raise _endless()


def follow(run: Run, *, learner_tools: LearnerTools | None) -> Iterator[str]:
    """The same, streamed: yields pieces of text as they come. Raises as `answer` does, also half-way."""
    with _begun(run) as turn:
        for _ in range(MOST_ROUNDS):
            events = client.stream(run.body(turn.items, learner_tools), seconds=turn.seconds_left())
            reply = yield from _pieces(events)
            if turn.take(reply, learner_tools) is not None:
                return
        raise _endless()


@contextlib.contextmanager
def _begun(run: Run) -> Iterator[_Turn]:
    """A turn in one of the process's places, reported with its figures however it ends."""
    turn = _Turn(run)
    about = {"purpose": run.purpose, "model": run.model, "effort": run.effort, "web": run.web}
    with client.slot(), telemetry.timed("model_call", **about) as figures:
        try:
            yield turn
        finally:
            figures.update(turn.figures)


def _endless() -> UnusableAnswer:
    return UnusableAnswer(f"The language model did not come to an end in {MOST_ROUNDS} rounds.")


def _pieces(events: Iterator[dict[str, Any]]) -> Any:
    """Yields the pieces of text among a stream's events; returns the whole reply at its end."""
    for event in events:
        kind = event.get("type")
        if kind in ("response.output_text.delta", "response.refusal.delta"):
            yield event["delta"]
        elif kind in ("response.completed", "response.incomplete", "response.failed"):
            return event["response"]
    raise UnusableAnswer("The language model's reply was cut off.")


def _output(reply: dict[str, Any]) -> list[dict[str, Any]]:
    """The items of a reply that came to its end. Raises UnusableAnswer."""
    output = reply.get("output")
    if reply.get("status") not in ("completed", None) or reply.get("error"):
        raise UnusableAnswer("The language model's reply was cut off.")
    if not isinstance(output, list) or not all(isinstance(item, dict) for item in output):
        raise UnusableAnswer("The language model's reply cannot be read.")
    return output


def _text(output: list[dict[str, Any]]) -> str:
    """The text of a reply's last message; empty without any message."""
    messages = [item for item in output if item.get("type") == "message"]
    parts = messages[-1].get("content") if messages else []
    if not isinstance(parts, list):
        raise UnusableAnswer("The language model's reply cannot be read.")
    texts = [part.get("text") or part.get("refusal") or "" for part in parts if isinstance(part, dict)]
    if not all(isinstance(text, str) for text in texts):
        raise UnusableAnswer("The language model's reply cannot be read.")
    return "".join(texts)


def _carried_out(call: dict[str, Any], learner_tools: LearnerTools) -> dict[str, Any]:
    """A function call's result, as the next request returns it."""
    name, arguments, call_id = call.get("name"), call.get("arguments"), call.get("call_id")
    if not (isinstance(name, str) and isinstance(arguments, str) and isinstance(call_id, str)):
        raise UnusableAnswer("The language model's reply cannot be read.")
    return {
        "type": "function_call_output",
        "call_id": call_id,
        "output": functions.run(name, arguments, learner_tools),
    }
