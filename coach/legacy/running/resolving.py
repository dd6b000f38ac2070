"""The record of one finding, once more through the core: mended by staff, or with their decision about its conflict."""

import json
from collections.abc import Callable, Sequence

from coach.documents.base import utc_now
from coach.legacy.codes import Code
from coach.legacy.deciding import compare, provenance
from coach.legacy.deciding.compare import Choice, OnConflict, Planned
from coach.legacy.decoding import records
from coach.legacy.decoding.records import Rejected
from coach.legacy.reading import raw_records
from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.running import ledger
from coach.legacy.running.summary import Summary
from coach.legacy.stores import Store
from coach.legacy.writing.apply import Writer
from coach.legacy.writing.tables import Derive, Maker
from coach.models import BackfillFinding, BackfillRun, ErasedLearner


def raw_records_of(finding: BackfillFinding, text: str, *, owner: str) -> list[RawRecord]:
    """The record of that (JSON) text at the finding's place; several where what was no list of records is one now.

    `owner` is whose it is, where the store lists records by learners.
    """
    texts, store = [text], Store(finding.store)
    if finding.code == Code.NOT_A_LIST and isinstance(found := json.loads(text), list):
        texts = [json.dumps(element, ensure_ascii=False) for element in found]
    whose = None if store == Store.PROFILES else owner
    return [
        raw_records.cut_out(store, finding.place, whose, (0, len(data)), "", data, ordinal=finding.ordinal)
        for data in map(str.encode, texts)
    ]


def look(raw: RawRecord) -> Planned:
    """What would become of a record now; nothing is written."""
    decoded = records.decode(raw)
    if isinstance(decoded, Rejected):
        return compare.rejection(decoded)
    names = {decoded.username}
    erased = ErasedLearner.objects.among(names)
    [planned] = compare.plan(raw.store, [decoded], learners=provenance.learner_ids(names), erased=erased)
    return planned


def take(
    raws: Sequence[RawRecord],
    *,
    run: BackfillRun,
    on_conflict: OnConflict | Choice,
    derive: Derive,
    confirm: Callable[[], None],
) -> list[Planned]:
    """Import these records of one store as the run, which ends with it; what became of them.

    Belongs into a transaction, with the lock held (`confirm`).
    """
    maker = Maker(run_id=run.pk, at=utc_now(), derive=derive)
    writer = Writer(store=raws[0].store, maker=maker, on_conflict=on_conflict, confirm=confirm)
    planned = [
        plan
        for raw in raws
        for plan in writer.write(writer.read([raw]), lambda found: ledger.record_findings(run, found, {}))
    ]
    ledger.resolve_earlier(run, planned, {})
    summary = Summary([], counts={raws[0].store: ledger.empty_counts()}).plus(planned, {})
    summary.keep(run)
    ledger.finish(run, ledger.State.DONE if summary.clean else ledger.State.DONE_WITH_REJECTS)
    return planned
