"""The trial: a random walk through every door, compared with the model after every step."""

from __future__ import annotations

import collections
import json
import random
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from coach import models
from coach.tests.legacy.model import edits, fields, mishaps, promises, stores
from coach.tests.legacy.model.comparing import LEDGER, Disagreement, expect, place_of
from coach.tests.legacy.model.fields import differences, same
from coach.tests.legacy.model.inputs import DECISIONS
from coach.tests.legacy.model.known import KNOWN
from coach.tests.legacy.model.promises import STORES, Ambiguous, Result, State
from coach.tests.legacy.model.world import (
    World,
    exported,
    items_of,
    known,
    rejected,
    strayed,
)

STEPS_PER_WORLD = 25


class Trial:
    """Worlds, one after the other. `figures` counts what was compared."""

    def __init__(self, folder: Path, *, seed: int, kill_share: float = 0.04, first: int = 1) -> None:
        self.seed, self.folder, self.kill_share, self.first = seed, folder, kill_share, first
        self.figures: collections.Counter[str] = collections.Counter()

    def execute(self, steps: int, *, stop: Callable[[], bool] = lambda: False) -> None:
        """That many steps, or until `stop` says so. Raises Disagreement with what is needed to see it again."""
        number = self.first - 1
        while self.figures["steps"] < steps and not stop():
            number += 1
            walk = Walk(
                self.folder / "world",
                seed=f"{self.seed}/{number}",
                figures=self.figures,
                kills=self.kill_share,
            )
            try:
                for _ in range(STEPS_PER_WORLD):
                    if self.figures["steps"] >= steps or stop():
                        break
                    walk.step()
                else:
                    walk.there_and_back()
            except Exception as error:
                history = "\n  ".join(walk.history)
                raise Disagreement(
                    f"seed {self.seed}, world {number} ({walk.seed}), step {len(walk.history)}:\n  {history}\n"
                    f"{''.join(traceback.format_exception(error))}"
                ) from error
            self.figures["worlds"] += 1


class Walk(edits.Edits, mishaps.Mishaps):
    """One world from its beginning to its end."""

    def __init__(self, folder: Path, *, seed: str, figures: collections.Counter[str], kills: float) -> None:
        self.seed, self.figures = seed, figures
        self.chance = random.Random(seed)
        self.timeless = self.chance.random() < 0.3
        self.with_bytes = self.chance.random() < 0.6 and "attachment_bytes" not in KNOWN
        self.writer = stores.Writer(self.chance, timeless=self.timeless, attaches="overlap" not in KNOWN)
        self.world = World(folder, self.chance)
        self.world.empty()
        self.state = State()
        self.history: list[str] = []
        self.last_rejects: list[Path] = []
        self.again: tuple[list[str], list[promises.Item], dict[str, Any]] | None = None
        self.steps: list[tuple[float, Callable[[], None]]] = [
            (8, self.import_stores),
            (3, self.import_again),
            (2, self.rehearse),
            (3, self.verify),
            (2, self.retry),
            (3, self.import_by_staff),
            (6, self.edit),
            (2, self.export),
            (1, self.refused),
            (1, self.refused_words),
            (25 * kills, self.import_with_kills),
        ]

    def step(self) -> None:
        weights = [weight for weight, _ in self.steps]
        [(_, step)] = self.chance.choices(self.steps, weights)
        if self.chance.random() < 0.6:
            self.writer.move_on()
        self.history.append(step.__name__)
        try:
            step()
        except Ambiguous as reason:
            self.figures["ambiguous"] += 1
            self.history[-1] += f" (left: {reason})"
            return
        self.figures["steps"] += 1
        self.figures[step.__name__] += 1

    # --- steps ----------------------------------------------------------------------------------------

    def import_stores(self) -> None:
        content = self.some_stores()
        words, options = self.some_options(content)
        given = items_of(content)
        result = self.expected(given, **options)
        words = [*words, *self.files(content)]
        self.note(" ".join(words[: words.index("--batch-size") + 2]))
        if self.chance.random() < 0.1:
            self.aborted(words, result)
        else:
            self.run(words, result)
        self.again = (words, given, options)

    def run(self, words: list[str], result: Result) -> None:
        words = [*words, *self.bytes_words()]
        rejects = self.world.path("rejects.jsonl")
        before = self.world.tables()
        ended = self.world.backfill(*words, "--rejects", str(rejects))
        self.check_run(ended, result, before, rejects)

    def import_again(self) -> None:
        """The same files once more: all unchanged, nothing written."""
        if self.again is None:
            raise Ambiguous("nothing was imported yet")
        words, given, options = self.again
        self.run(words, self.expected(given, **options))
        before = self.world.tables()
        self.run(words, self.expected(given, **options))
        self.unchanged_tables(before, besides=LEDGER)

    def rehearse(self) -> None:
        """A dry run tells what would happen and changes nothing anywhere."""
        content = self.some_stores()
        words, options = self.some_options(content)
        result = self.expected(items_of(content), **options)
        words = [*words, *self.files(content), *self.bytes_words()]
        before, stored = self.world.tables(), self.world.stored()
        listed = sorted(str(path) for path in self.world.folder.rglob("*"))
        rejects = self.world.path("rejects.jsonl")
        ended = self.world.backfill(*words, "--dry-run", "--rejects", str(rejects))
        self.unchanged_tables(before)
        expect(stored == self.world.stored(), "a dry run wrote attachments' bytes", ended)
        more = {str(path) for path in self.world.folder.rglob("*")} - set(listed)
        expect(
            all(path.endswith(("report.json", *KNOWN.get("dry_run_rejects", ()))) for path in more),
            "a dry run made files",
            more,
        )
        self.check_report(ended, result, dry=True)

    def verify(self) -> None:
        content = self.some_stores(bad=self.chance.choice((0, 0, 2)))
        words: list[str] = []
        usernames: list[str] = []
        if self.chance.random() < 0.2:
            usernames = [self.chance.choice(stores.NAMES)]
            words = ["--username", usernames[0]]
        self.prove(items_of(content), [*self.files(content), *words], usernames=usernames)

    def prove(self, given: list[promises.Item], words: list[str], *, usernames: Sequence[str] = ()) -> None:
        statuses, named = promises.verify(self.state, given, usernames=usernames)
        before, stored = self.world.tables(), self.world.stored()
        ended = self.world.backfill("--verify", *words, *KNOWN.get("doubtful_store", []))
        expect(ended.status in statuses, f"verify ended with {ended.status}, not {statuses}", named, ended)
        self.unchanged_tables(before)
        expect(stored == self.world.stored(), "verify wrote bytes")
        text = json.dumps(ended.report, ensure_ascii=False) + ended.printed
        missing = [key for key in named if key not in text]
        expect(not missing, "verify does not name", missing, ended)

    def retry(self) -> None:
        """An earlier reject file, some of its lines mended."""
        if not self.last_rejects:
            raise Ambiguous("nothing was rejected yet")
        path = self.last_rejects.pop(self.chance.randrange(len(self.last_rejects)))
        lines = [line for line in rejected(path) if self.chance.random() < 0.9]
        for line in lines:
            self.mend(line)
        if not lines:
            raise Ambiguous("nothing is left to retry")
        given = [_retried(line) for line in lines]
        words, options = self.some_options({})
        result = self.expected(given, **options)
        mended = self.world.path("mended.jsonl")
        mended.write_text(
            "".join(stores.spell(line, random.Random(0)).replace("\n  ", " ") + "\n" for line in lines)
        )
        self.note(" ".join(words))
        self.run([*words, "--retry-rejected", str(mended)], result)

    def mend(self, line: dict[str, Any]) -> None:
        """What an operator may do: make the record a good one, or leave it."""
        record = line["record"]
        if self.chance.random() < 0.6 and isinstance(record, dict):
            key = fields.KEYS[line["store"]]
            owner = self.chance.choice(list(self.writer.profiles))
            fresh = stores.Maker(self.chance, complete=False, timeless=False).document(
                fields.KINDS[line["store"]]
            )
            fresh.pop("memory_records", None)
            fresh |= {"username": owner if line["store"] != "profiles" else f"mended-{self.writer._id('')}"}
            if line["store"] != "profiles":
                fresh[key] = self.writer._id("m")
                line["owner"] = owner
            line["record"] = fresh

    def import_by_staff(self) -> None:
        """One store by the admin's screens: preview, confirmation, run."""
        if "staff_now" in KNOWN and self.timeless:
            raise Ambiguous("staff_now")
        store = self.chance.choice(STORES)
        content = {store: self.writer.stores(bad=self.chance.choice((0, 1, 2)))[store]}
        conflict = self.chance.choice(("report", *DECISIONS))
        result = self.expected(items_of(content), on_conflict=conflict)
        if "doubtful_store" in KNOWN and len(result.rejects()) * 2 > len(result.verdicts):
            raise Ambiguous("a doubtful store")
        self.note(f"{store} --on-conflict {conflict}")
        data = stores.spell(content[store], self.chance).encode()
        before = self.world.tables()
        preview = self.world.preview(store, data, conflict)
        expect(preview.status_code == 200, preview.content.decode()[:2000])
        self.unchanged_tables(before)
        shown = dict(preview.context["result"].counts)
        self.check_counts(shown, result.of(store), "the preview")
        answer = self.world.confirm(store, preview)
        expect(answer.status_code == 200, answer.content.decode()[:2000])
        run = models.BackfillRun.objects.latest("id")
        expect(run.source == "admin", "no run of the admin's was made", answer.content.decode()[:3000])
        self.check_counts(run.outcome_counts[store], result.of(store), "the run")
        self.check_findings(result)
        self.check_tables(result, before)
        self.check_versions(result, before)
        self.adopt(result)

    # --- the way back ---------------------------------------------------------------------------------

    def export(self) -> None:
        ended, folder = self.world.export()
        expect(ended.status in (0, 2), ended)
        given = exported(folder)
        edited = {
            (store, key)
            for store in STORES
            for key, row in self.state.rows(store).items()
            if row.landed is None or row.document != row.landed
        }
        found: dict[str, dict[str, Any]] = {store: {} for store in STORES}
        for item in given:
            document = fields.decode(fields.KINDS[item.store], item.value)
            key = document[fields.KEYS[item.store]]
            owner = document["username"] if item.store == "profiles" else item.owner
            expect(document["username"] == owner, "the username is not the owner's", item)
            if item.store != "profiles":
                del document["username"]
            expect(key not in found[item.store], "exported twice", key)
            found[item.store][key] = (owner, document)
        moved = False
        for store in STORES:
            rows = self.state.rows(store)
            expect(found[store].keys() == rows.keys(), f"{store} exported", found[store].keys(), rows.keys())
            for key, (owner, document) in found[store].items():
                ours = rows[key].document
                if (store, key) in edited:
                    strays = list(strayed(document, ours))
                    where = f"{store} {key}: unknown members found another place"
                    expect("unknown_moves" in KNOWN or not strays, where, *strays)
                    moved = moved or bool(strays)
                    document, ours = known(document), known(ours)
                expect(owner == rows[key].owner, f"{key} exported of {owner}")
                expect(same(document, ours), f"{store} {key} exported:", *differences(document, ours))
        if ended.status == 0 and not moved:
            self.prove(given, ["--data-dir", str(folder)])

    def there_and_back(self) -> None:
        """The end of a world: its export makes an empty database the same one."""
        self.history.append("there_and_back")
        if any(
            row.landed is None or row.document != row.landed
            for s in STORES
            for row in self.state.rows(s).values()
        ):
            # Unknown members of what was edited here may have found no place.
            for store in STORES:
                for row in self.state.rows(store).values():
                    row.document = known(row.document)
        ended, folder = self.world.export()
        expect(ended.status in (0, 2), ended)
        content = exported(folder)
        kept = self.world.folder.parent / "export"
        import shutil

        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(folder, kept)
        self.world.empty()
        ended = self.world.backfill("--data-dir", str(kept), *KNOWN.get("doubtful_store", []))
        expect(ended.status == 0, "an export is not clean", ended)
        found = self.world.documents()
        for store in STORES:
            rows = self.state.rows(store)
            expect(found[store].keys() == rows.keys(), store, found[store].keys(), rows.keys())
            for key, (owner, document) in found[store].items():
                expect(owner == rows[key].owner, key, owner)
                expect(
                    document == known(rows[key].document),
                    key,
                    *differences(document, known(rows[key].document)),
                )
        self.figures["records"] += len(content)


def _retried(line: dict[str, Any]) -> promises.Item:
    record, owner = line["record"], line["owner"]
    # Whatever it was in its store: here it is one record.
    return promises.Item(line["store"], place_of(line["place"]), owner, record)
