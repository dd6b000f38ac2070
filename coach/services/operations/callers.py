"""Who is calling: what a token allows, and whose the chats and files are that a request makes.

The doors set the caller for the length of a request; without a token everybody is the same caller, who may do everything.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass


class OutOfScope(Exception):
    """The token does not allow it."""


@dataclass(frozen=True)
class Caller:
    """A token's name (empty without one), the only learner it is for (None: all), and whether it only reads."""

    token: str = ""
    learner: str | None = None
    read_only: bool = False


_ANYBODY = Caller()
_caller: ContextVar[Caller] = ContextVar("caller", default=_ANYBODY)
_named: ContextVar[str] = ContextVar("named", default="")


def current() -> Caller:
    return _caller.get()


def set_current(caller: Caller) -> None:
    """Name the caller, within a block of `calling`."""
    _caller.set(caller)


@contextlib.contextmanager
def calling() -> Iterator[None]:
    """A block that ends with the caller it began with."""
    token, named_before = _caller.set(_ANYBODY), _named.set("")
    try:
        yield
    finally:
        _caller.reset(token)
        _named.reset(named_before)


def named() -> str:
    """The learner whom the request is about, in the normal form of the name: the one asked for last."""
    return current().learner or _named.get()


def check_learner(username: str) -> None:
    """Raises OutOfScope where the token is for another learner; `username` in its normal form."""
    if current().learner not in (None, username):
        raise OutOfScope("The token is for another learner.")
    _named.set(username)


def check_all_learners() -> None:
    """Raises OutOfScope where the token is for one learner only."""
    if current().learner is not None:
        raise OutOfScope("The token is for one learner only.")
