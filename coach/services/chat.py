"""The chat protocol, with threads in the database and whoever answers at the moment."""

from __future__ import annotations

from coach import agent
from coach.agent.chatkit import protocol
from coach.agent.chatkit.protocol import Answer
from coach.services import chat_threads, learner_tools
from coach.services.operations import connections


def process(body: bytes) -> Answer:
    """Answer a request of the protocol: a document, or a stream of events that its reader must close.

    Raises chat_protocol.NotOfProtocol, NotSupported, NothingThere, and AgentError.
    """
    connections.release()
    return protocol.process(
        body, threads=chat_threads, coach=agent.coach(), learner_tools=learner_tools.tools()
    )
