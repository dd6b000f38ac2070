"""What the steps of a walk are given: stores, options, files, and what the model makes of them."""

from __future__ import annotations

import collections
from typing import Any

from coach.tests.legacy.model import fields, promises, stores
from coach.tests.legacy.model.comparing import Comparison
from coach.tests.legacy.model.fields import same
from coach.tests.legacy.model.known import KNOWN
from coach.tests.legacy.model.promises import STORES, Ambiguous, Result

DECISIONS = ("overwrite",) if "keep" in KNOWN else ("overwrite", "keep")


class Inputs(Comparison):
    """The inputs of a walk."""

    history: list[str]

    def note(self, text: str) -> None:
        self.history[-1] += f" [{text}]"

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
        if self.chance.random() < 0.2:
            words += ["--restore-erased"]
            options["restore_erased"] = True
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
