"""What can go wrong between the service and the language model."""


class AgentError(Exception):
    """Any failure to get a usable answer; the message is for people and holds nothing of a learner's words."""


class Unavailable(AgentError):
    """No model is configured, or it cannot be asked."""


class Unreachable(Unavailable):
    """The model cannot be reached at the moment."""


class Busy(Unreachable):
    """This process waits for as many answers as it may already."""


class TimedOut(Unreachable):
    """The model did not answer in time."""


class Refused(AgentError):
    """The model's API answered with an error. `status` is its HTTP status."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class UnusableAnswer(AgentError):
    """The model refused, or its answer cannot be read or does not fit."""
