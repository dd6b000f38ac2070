"""The trial: a random walk through every door, compared with the model after every step."""

from __future__ import annotations

import collections
import copy
import json
import random
import re
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from coach import models
from coach.services import learners, staff
from coach.tests.legacy.model import fields, promises, stores
from coach.tests.legacy.model.fields import differences, same
from coach.tests.legacy.model.known import KNOWN
from coach.tests.legacy.model.promises import STORES, Ambiguous, Result, State
from coach.tests.legacy.model.world import (
    PROVENANCE,
    Ended,
    World,
    exported,
    items_of,
    known,
    rejected,
    strayed,
    with_unknown,
)

OUTCOMES = ("created", "updated", "unchanged", "kept", "conflict", "rejected")
# How the ledger calls the reasons of the model.
CODES = {"nul_character": {"nul_character", "not_json"}}
DECISIONS = ("overwrite",) if "keep" in KNOWN else ("overwrite", "keep")
STEPS_PER_WORLD = 25


class Disagreement(AssertionError):
    """The real thing did something else than was promised."""


def expect(condition: object, *about: object) -> None:
    if not condition:
        raise Disagreement("\n".join(map(str, about)))


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


class Walk:
    """One world from its beginning to its end."""

    def __init__(self, folder: Path, *, seed: str, figures: collections.Counter[str], kills: float) -> None:
        self.seed, self.figures = seed, figures
        self.chance = random.Random(seed)
        self.timeless = self.chance.random() < 0.3 and "updated_now" not in KNOWN
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

    def note(self, text: str) -> None:
        self.history[-1] += f" [{text}]"

    # --- inputs ---------------------------------------------------------------------------------------

    def some_stores(self, *, bad: int | None = None) -> dict[str, Any]:
        content = self.writer.stores(bad=self.chance.choice((0, 0, 1, 3, 6)) if bad is None else bad)
        if self.chance.random() < 0.25:
            content = {store: content[store] for store in STORES if self.chance.random() < 0.6} or content
        return content

    def some_options(self, content: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
        """Options of the command, and the same for the model."""
        words: list[str] = []
        options: dict[str, Any] = {}
        conflict = self.chance.choice(("report", "report", *DECISIONS))
        if conflict != "report":
            words += ["--on-conflict", conflict]
            options["on_conflict"] = conflict
        if self.chance.random() < 0.15:
            options["usernames"] = self.chance.sample(stores.NAMES, self.chance.randint(1, 2))
            for name in options["usernames"]:
                words += [
                    "--username",
                    self.chance.choice((name, f" {name}", name.upper() if name.isascii() else name)),
                ]
        words += ["--batch-size", str(self.chance.choice((1, 2, 3, 5, 500)))]
        words += KNOWN.get("doubtful_store", [])
        return words, options

    def files(self, content: dict[str, Any]) -> list[str]:
        """The stores as files, as options of the command."""
        wrap = self.chance.choice(("", "", "", "bom", "gzip"))
        if wrap in KNOWN:
            wrap = ""
        paths = self.world.write(content, wrap=wrap)
        return [word for store, path in paths.items() for word in (f"--{store}", str(path))]

    def bytes_words(self) -> list[str]:
        return (
            ["--attachment-files", str(self.world.write_bytes(self.writer.bytes))] if self.with_bytes else []
        )

    def expected(self, given: list[promises.Item], **options: Any) -> Result:
        """What the model makes of an import."""
        result = promises.run(self.state, given, **options)
        if "first_importable" in KNOWN:
            keys = collections.Counter((v.item.store, v.key) for v in result.verdicts if v.key is not None)
            if any(
                v.rejected and "repeated_in_input" not in v.codes and keys[v.item.store, v.key] > 1
                for v in result.verdicts
            ):
                raise Ambiguous("first_importable")
        if "used_since" in KNOWN and any(self.used_and_changed(verdict) for verdict in result.verdicts):
            raise Ambiguous("used_since")
        return result

    def used_and_changed(self, verdict: promises.Verdict) -> bool:
        if verdict.item.store != "attachments" or verdict.outcomes != {"kept", "unchanged"}:
            return False
        owner = fields.normal(verdict.item.owner)
        document = fields.decode("pending", verdict.item.value)
        del document["username"]
        base = self.state.used.get((owner, verdict.key))
        return base is None or not same(document, base)

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

    def aborted(self, words: list[str], result: Result) -> None:
        """With a limit of rejects; where it is passed the run stops, and goes on when it is lifted."""
        rejects, before = self.world.path("rejects.jsonl"), self.world.tables()
        most = self.chance.randint(1, 3)
        if "--max-rejects" in words:
            words = words[: words.index("--max-rejects")] + words[words.index("--max-rejects") + 2 :]
        words = [*words, *self.bytes_words(), "--rejects", str(rejects)]
        ended = self.world.backfill(*words, "--max-rejects", str(most))
        self.note(f"--max-rejects {most}: {ended.status}")
        number = len(result.rejects())
        if number > most + 1:
            expect(ended.status == 3, "not aborted", ended)
        if number < most:
            expect(ended.status != 3, "aborted too early", ended)
        if ended.status == 3:
            ended = self.world.backfill("--resume", "--max-rejects", "100%")
        self.check_run(ended, result, before, rejects)

    def import_again(self) -> None:
        """The same files once more: all unchanged, nothing written."""
        if self.again is None:
            raise Ambiguous("nothing was imported yet")
        words, given, options = self.again
        self.run(words, self.expected(given, **options))
        before = self.world.tables()
        self.run(words, self.expected(given, **options))
        self.unchanged_tables(before)

    def unchanged_tables(self, before: dict[str, list[dict[str, Any]]], *, ledger: bool = False) -> None:
        for name, rows in self.world.tables().items():
            if ledger or name not in ("BackfillRun", "BackfillFinding"):
                expect(rows == before[name], f"{name} was written:", *_changed(before[name], rows))

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
        self.unchanged_tables(before, ledger=True)
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
        if "verify_other_learner" in KNOWN and any(
            "other_learner" in verdict.codes for verdict in self.expected(given).verdicts
        ):
            raise Ambiguous("verify_other_learner")
        before, stored = self.world.tables(), self.world.stored()
        ended = self.world.backfill("--verify", *words, *KNOWN.get("doubtful_store", []))
        expect(ended.status in statuses, f"verify ended with {ended.status}, not {statuses}", named, ended)
        self.unchanged_tables(before, ledger=True)
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
        self.unchanged_tables(before, ledger=True)
        shown = dict(preview.context["result"].counts)
        self.check_counts(shown, result.of(store), "the preview")
        answer = self.world.confirm(store, preview)
        expect(answer.status_code == 200, answer.content.decode()[:2000])
        run = models.BackfillRun.objects.latest("id")
        expect(run.source == "admin", "no run of the admin's was made", answer.content.decode()[:3000])
        self.check_counts(run.outcome_counts[store], result.of(store), "the run")
        self.check_findings(result)
        self.check_tables(result, before)
        self.adopt(result)

    def refused(self) -> None:
        """A bad file is refused before the first write."""
        content = self.writer.stores()
        paths = self.world.write(content)
        store = self.chance.choice(list(paths))
        path, good = paths[store], paths[store].read_bytes()
        damages = {
            "truncated": good[:-1],
            "two values": good + b"{}",
            "no UTF-8": good[:-1] + b"\xff" + good[-1:],
            "text": b'"text"',
            "empty": b"",
            "UTF-16": good.decode().encode("utf-16"),
            "lines": b'{"username": "a"}\n{"username": "b"}\n',
            "zip": b"PK\x03\x04" + good,
        }
        damage = self.chance.choice(list(damages))
        path.write_bytes(damages[damage])
        self.note(f"{store}: {damage}")
        before, stored = self.world.tables(), self.world.stored()
        words = [word for name, file in paths.items() for word in (f"--{name}", str(file))]
        rejects = self.world.path("rejects.jsonl")
        ended = self.world.backfill(*words, *self.bytes_words(), "--rejects", str(rejects))
        expect(ended.status == 1, f"{damage} was not refused", ended)
        self.unchanged_tables(before, ledger=True)
        expect(stored == self.world.stored() and not rejects.exists(), "bytes or rejects were written")
        if "refusal_json" not in KNOWN:
            expect(ended.report is not None, "a refusal leaves no report", ended)

    def import_with_kills(self) -> None:
        """Killed at random instants, gone on with, killed again; the end is that of a run never interrupted."""
        content = self.some_stores()
        words, options = self.some_options(content)
        result = self.expected(items_of(content), **options)
        words[words.index("--batch-size") + 1] = str(self.chance.choice((1, 1, 2, 4)))
        words = [*words, *self.files(content), *self.bytes_words()]
        rejects, before = self.world.path("rejects.jsonl"), self.world.tables()
        now = [*words, "--rejects", str(rejects)]
        kills = 0
        for _ in range(self.chance.choice((1, 1, 2, 3))):
            when = self.chance.choice(
                (f"s{self.chance.randint(1, 60)}", f"t{self.chance.uniform(0, 0.25):.3f}")
            )
            last = models.BackfillRun.objects.count()
            if not self.world.killed(when, *now):
                break
            kills += 1
            self.figures["kills"] += 1
            if "--resume" not in now and models.BackfillRun.objects.count() == last:
                continue
            newest = models.BackfillRun.objects.latest("id")
            if newest.state != "running":
                break
            if self.chance.random() < 0.6:
                now = ["--resume"]
            else:
                rejects = self.world.path("rejects.jsonl")
                now = [*words, "--rejects", str(rejects)]
        self.note(f"{kills} kills, then {'--resume' if now == ['--resume'] else 'again'}")
        newest = models.BackfillRun.objects.order_by("-id").first()
        if now == ["--resume"] and newest and newest.state != "running":
            rejects = self.world.path("rejects.jsonl")
            now = [*words, "--rejects", str(rejects)]
        ended = self.world.backfill(*now)
        expect(ended.status == result.status() or self.with_bytes, f"status {ended.status}", ended)
        if now == ["--resume"]:
            self.check_report(ended, result)
        self.check_rejects(rejects, result)
        self.check_tables(result, before)
        self.check_bytes(result)
        self.adopt(result)

    # --- edits ----------------------------------------------------------------------------------------

    def edit(self) -> None:
        """What clients and staff do; the model takes over what stands there afterwards."""
        name = self.chance.choice(list(self.state.profiles) or list(stores.NAMES))
        edits = (
            self.edit_by_session,
            self.edit_by_session,
            self.edit_note,
            self.edit_submission,
            self.edit_submission,
            self.edit_link,
            self.edit_file,
            self.edit_status,
            self.edit_schedule,
            self.edit_consume,
            self.edit_goal,
            self.edit_delete_attachment,
            self.edit_delete_attachment,
            self.edit_reset,
        )
        chosen = self.chance.choice(edits)
        self.note(f"{chosen.__name__} {name}")
        chosen(name)
        self.take_over()

    def post(self, path: str, body: dict[str, Any], *, allowed: Sequence[int]) -> Any:
        answer = self.world.client.post(path, json.dumps(body), content_type="application/json")
        expect(answer.status_code in allowed, path, answer.status_code, answer.content.decode()[:500])
        return answer

    def edit_by_session(self, name: str) -> None:
        metadata = {
            "username": name if self.chance.random() < 0.9 else self.chance.choice(stores.NAMES),
            "knowledge_tags": [f"tag {self.chance.randrange(100)}"],
            "elo": {"a": self.chance.randrange(2000)},
        }
        self.post("/api/session/chat", {"message": "hello", "metadata": metadata}, allowed=(200, 502, 503))

    def edit_note(self, name: str) -> None:
        learners.remember(username=name, note=f"remember {self.chance.random()}", tags=["new"])

    def edit_submission(self, name: str) -> None:
        row = self.state.profiles.get(name)
        assessment = row.document["onboarding_assessment"] if row else None
        tasks = [task["task_id"] for task in assessment["tasks"]] if assessment else ["none"]
        responses = [
            {"task_id": task, "response": "an answer of mine"}
            for task in dict.fromkeys(tasks)
            if task.strip()
        ]
        url = f"/api/onboarding/{name}/assessment/submissions"
        self.post(url, {"responses": responses}, allowed=(201, 404, 409, 422))

    def edit_link(self, name: str) -> None:
        url = f"/api/onboarding/{name}/assessment/attachments/links"
        self.post(url, {"url": "https://example.org/here"}, allowed=(201, 404))

    def edit_file(self, name: str) -> None:
        from django.core.files.uploadedfile import SimpleUploadedFile

        url = f"/api/onboarding/{name}/assessment/attachments/files"
        answer = self.world.client.post(url, {"file": SimpleUploadedFile("here.txt", b"uploaded here")})
        expect(answer.status_code in (201, 404), answer.status_code)

    def edit_status(self, name: str) -> None:
        status = self.chance.choice(("pending", "in_progress", "completed"))
        self.post(f"/api/onboarding/{name}/assessment/status", {"status": status}, allowed=(200, 404))

    def edit_schedule(self, name: str) -> None:
        answer = self.world.client.get(f"/api/profile/{name}/schedule?refresh=true")
        expect(answer.status_code in (200, 400, 404), answer.status_code)

    def edit_consume(self, name: str) -> None:
        try:
            staff.consume(user=self.world.user, username=name)
        except (staff.NothingToJoin, learners.LearnerNotFound):
            return

    def edit_goal(self, name: str) -> None:
        if name in self.state.profiles:
            changes = {"goal": f"a goal of staff's {self.chance.random()}"}
            learner = models.LearnerProfile.objects.get(username=name)
            seen = staff.fingerprints(learner, changes)
            staff.edit_learner(user=self.world.user, username=name, changes=changes, seen=seen)

    def edit_delete_attachment(self, name: str) -> None:
        rows = models.AttachmentMetadata.objects.filter(learner__username=name).order_by("id")
        ids = list(rows.values_list("attachment_id", flat=True))
        if ids:
            key = self.chance.choice(ids)
            if "/" in key:
                raise Ambiguous("no such route")
            answer = self.world.client.delete(f"/api/onboarding/{name}/assessment/attachments/{key}")
            expect(answer.status_code == 204, answer.status_code)
            if (name, key) in self.state.used:
                # Deleted here, and used here: the promises do not say which of the two counts.
                self.writer.remove("attachments", key)
                self.again = None

    def edit_reset(self, name: str) -> None:
        if self.chance.random() < 0.5:
            self.post("/api/developer/reset", {"username": name}, allowed=(204,))
            self.state.used = {pair: base for pair, base in self.state.used.items() if pair[0] != name}

    def take_over(self) -> None:
        found = self.world.documents()
        for store in STORES:
            rows, fresh = self.state.rows(store), found[store]
            if store == "attachments":
                gone = {(row.owner, key): row.base for key, row in rows.items() if key not in fresh}
                for owner, document in found["submissions"].values():
                    for attachment in document["attachments"]:
                        pair = (owner, attachment["attachment_id"])
                        if pair in gone:
                            self.state.used[pair] = gone[pair]
            for key in [key for key in rows if key not in fresh]:
                del rows[key]
            for key, (owner, document) in fresh.items():
                if key in rows:
                    rows[key].document = with_unknown(document, rows[key].document)
                else:
                    rows[key] = promises.Row(owner, document)
        self.state.stored = self.world.stored()

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
        for store in STORES:
            rows = self.state.rows(store)
            expect(found[store].keys() == rows.keys(), f"{store} exported", found[store].keys(), rows.keys())
            for key, (owner, document) in found[store].items():
                ours = rows[key].document
                if (store, key) in edited:
                    strays = [] if "unknown_moves" in KNOWN else list(strayed(document, ours))
                    expect(not strays, f"{store} {key}: unknown members found another place", *strays)
                    document, ours = known(document), known(ours)
                expect(owner == rows[key].owner, f"{key} exported of {owner}")
                expect(same(document, ours), f"{store} {key} exported:", *differences(document, ours))
        if ended.status == 0:
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

    # --- comparing ------------------------------------------------------------------------------------

    def check_run(self, ended: Ended, result: Result, before: dict[str, Any], rejects: Path) -> None:
        self.check_report(ended, result)
        self.check_rejects(rejects, result)
        self.check_findings(result)
        self.check_tables(result, before)
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

    def check_findings(self, result: Result) -> None:
        run = models.BackfillRun.objects.latest("id")
        found = [
            (finding.store, place_of(finding.place), finding.outcome, finding.code)
            for finding in run.findings.exclude(outcome="file").order_by("id")
        ]
        self.match_findings(found, result, f"the ledger of run {run.pk}")

    def match_findings(self, found: list[tuple[Any, ...]], result: Result, *about: Any) -> None:
        wanted = [verdict for verdict in result.verdicts if verdict.outcomes & {"rejected", "conflict"}]
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
        wanted = [(v.item.store, v.item.place, v.item.owner, v.item.value) for v in result.rejects()]
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


def _retried(line: dict[str, Any]) -> promises.Item:
    record, owner = line["record"], line["owner"]
    # Whatever it was in its store: here it is one record.
    return promises.Item(line["store"], place_of(line["place"]), owner, record)


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
    return sorted(repr(line) for line in lines)


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
