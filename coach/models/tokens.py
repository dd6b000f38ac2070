"""Bearer tokens of the API's clients: kept hashed, named, revocable, expiring if wanted."""

import datetime as dt
import hashlib
import hmac
from typing import Self

from django.db import models

from coach.documents.base import LONGEST_IDENTIFIER, utc_now


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self, now: dt.datetime) -> Self:
        """Those that are neither revoked nor expired at that instant."""
        return self.filter(revoked_at=None).exclude(expires_at__lte=now)

    def note_use(self, pk: int, now: dt.datetime, *, every: dt.timedelta) -> None:
        """Remember that a token was used, in one statement, and not more often than that."""
        unused = models.Q(last_used_at=None) | models.Q(last_used_at__lt=now - every)
        self.filter(unused, pk=pk).update(last_used_at=now)


class ApiToken(models.Model):
    """One token. `key` is its public part, by which it is found; of the whole only a digest is kept.

    A sha256 without salt or stretching is enough: the secret part is 32 random bytes, not a password.
    """

    name = models.CharField(max_length=100, help_text="Who or what uses it.")
    key = models.CharField(max_length=16, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False, help_text="sha256 of the token, hexadecimal.")
    learner = models.CharField(
        "only for learner",
        max_length=LONGEST_IDENTIFIER,
        blank=True,
        default="",
        help_text="The username of the only learner it is for; blank: all learners.",
    )
    read_only = models.BooleanField(default=False, help_text="It may read, and change nothing.")
    created_at = models.DateTimeField(default=utc_now, editable=False)
    created_by = models.TextField(blank=True, default="", editable=False)
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="From then on it is refused; blank: never."
    )
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="To the minute.")

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"
        verbose_name_plural = "API tokens"
        ordering = ("name", "-id")
        constraints = (
            models.UniqueConstraint(
                "name", condition=models.Q(revoked_at=None), name="coach_apitoken_living_name"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def scope(self) -> str:
        """What it allows, in words."""
        whose = f"learner {self.learner}" if self.learner else "all learners"
        return f"{whose}, read only" if self.read_only else whose

    @staticmethod
    def digest_of(presented: str) -> str:
        """What is kept of a token."""
        return hashlib.sha256(presented.encode()).hexdigest()

    def matches(self, presented: str) -> bool:
        """Whether that is the token, compared in constant time."""
        return hmac.compare_digest(self.digest, self.digest_of(presented))

    def state(self, now: dt.datetime) -> str:
        """`usable`, `revoked` or `expired` at that instant."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "usable"
