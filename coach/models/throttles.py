"""Counters that several processes and machines share, for limits on how often something may be asked."""

from typing import NamedTuple

from django.db import connection, models, transaction


class Counted(NamedTuple):
    """How many were counted in a window, this one included, and when it began (seconds since 1970)."""

    number: int
    started: int


class ThrottleWindowQuerySet(models.QuerySet["ThrottleWindow"]):
    def count_one(self, key: str, *, now: int, seconds: int) -> Counted:
        """Count one more under a key; a window older than `seconds` starts again.

        One statement, so that of two processes neither overwrites what the other counted.
        """
        # A statement of its own is bounded as a statement, and only a transaction's commit as a commit.
        with transaction.atomic(savepoint=False), connection.cursor() as cursor:
            cursor.execute(_COUNT_ONE, {"key": key, "now": now, "oldest": now - seconds})
            return Counted(*cursor.fetchone())


class ThrottleWindow(models.Model):
    """One window of one client; `key` is a digest, so that no address is kept."""

    key = models.CharField(max_length=64, primary_key=True)
    started = models.BigIntegerField(db_index=True, help_text="Seconds since 1970.")
    count = models.PositiveIntegerField()

    objects = ThrottleWindowQuerySet.as_manager()

    class Meta:
        verbose_name = "throttle window"

    def __str__(self) -> str:
        return f"{self.count} since {self.started}"


_COUNT_ONE = """
    INSERT INTO coach_throttlewindow AS present (key, started, count) VALUES (%(key)s, %(now)s, 1)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN present.started <= %(oldest)s THEN 1 ELSE present.count + 1 END,
        started = CASE WHEN present.started <= %(oldest)s THEN excluded.started ELSE present.started END
    RETURNING count, started
"""
