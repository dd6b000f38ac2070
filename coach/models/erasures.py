"""Who was erased: a keyed digest of each name, by which an import recognises records that it must not bring back."""

from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.utils.crypto import salted_hmac

from coach.documents.base import utc_now
from coach.models.database.fields import DocumentField, Parsed


def digest(username: str) -> str:
    """A username (in normal form) as the key of its tombstone."""
    hashed = salted_hmac(
        "coach.erasures",
        username.encode("utf-8", "surrogatepass"),
        secret=settings.ERASURE_KEY,
        algorithm="sha256",
    )
    return hashed.hexdigest()


class ErasedLearnerQuerySet(models.QuerySet["ErasedLearner"]):
    def among(self, usernames: Iterable[str]) -> set[str]:
        """Which of these (normal) names imports must not bring back."""
        names = {digest(name): name for name in usernames}
        return {
            names[key] for key in self.filter(pk__in=names, restored_at=None).values_list("pk", flat=True)
        }

    def restore(self, usernames: Iterable[str]) -> None:
        """Let imports bring learners of these (normal) names back from now on."""
        self.filter(pk__in=map(digest, usernames), restored_at=None).update(restored_at=utc_now())


class ErasedLearner(models.Model):
    """One tombstone. It holds no name: `key` is the keyed digest of the username."""

    key = models.CharField(max_length=64, primary_key=True)
    erased_at = models.DateTimeField(default=utc_now)
    restored_at = models.DateTimeField(
        null=True, help_text="When an import brought the learner back on purpose."
    )
    paths = DocumentField(schema=list[str], null=True, help_text="Stored bytes that are still to be removed.")

    path_list = Parsed["list[str] | None"]("paths")

    objects = ErasedLearnerQuerySet.as_manager()

    class Meta:
        verbose_name = "erased learner"

    def __str__(self) -> str:
        return self.key[:12]
