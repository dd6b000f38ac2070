"""What goes wrong: files that must be refused, too many rejects, kills."""

from __future__ import annotations

from pathlib import Path

from coach import models
from coach.tests.legacy.model.comparing import LOCK, expect
from coach.tests.legacy.model.inputs import Inputs
from coach.tests.legacy.model.kinds import Pairs
from coach.tests.legacy.model.known import KNOWN
from coach.tests.legacy.model.promises import Ambiguous, Result
from coach.tests.legacy.model.world import items_of


class Mishaps(Inputs):
    """The mishaps of a walk."""

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
        self.unchanged_tables(before, besides=LOCK)
        expect(stored == self.world.stored() and not rejects.exists(), "bytes or rejects were written")
        if "refusal_json" not in KNOWN:
            expect(ended.report is not None, "a refusal leaves no report", ended)

    def refused_words(self) -> None:
        """What no run may be asked to do: nothing is written, and no file is touched."""
        content = self.writer.stores(bad=1)
        paths = self.world.write(content)
        words = [word for name, file in paths.items() for word in (f"--{name}", str(file))]
        impossible = self.impossible(list(paths.values()))
        if not impossible:
            raise Ambiguous("nothing is impossible")
        asked, statuses = self.chance.choice(impossible)
        if "--rejects" not in asked:
            asked = [*asked, "--rejects", str(self.world.path("rejects.jsonl"))]
        self.note(" ".join(Path(word).name for word in asked))
        before, stored, files = self.world.tables(), self.world.stored(), self.world.files()
        if self.chance.random() < 0.4:
            asked = [*asked, "--dry-run"]
        ended = self.world.backfill(*words, *asked)
        expect(ended.status in statuses, f"{asked} was not refused", ended)
        self.unchanged_tables(before, besides=LOCK)
        expect(stored == self.world.stored(), "bytes were written")
        after = self.world.files()
        expect(all(after.get(path) == data for path, data in files.items()), "a file was changed", ended)

    def impossible(self, inputs: list[Path]) -> list[tuple[list[str], set[int]]]:
        """Words that must be refused, each with the statuses that may answer them."""
        link, hard = self.world.path("link.json"), self.world.path("hard.json")
        link.symlink_to(inputs[0])
        hard.hardlink_to(inputs[-1])
        with_lines = self.world.path("rejects.jsonl")
        with_lines.write_text('{"store": "profiles", "place": "$.x", "owner": null, "record": 7}\n')
        others: list[tuple[str, list[str], set[int]]] = [
            ("output_input", ["--rejects", str(inputs[0])], {1}),
            ("output_input", ["--rejects", str(link)], {1}),
            ("output_input", ["--rejects", str(hard)], {1}),
            ("output_input", ["--report", str(inputs[-1])], {1}),
            ("rejects_with_lines", ["--rejects", str(with_lines)], {1}),
            ("no_folder", ["--attachment-files", str(self.world.path("nowhere"))], {1, 64}),
            ("usage", ["--batch-size", "none"], {64}),
            ("usage", ["--on-conflict", "guess"], {64}),
            ("usage", ["--no-such-option"], {64}),
            (
                "wrong_kind",
                ["--profiles", str(self.world.write({"submissions": Pairs([("a", [])])})["submissions"])],
                {1},
            ),
        ]
        return [(words, statuses) for name, words, statuses in others if name not in KNOWN]

    def import_with_kills(self) -> None:
        """Killed at random instants, gone on with, killed again; the end is that of a run never interrupted."""
        content = self.some_stores()
        words, options = self.some_options(content)
        result = self.expected(items_of(content), **options)
        words[words.index("--batch-size") + 1] = str(self.chance.choice((1, 1, 2, 4)))
        words = [*words, *self.files(content), *self.bytes_words()]
        rejects, before = self.world.path("rejects.jsonl"), self.world.tables()
        now = [*words, "--rejects", str(rejects)]
        kills, runs = 0, models.BackfillRun.objects.count()
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
        if now != ["--resume"] or (newest and newest.state != "running"):
            # Of what an earlier process has written nothing is lost: a new run has a reject file of its own.
            rejects = self.world.path("rejects.jsonl")
            now = [*words, "--rejects", str(rejects)]
        ended = self.world.backfill(*now)
        expect(ended.status == result.status() or self.with_bytes, f"status {ended.status}", ended)
        if models.BackfillRun.objects.count() == runs + 1:
            # One run, however often it was interrupted: its report is that of a run never interrupted.
            self.check_report(ended, result)
        self.check_rejects(rejects, result)
        self.check_tables(result, before)
        self.check_versions(result, before)
        self.check_bytes(result)
        self.adopt(result)
