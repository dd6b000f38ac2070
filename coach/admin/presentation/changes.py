"""What versions say in words: `path: old → new`, worked out when it is shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from coach.admin.presentation import links
from coach.documents import differences
from coach.documents.differences import Change
from coach.models import RecordVersion
from coach.models.versions import fingerprint
from coach.services.keeping import versions

MOST_IN_A_LIST = 3
# A learner whose history is longer than this shows what stands there now in place of the next version.
_MOST_LATER = 500


@dataclass(frozen=True)
class Explained:
    """One version with its changes; `moved` where a member was changed again by what leaves no version."""

    version: RecordVersion
    changes: Sequence[Change]
    moved: bool

    def brief(self) -> SafeString:
        """The first changes as lines, and a link to all of them."""
        shown = format_html_join(
            "", '<div class="change">{}</div>', ((c,) for c in self.changes[:MOST_IN_A_LIST])
        )
        left = len(self.changes) - MOST_IN_A_LIST
        words = f"and {left} more" if left > 0 else "look, or put back"
        return format_html("{}{}", shown, links.to(self.version, words))


def explained(rows: Iterable[RecordVersion]) -> list[Explained]:
    """The versions with what they changed, in their order. A fixed number of queries."""
    shown = list(rows)
    if not shown:
        return []
    later = _later(shown)
    now = versions.states({_record(version) for version in shown})
    return [
        _explain(version, later.get(_record(version), ()), now.get(_record(version))) for version in shown
    ]


def _explain(version: RecordVersion, later: Sequence[RecordVersion], now: dict[str, Any] | None) -> Explained:
    old, left = version.before or {}, version.fingerprints
    if left is None:
        return Explained(version, tuple(differences.between(old, {})), moved=False)
    new = {name: _next(name, version, later, now) for name in left}
    moved = any(fingerprint(new[name]) != digest for name, digest in left.items())
    return Explained(version, tuple(differences.between(old, new)), moved)


def _next(
    name: str, version: RecordVersion, later: Sequence[RecordVersion], now: dict[str, Any] | None
) -> Any:
    """A member's value after the version: what the next version of it replaced, or what is there now."""
    for candidate in later:
        if candidate.pk > version.pk and name in (before := candidate.before or {}):
            return before[name]
    return (now or {}).get(name)


def _later(shown: Sequence[RecordVersion]) -> dict[versions.Record, list[RecordVersion]]:
    """The versions that follow those shown, of the same records, oldest first."""
    rows = RecordVersion.objects.filter(
        learner__in={version.learner_id for version in shown},
        natural_key__in={version.natural_key for version in shown},
        pk__gt=min(version.pk for version in shown),
    )
    found: dict[versions.Record, list[RecordVersion]] = {}
    for row in rows.order_by("pk")[:_MOST_LATER]:
        found.setdefault(_record(row), []).append(row)
    return found


def _record(version: RecordVersion) -> versions.Record:
    return version.learner_id, version.kind, version.natural_key
