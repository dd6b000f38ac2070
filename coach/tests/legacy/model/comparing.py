"""What is compared after a step: report, ledger, reject file, tables, bytes."""

from __future__ import annotations

import collections
import contextlib
import copy
import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from coach import models
from coach.tests.legacy.model import fields, promises, stores
from coach.tests.legacy.model.fields import UNKNOWN, Bad, differences, same
from coach.tests.legacy.model.known import KNOWN
from coach.tests.legacy.model.promises import STORES, Result, State
from coach.tests.legacy.model.world import PROVENANCE, Ended, World, known, rejected, with_unknown

OUTCOMES = ("created", "updated", "unchanged", "kept", "conflict", "rejected")
# How the ledger calls the reasons of the model.
CODES = {"nul_character": {"nul_character", "not_json"}}

# Where a run is noted, and what keeps two of them apart.
LOCK = ("BackfillLock",)
LEDGER = ("BackfillRun", "BackfillFinding", *LOCK)
# What kinds of versions belong to which store.
VERSIONED = {"profile": "profiles", "submission": "submissions", "attachment": "attachments"}


class Disagreement(AssertionError):
    """The real thing did something else than was promised."""


def expect(condition: object, *about: object) -> None:
    if not condition:
        raise Disagreement("\n".join(map(str, about)))


class Comparison:
    """A world beside its model."""

    world: World
    state: State
    writer: stores.Writer
    chance: random.Random
    figures: collections.Counter[str]
    with_bytes: bool
    last_rejects: list[Path]

    def check_run(self, ended: Ended, result: Result, before: dict[str, Any], rejects: Path) -> None:
        self.check_report(ended, result)
        self.check_rejects(rejects, result)
        self.check_findings(result)
        self.check_tables(result, before)
        self.check_versions(result, before)
        self.check_bytes(result)
        self.adopt(result)

    def check_report(self, ended: Ended, result: Result, *, dry: bool = False) -> None:
        status = result.status()
        if self.with_bytes and (missing := self.missing_bytes(result)):
            status = 2
            self.figures["missing bytes"] += len(missing)
        expect(
            ended.status == status or (dry and self.with_bytes), f"status {ended.status}, not {status}", ended
        )
        expect(ended.report is not None, "no report", ended)
        for store, counts in ended.report["stores"].items():
            self.check_counts(counts, result.of(store), f"the report of {store}", ended)
        if "--resume" in ended.printed.split("\n")[0] and "resume_report" in KNOWN:
            return
        found = [
            (finding["store"], place_of(finding["place"]), finding["outcome"], finding["code"])
            for finding in ended.report["findings"]
            if finding["outcome"] in ("rejected", "conflict")
        ]
        self.match_findings(found, result, ended)
        if not dry:
            run = models.BackfillRun.objects.get(pk=ended.report["run"])
            wanted_state = "done_with_rejects" if ended.status else "done"
            expect(run.state == ended.report["state"] == wanted_state, "state", run.state, ended)
        for store, counts in ended.report["stores"].items():
            self.check_unknown(set(counts["unknown_members"]), result, store)
        self.figures["stores"] += len({verdict.item.store for verdict in result.verdicts})
        self.figures["records"] += len(result.verdicts)

    def check_counts(self, counts: dict[str, Any], verdicts: list[promises.Verdict], *about: Any) -> None:
        for outcome in OUTCOMES:
            least = sum(verdict.outcomes == {outcome} for verdict in verdicts)
            most = sum(outcome in verdict.outcomes for verdict in verdicts)
            number = counts.get(outcome, 0)
            where = [(v.item.store, v.item.place, v.outcomes, v.codes) for v in verdicts]
            expect(least <= number <= most, f"{outcome}: {number}, not {least}..{most}", *where, *about)
        total = sum(counts.get(outcome, 0) for outcome in OUTCOMES)
        expect(total == len(verdicts), f"{total} outcomes of {len(verdicts)} records", *about)
        if "read" in counts:
            expect(counts["read"] == len(verdicts), "read", counts["read"], len(verdicts), *about)

    def check_unknown(self, named: set[str], result: Result, store: str) -> None:
        """Unknown members of what was written are named; others may be, where they occur at all."""
        least: set[str] = set()
        most: set[str] = set()
        for verdict in result.of(store):
            with contextlib.suppress(Bad):
                paths = set(unknown_paths(fields.decode(fields.KINDS[store], verdict.item.value)))
                most |= paths
                least |= paths if verdict.outcomes <= {"created", "updated"} else set()
        expect(least <= named <= most, f"unknown members of {store}: {named}, not {least}..{most}")

    def check_findings(self, result: Result) -> None:
        run = models.BackfillRun.objects.latest("id")
        found = [
            (finding.store, place_of(finding.place), finding.outcome, finding.code)
            for finding in run.findings.exclude(outcome="file").order_by("id")
        ]
        self.match_findings(found, result, f"the ledger of run {run.pk}")

    def match_findings(self, found: list[tuple[Any, ...]], result: Result, *about: Any) -> None:
        wanted = [verdict for verdict in result.verdicts if verdict.outcomes & {"rejected", "conflict"}]
        # Nobody is told where an erased learner's records are.
        hidden = [v for v in wanted if v.erased]
        wanted = [v for v in wanted if not v.erased]
        erased = [finding for finding in found if finding[3] == "erased"]
        expect(len(erased) == len(hidden) and {f[1] for f in erased} <= {()}, "erased", erased, *about)
        found = [finding for finding in found if finding not in erased]
        places = sorted((store, repr(place), outcome) for store, place, outcome, _ in found)
        expected = sorted((v.item.store, repr(v.item.place), min(v.outcomes)) for v in wanted)
        expect(places == expected, "findings", places, "expected", expected, *about)
        codes = collections.defaultdict(list)
        for store, place, _, code in found:
            codes[store, repr(place)].append(code)
        for verdict in wanted:
            if verdict.rejected:
                allowed = set().union(*(CODES.get(code, {code}) for code in verdict.codes))
                given = codes[verdict.item.store, repr(verdict.item.place)]
                expect(allowed & set(given), f"{verdict.item.place} for {given}, not {allowed}", *about)

    def check_rejects(self, path: Path, result: Result) -> None:
        lines = rejected(path)
        found = [(line["store"], place_of(line["place"]), line["owner"], line["record"]) for line in lines]
        wanted = [
            (v.item.store, v.item.place, v.item.owner, v.item.value) for v in result.rejects() if not v.erased
        ]
        expect(_comparable(found) == _comparable(wanted), "the reject file", *found, "expected", *wanted)
        if lines:
            self.last_rejects.append(path)

    def check_tables(self, result: Result, before: dict[str, list[dict[str, Any]]]) -> None:
        found = self.world.documents()
        for store in STORES:
            rows = result.state.rows(store)
            expect(found[store].keys() == rows.keys(), f"{store}: {sorted(found[store])} / {sorted(rows)}")
            for key, (owner, document) in found[store].items():
                expected = known(rows[key].document)
                expect(owner == rows[key].owner, f"{store} {key} is {owner}'s, not {rows[key].owner}'s")
                expect(same(expected, document), f"{store} {key}:", *differences(expected, document))
        expect(not (wrong := self.world.underived()), "derived columns", *wrong)
        old, new = _grouped(before), _grouped(self.world.tables())
        for group in old.keys() & new.keys() - result.written:
            if group[0] != "submissions" or group not in result.written:
                expect(old[group] == new[group], f"{group} was written:", *_changed(old[group], new[group]))

    def check_versions(self, result: Result, before: dict[str, list[dict[str, Any]]]) -> None:
        """What an update replaced is kept, once, as it was; nothing else is."""
        last = max((row["id"] for row in before["RecordVersion"]), default=0)
        found = {}
        for version in models.RecordVersion.objects.filter(pk__gt=last):
            pair = (VERSIONED[version.kind], version.natural_key)
            expect(pair not in found, f"two versions of {pair}")
            found[pair] = version.before
        updated = {
            (store, key)
            for store, key in result.written
            if key in self.state.rows(store) and (store, key) not in found
        }
        for store, key in updated:
            old, new = (known(state.rows(store)[key].document) for state in (self.state, result.state))
            # When a profile was last changed is nothing that could be put back.
            old, new = ({**document, "last_updated": None} for document in (old, new))
            expect(same(new, old), f"no version of {store} {key}")
        for (store, key), members in found.items():
            if (store, key) not in result.written and store == "attachments":
                # It is not pending any more: it went into a submission.
                continue
            expect((store, key) in result.written, f"a version of {store} {key}, which was not updated")
            old = self.state.rows(store)[key].document
            for name, value in members.items():
                if name == "graded_by":  # no member of the document
                    continue
                decoded = fields.TABLE[fields.KINDS[store]][name][0].decode(value)
                expect(
                    same(known(decoded), known(old[name])),
                    f"the version of {store} {key}: {name}",
                    decoded,
                    old[name],
                )

    def missing_bytes(self, result: Result) -> list[str]:
        paths = [document["stored_path"] for document in result.copied if document["stored_path"]]
        return [path for path in paths if path not in self.writer.bytes]

    def check_bytes(self, result: Result) -> None:
        if self.with_bytes:
            for document in result.copied:
                path = document["stored_path"]
                if path in self.writer.bytes:
                    result.state.stored[path] = self.writer.bytes[path]
        found = self.world.stored()
        paths = {
            path
            for path in found.keys() | result.state.stored.keys()
            if found.get(path) != result.state.stored.get(path)
        }
        expect(
            not paths,
            "bytes differ",
            *((path, found.get(path), result.state.stored.get(path)) for path in paths),
        )

    def adopt(self, result: Result) -> None:
        """Take the model's state over, with the times that the records left open."""
        found = self.world.documents()
        for store in STORES:
            for key, row in result.state.rows(store).items():
                if (store, key) in result.written:
                    document = with_unknown(found[store][key][1], row.document)
                    row.document, row.landed = document, copy.deepcopy(document)
                elif row.landed is not None and row.base is not None and same(row.base, row.document):
                    row.landed = copy.deepcopy(row.document)
        self.state = result.state

    def unchanged_tables(
        self, before: dict[str, list[dict[str, Any]]], *, besides: Sequence[str] = ()
    ) -> None:
        """Nothing was written, to any table but those."""
        for name, rows in self.world.tables().items():
            if name not in besides:
                expect(rows == before[name], f"{name} was written:", *_changed(before[name], rows))


def unknown_paths(document: Any, path: str = "$") -> Iterator[str]:
    """Where unknown members stand, as a report names them: `$.curriculum_plan.modules[*].extra`."""
    if isinstance(document, dict):
        yield from (f"{path}.{name}" for name in document.get(UNKNOWN, ()))
        for name, part in document.items():
            if name != UNKNOWN:
                yield from unknown_paths(part, f"{path}.{name}")
    elif isinstance(document, list):
        for part in document:
            yield from unknown_paths(part, f"{path}[*]")


def place_of(text: str) -> tuple[Any, ...]:
    """A place such as `$.mira[3]` or `$["a b"][0]`, as steps; the lines of reject files apart that lead to it."""
    steps: list[Any] = []
    decoder, at = json.JSONDecoder(), 1
    while text.startswith("line "):
        text = text.partition(": ")[2]
    # The second member of the same name is called `name#2`; no name of these stores has such an end.
    text = re.sub(r"#[0-9]+(?=[.\[]|$)", "", text)
    while at < len(text):
        if text[at] == ".":
            end = min((found for mark in ".[" if (found := text.find(mark, at + 1)) >= 0), default=len(text))
            steps.append(text[at + 1 : end])
            at = end
        else:
            step, end = decoder.raw_decode(text, at + 1)
            steps.append(step)
            at = end + 1
    return tuple(steps)


def _comparable(lines: list[tuple[Any, ...]]) -> list[str]:
    # NaN is not equal to itself, its spelling is.
    return [repr(line) for line in lines]


def _changed(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    gone = [f"- {row}" for row in before if row not in after]
    return gone + [f"+ {row}" for row in after if row not in before]


def _grouped(tables: dict[str, list[dict[str, Any]]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The rows that belong to one record, by (store, key), without what an import notes about itself."""
    names = {row["id"]: row["username"] for row in tables["LearnerProfile"]}
    schedules = {row["id"]: names[row["learner_id"]] for row in tables["CurriculumSchedule"]}
    submissions = {row["id"]: row["submission_id"] for row in tables["AssessmentSubmission"]}
    groups: dict[tuple[str, str], list[dict[str, Any]]] = collections.defaultdict(list)

    def put(store: str, key: str, row: dict[str, Any]) -> None:
        groups[store, key].append({name: value for name, value in row.items() if name not in PROVENANCE})

    for row in tables["LearnerProfile"]:
        put("profiles", row["username"], row)
    for row in (*tables["MemoryRecord"], *tables["CurriculumSchedule"]):
        put("profiles", names[row["learner_id"]], row)
    for row in tables["ScheduleItem"]:
        put("profiles", schedules[row["schedule_id"]], row)
    for row in tables["AssessmentSubmission"]:
        put("submissions", row["submission_id"], row)
    for row in tables["AttachmentMetadata"]:
        if row["submission_id"] is None:
            put("attachments", row["attachment_id"], row)
        else:
            put("submissions", submissions[row["submission_id"]], row)
    return groups
