"""Decoding a batch: raw records in, decoded records and their copy rows out; no database is touched."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from coach.legacy.decoding import records
from coach.legacy.decoding.records import Decoded, Rejected
from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.writing import tables
from coach.legacy.writing.tables import CopyRows, Maker


@dataclass(frozen=True)
class DecodeJob:
    """A batch to be decoded: its records, the ordinals of those that lines are wanted of, and what these are made with."""

    raws: Sequence[RawRecord]
    new: frozenset[int]
    maker: Maker


@dataclass(frozen=True)
class DecodeResult:
    """What came of a batch: its records in their order, and lines by ordinal."""

    decoded: list[Decoded | Rejected]
    built: dict[int, CopyRows]


# Begins to decode a batch; one at a time, in their order.
Submit = Callable[[DecodeJob], "Future[DecodeResult]"]


def decode(job: DecodeJob) -> DecodeResult:
    """Decode a batch here and now."""
    decoded: list[Decoded | Rejected] = []
    built: dict[int, CopyRows] = {}
    for raw in job.raws:
        found = records.decode(raw)
        if isinstance(found, Decoded):
            if raw.ordinal in job.new:
                built[raw.ordinal] = tables.copy_rows(raw.store, found, job.maker)
            found = found.without_content()
        decoded.append(found)
    return DecodeResult(decoded, built)
