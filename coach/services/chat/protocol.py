"""The chat protocol, with threads in the database and the coach that is configured."""

from collections.abc import Iterator

from coach import agent
from coach.agent.chatkit import protocol
from coach.agent.chatkit.protocol import NothingThere as NothingThere

# The doors answer these; they do not import the agent.
from coach.agent.chatkit.protocol import NotOfProtocol as NotOfProtocol
from coach.agent.chatkit.protocol import NotSupported as NotSupported
from coach.agent.errors import AgentError as AgentError
from coach.agent.errors import Unreachable as Unreachable
from coach.services import learner_tools
from coach.services.chat import threads
from coach.services.operations import callers, connections


def process(body: bytes) -> bytes | Iterator[bytes]:
    """Answer a request of the protocol: a document, or a stream of events that its reader must close.

    Raises NotOfProtocol, NotSupported, NothingThere, and AgentError.
    """
    caller = callers.current()
    store, tools = threads.Threads(caller), learner_tools.tools(caller.learner)
    with connections.released():
        return protocol.process(body, threads=store, coach=agent.coach(), learner_tools=tools)
