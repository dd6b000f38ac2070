"""The model: what a run makes of three stores and of what is there, by the promises and nothing else.

It holds everything in dictionaries and takes one record after the other; there are no batches, checksums or files.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from coach.tests.legacy.model import fields
from coach.tests.legacy.model.fields import Bad, Pairs, same

STORES = ("profiles", "submissions", "attachments")


class Ambiguous(Exception):
    """The promises leave open what happens: the trial takes another input."""


# --- what goes in -----------------------------------------------------------------------------------


@dataclass
class Item:
    """One record where it stands; `owner` is the key above it (None among profiles)."""

    store: str
    place: tuple[Any, ...]
    owner: Any
    value: Any
    # A value where a list of records is expected.
    no_list: bool = False
    # The same key stands earlier in the store.
    repeated: bool = False


def items(store: str, content: Any) -> Iterator[Item]:
    """The records of a store, in order. `content` is a list of values, or `Pairs` of key and value."""
    if store == "profiles":
        entries = content if isinstance(content, Pairs) else enumerate(content)
        for key, value in entries:
            yield Item(store, (key,), None, value)
        return
    seen: set[str] = set()
    for key, value in content:
        repeated = key in seen
        seen.add(key)
        if isinstance(value, list) and not isinstance(value, Pairs):
            for number, record in enumerate(value):
                yield Item(store, (key, number), key, record, repeated=repeated)
        else:
            yield Item(store, (key,), key, value, no_list=True, repeated=repeated)


# --- what is there ----------------------------------------------------------------------------------


@dataclass
class Row:
    """A record that stands in the database.

    `document` is it now, `base` what the store said when the two were last at one (None: never imported),
    `landed` the document as it stood right after that (None where it was kept against the store).
    """

    owner: str
    document: dict[str, Any]
    base: dict[str, Any] | None = None
    landed: dict[str, Any] | None = None


@dataclass
class State:
    profiles: dict[str, Row] = field(default_factory=dict)
    submissions: dict[str, Row] = field(default_factory=dict)
    attachments: dict[str, Row] = field(default_factory=dict)
    # (owner, attachment id) that staff or a submission made here have used, with what was last imported of it.
    used: dict[tuple[str, str], Any] = field(default_factory=dict)
    # Learners who were erased: an import brings them back only on purpose.
    erased: set[str] = field(default_factory=set)
    # The bytes of attachments, by path.
    stored: dict[str, bytes] = field(default_factory=dict)

    def rows(self, store: str) -> dict[str, Row]:
        return getattr(self, store)

    def attached(self, owner: str, attachment_id: str) -> bool:
        """Whether a submission of that learner holds the attachment."""
        return any(
            (owner, attachment_id) in _attachments(row.owner, row.document)
            for row in self.submissions.values()
        )


def _attachments(owner: str, document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(owner, attachment["attachment_id"]) for attachment in document["attachments"]}


# --- what comes out ---------------------------------------------------------------------------------


@dataclass
class Verdict:
    """What became of one record: one of `outcomes`; if it was rejected, for one of the reasons `codes`."""

    item: Item
    outcomes: set[str]
    codes: set[str] = field(default_factory=set)
    key: str | None = None

    @property
    def rejected(self) -> bool:
        return self.outcomes == {"rejected"}

    @property
    def erased(self) -> bool:
        """Whether it is rejected for its learner's erasure: then nothing of it is written down again."""
        return "erased" in self.codes


@dataclass
class Result:
    state: State
    verdicts: list[Verdict] = field(default_factory=list)
    # Keys of rows that are written: (store, key).
    written: set[tuple[str, str]] = field(default_factory=set)
    # Attachments whose bytes are copied: documents.
    copied: list[dict[str, Any]] = field(default_factory=list)

    def of(self, store: str) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.item.store == store]

    def rejects(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.rejected]

    def status(self) -> int:
        """The exit status, as far as records decide it."""
        return 2 if any(verdict.outcomes & {"rejected", "conflict"} for verdict in self.verdicts) else 0


def run(
    state: State,
    given: Iterable[Item],
    *,
    on_conflict: str = "report",
    usernames: Iterable[str] = (),
    restore_erased: bool = False,
) -> Result:
    """Import records, in the order profiles, submissions, attachments. Raises Ambiguous."""
    result = Result(copy.deepcopy(state))
    if restore_erased:
        result.state.erased = set()
    found = _selected(given, usernames)
    attached: set[tuple[str, str]] = set()
    for store in STORES:
        counted: set[str] = set()
        for item in found:
            if item.store == store:
                verdict = _judged(result, item, counted, attached, on_conflict)
                result.verdicts.append(verdict)
    # Whoever was brought back is erased no more.
    result.state.erased = state.erased - result.state.profiles.keys()
    return result


def _selected(given: Iterable[Item], usernames: Iterable[str]) -> list[Item]:
    """The records of some learners, or all. Raises Ambiguous."""
    wanted = {fields.normal(name) for name in usernames}
    given = list(given)
    if not wanted:
        return given
    selected = [item for item in given if _owner_of(item) in wanted]
    keys = {(item.store, _key(item, None)) for item in selected}
    if any((item.store, _key(item, None)) in keys for item in given if item not in selected):
        raise Ambiguous("an earlier record of the same key may be another learner's")
    return selected


def _owner_of(item: Item) -> str:
    """Whose a record is, for a run of some learners only. Raises Ambiguous where nobody can tell."""
    try:
        spelled = item.owner if item.store != "profiles" else item.value["username"]
        return fields.normal(spelled)
    except (Bad, TypeError, KeyError, AttributeError) as error:
        raise Ambiguous("whose is it?") from error


def _judged(
    result: Result, item: Item, counted: set[str], attached: set[tuple[str, str]], on_conflict: str
) -> Verdict:
    state = result.state
    codes, document, owner, key = _examined(state, item)
    if "erased" in codes and (codes - {"erased", "unknown_learner"} or key in counted):
        raise Ambiguous("an erased learner's record, rejected for another reason too")
    if key is not None and key in counted:
        return Verdict(item, {"rejected"}, codes | {"repeated_in_input"}, key)
    if codes:
        return Verdict(item, {"rejected"}, codes, key)
    counted.add(key)
    if item.store == "attachments" and (
        (owner, key) in attached or (owner, key) in state.used or state.attached(owner, key)
    ):
        # A submission has it: it is not pending, and never made so.
        return Verdict(item, {"kept", "unchanged"}, key=key)
    outcome = _decided(result, item.store, owner, key, document, on_conflict)
    if item.store == "submissions":
        _attach(result, owner, document, outcome, attached)
    return Verdict(item, {outcome}, key=key)


def _examined(state: State, item: Item) -> tuple[set[str], Any, Any, Any]:
    """Why a record cannot be imported (all reasons), the document, its owner, and its key as far as it can be read."""
    codes: set[str] = set()
    document = owner = None
    if item.store != "profiles":
        owner, codes = _known(state, item.owner)
    if item.repeated:
        codes |= {"repeated_key"}
    if item.no_list:
        return codes | {"not_a_list"}, None, owner, None
    try:
        document = fields.decode(fields.KINDS[item.store], item.value)
    except Bad as error:
        codes |= error.codes
    key = _key(item, document)
    if document is not None and not codes:
        if item.store == "profiles":
            owner = key
        else:
            document = {name: value for name, value in document.items() if name != "username"}
            row = state.rows(item.store).get(key)
            if row is not None and row.owner != owner:
                codes |= {"other_learner"}
    if (key if item.store == "profiles" else owner) in state.erased:
        codes |= {"erased"}
    return codes, document, owner, key


def _known(state: State, spelled: Any) -> tuple[str | None, set[str]]:
    try:
        faults = fields.faults(spelled)
        if faults:
            return None, faults | {"unusable_username", "unknown_learner"}
        owner = fields.normal(spelled)
    except Bad as error:
        return None, error.codes | {"unknown_learner"}
    return owner, set() if owner in state.profiles else {"unknown_learner"}


def _key(item: Item, document: dict[str, Any] | None) -> str | None:
    """The natural key; of a record that is no document as far as it can be read."""
    name = fields.KEYS[item.store]
    if document is not None:
        return str(document[name])
    try:
        spelled = item.value[name]
        return fields.normal(spelled) if item.store == "profiles" else spelled
    except (Bad, TypeError, KeyError, AttributeError):
        return None


def _decided(
    result: Result, store: str, owner: str, key: str, theirs: dict[str, Any], on_conflict: str
) -> str:
    """The three-way rule, and what it does to the row."""
    rows = result.state.rows(store)
    row = rows.get(key)
    if row is None:
        _write(result, store, key, Row(owner, theirs, base=theirs, landed=theirs))
        return "created"
    if same(theirs, row.document):
        # Two sides that agree have nothing left to argue.
        row.base, row.landed = theirs, row.document
        return "unchanged"
    moved = row.base is None or not same(theirs, row.base)
    if not moved and not same(row.base, theirs):
        raise Ambiguous("a time that was said before is not said any more")
    edited = row.landed is None or row.document != row.landed
    if not moved:
        return "kept"
    if not edited or on_conflict == "overwrite":
        _write(result, store, key, Row(owner, theirs, base=theirs, landed=theirs))
        return "updated"
    if on_conflict == "keep":
        row.base, row.landed = theirs, None
        return "kept"
    return "conflict"


def _write(result: Result, store: str, key: str, row: Row) -> None:
    result.state.rows(store)[key] = row
    result.written.add((store, key))
    if store == "submissions":
        result.copied += row.document["attachments"]
    if store == "attachments":
        result.copied.append(row.document)


def _attach(
    result: Result, owner: str, theirs: dict[str, Any], outcome: str, attached: set[tuple[str, str]]
) -> None:
    """What a submission has is not pending any more."""
    taken = _attachments(owner, theirs)
    pending = result.state.attachments
    mine = {(row.owner, key) for key, row in pending.items()}
    if outcome == "conflict" and not all(result.state.attached(*pair) for pair in taken):
        raise Ambiguous("a submission that is not written attaches something")
    attached |= taken
    for _, key in taken & mine:
        del pending[key]


# --- proving ----------------------------------------------------------------------------------------


def verify(
    state: State, given: Iterable[Item], *, usernames: Iterable[str] = ()
) -> tuple[set[int], set[str]]:
    """The statuses that a verification may end with, and the keys of the records that must be named."""
    state = copy.deepcopy(state)
    found = _selected(given, usernames)
    named: set[str] = set()
    doubtful = rejected = False
    taken: set[tuple[str, str]] = set()
    for store in STORES:
        counted: set[str] = set()
        for item in (item for item in found if item.store == store):
            codes, document, owner, key = _examined(state, item)
            if codes == {"other_learner"} and key not in counted:
                counted.add(key)
                named.add(key)
            elif codes or key in counted:
                rejected = True
            else:
                counted.add(key)
                row = state.rows(store).get(key)
                if store == "submissions":
                    taken |= _attachments(owner, document)
                if store == "attachments" and (owner, key) in taken:
                    continue
                if store == "attachments" and row is None and state.attached(owner, key):
                    doubtful = True
                elif row is None or not same(document, row.document):
                    named.add(key)
    if named:
        return {4}, named
    plain = 2 if rejected else 0
    return ({plain, 4} if doubtful else {plain}), named
