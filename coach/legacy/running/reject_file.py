"""The reject file: one line a rejected record, with its place, its errors and its content, to be mended and retried.

The only file that holds records' contents: it is readable by its owner alone.
"""

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from django.conf import settings

from coach.legacy.codes import Code
from coach.legacy.deciding.compare import Planned
from coach.legacy.reading import rejects
from coach.legacy.running.ledger import errors
from coach.legacy.stores import Outcome, Store
from coach.models import BackfillRun


class Rejects(Protocol):
    """Where the rejected records of a run go, within the transaction that puts them on record."""

    def add(self, planned: Sequence[Planned]) -> None:
        """Keep the rejected ones among these; those of a transaction that was rolled back come again."""

    def close(self) -> None:
        """Nothing more comes."""


class RejectFile:
    """Rejected records, appended and flushed to the disk batch by batch; no file while there is none.

    Raises OSError where the disk takes no more.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        # Where the lines of a batch begin, by the place of its first record.
        self._begun: list[tuple[tuple[int, int], int]] = []

    def add(self, planned: Sequence[Planned]) -> None:
        """Append the rejected ones among these; they are on the disk afterwards.

        Records that come again, because the transaction that they came with was rolled back, replace their former lines.
        """
        place = _place(planned[0].record.store, planned[0].record.ordinal)
        self._take_back(place)
        text = lines_of(planned)
        if not text:
            return
        file = self._file or self._open()
        self._begun.append((place, file.seek(0, os.SEEK_END)))
        file.write(text)
        file.flush()
        os.fsync(file.fileno())

    def has_lines(self) -> bool:
        """Whether an earlier run left rejected records under that name."""
        if not self.path.exists():
            return False
        with self.path.open("rb") as lines:
            return any(line.strip() for line in lines)

    def keep_before(self, store: Store, ordinal: int) -> None:
        """Drop the lines of records that a resumed run will come to again, and a half-written last line.

        Lines that do not say which record they reject are kept.
        """
        if not self.path.exists():
            return
        kept = self.path.with_name(self.path.name + ".kept")
        with self.path.open("rb") as lines, kept.open("wb") as target:
            os.fchmod(target.fileno(), 0o600)
            for line in lines:
                position = rejects.position(line)
                if line.endswith(b"\n") and (position is None or _place(*position) < _place(store, ordinal)):
                    target.write(line)
        kept.replace(self.path)

    def close(self) -> None:
        if self._file:
            # What a full disk did not take would be written once more: that was said already, and is not lost.
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def _take_back(self, place: tuple[int, int]) -> None:
        """Drop the lines that were written from that record on."""
        while self._file and self._begun and self._begun[-1][0] >= place:
            self._file.truncate(self._begun.pop()[1])

    def _open(self) -> BinaryIO:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
        return self._file


def lines_of(planned: Sequence[Planned]) -> bytes:
    """The lines of the rejected ones among these; nothing of an erased learner is written down again."""
    return b"".join(
        _line(plan) for plan in planned if plan.outcome == Outcome.REJECTED and plan.code != Code.ERASED
    )


def path_of(run: BackfillRun) -> Path:
    """Where the command leaves the rejects of a run, unless `--rejects` names another file."""
    # The moment tells runs of one number in different databases apart.
    name = f"rejects-{run.pk}-{run.started_at:%Y%m%dT%H%M%S}.jsonl"
    return Path(settings.BASE_DIR) / "var" / "backfill" / name


def _place(store: Store, ordinal: int) -> tuple[int, int]:
    """What sorts records as they are imported."""
    return list(Store).index(store), ordinal


def _line(planned: Planned) -> bytes:
    head: dict[str, Any] = {
        "store": str(planned.record.store),
        "ordinal": planned.record.ordinal,
        "place": planned.record.place,
        "owner": planned.record.owner,
        "natural_key": planned.key,
        "code": planned.code,
        "errors": errors(planned),
        "checksum": planned.record.checksum,
    }
    raw = planned.record.raw
    if planned.code == Code.UNREADABLE_LINE:
        raw = json.dumps(raw.decode()).encode()
    # Texts hold no line breaks of their own in JSON, so breaks between members can go.
    raw = raw.replace(b"\r", b" ").replace(b"\n", b" ")
    return json.dumps(head).encode()[:-1] + b', "record": ' + raw + b"}\n"
