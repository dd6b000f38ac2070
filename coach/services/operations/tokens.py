"""API tokens: making them, recognising and revoking them, and counting the calls that come without one."""

import contextlib
import datetime as dt
import hmac
import re
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import F

from coach import telemetry
from coach.documents import usernames
from coach.documents.base import utc_now
from coach.models import ApiToken
from coach.services.operations.callers import Caller

# `arcadia_KEY_SECRET`: recognisable by tools that look for leaked secrets.
_SHAPE = re.compile(r"arcadia_([0-9a-f]{12})_[\w-]{43}", re.ASCII)
_USE_NOTED_EVERY = dt.timedelta(minutes=1)


class UnknownToken(LookupError):
    """There is no token of that name."""


class NameTaken(ValueError):
    """There is a token of that name already, or one that was for somebody else."""


@dataclass(frozen=True)
class Created:
    """A new token; `text` is what its user presents, and cannot be shown again."""

    row: ApiToken
    text: str


def create(
    *,
    name: str,
    expires_at: dt.datetime | None = None,
    learner: str = "",
    read_only: bool = False,
    by: str,
) -> Created:
    """Make a token: for all learners, or the one of that username; for reading only if wanted.

    Raises NameTaken, ValueError for a blank name or an expiry in the past, usernames.UnusableUsername.
    """
    name = name.strip()
    if not name or len(name) > 100:
        raise ValueError("A token needs a name of at most 100 characters.")
    learner = usernames.normalise(learner) if learner.strip() else ""
    check_name(name, learner=learner)
    if expires_at is not None and expires_at <= utc_now():
        raise ValueError("The token would have expired already.")
    key = secrets.token_hex(6)
    text = f"arcadia_{key}_{secrets.token_urlsafe(32)}"
    row = ApiToken(
        name=name,
        key=key,
        digest=ApiToken.digest_of(text),
        learner=learner,
        read_only=read_only,
        expires_at=expires_at,
        created_by=by,
    )
    row.save(force_insert=True)
    return Created(row=row, text=text)


def check_name(name: str, *, learner: str) -> None:
    """Raises NameTaken. A revoked token's name is free again, for tokens with the same reach: they inherit its threads."""
    named = ApiToken.objects.filter(name=name)
    if named.filter(revoked_at=None).exists():
        raise NameTaken(f"There is a token called {name!r} already.")
    if named.exclude(learner=learner).exists():
        raise NameTaken(
            f"A token called {name!r} was for other learners, and this one would see its conversations."
        )


def revoke(*, name: str) -> ApiToken:
    """Refuse a token from now on; one that is revoked already stays so. Raises UnknownToken."""
    row = ApiToken.objects.filter(name=name).order_by(F("revoked_at").desc(nulls_first=True)).first()
    if row is None:
        raise UnknownToken(f"There is no token called {name!r}.")
    if row.revoked_at is None:
        row.revoked_at = utc_now()
        row.save(update_fields={"revoked_at"})
    return row


def identify(presented: str) -> Caller | None:
    """What the token allows that somebody presents; None for one that is not usable. The call is counted."""
    caller = _configured(presented) or _kept(presented)
    telemetry.api_call("refused" if caller is None else "valid")
    return caller


def none_presented() -> None:
    """Count a call that came without a token."""
    telemetry.api_call("none")


def _configured(presented: str) -> Caller | None:
    """The name under which the environment lists a token; all of them are compared, however early one fits."""
    digest = ApiToken.digest_of(presented)
    names = [name for name, kept in settings.API_TOKENS.items() if hmac.compare_digest(kept, digest)]
    return Caller(names[0]) if names else None


def _kept(presented: str) -> Caller | None:
    shape = _SHAPE.fullmatch(presented)
    if shape is None:
        return None
    now = utc_now()
    row = ApiToken.objects.usable(now).filter(key=shape[1]).first()
    if row is None or not row.matches(presented):
        return None
    if row.last_used_at is None or now - row.last_used_at > _USE_NOTED_EVERY:
        # Reading goes on where the database only reads, or a commit hangs.
        with contextlib.suppress(DatabaseError, InterfaceError), transaction.atomic():
            ApiToken.objects.note_use(row.pk, now, every=_USE_NOTED_EVERY)
    return Caller(row.name, row.learner or None, row.read_only)
