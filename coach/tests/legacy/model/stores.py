"""Stores: a legacy writer that goes on writing, with good records of every shape and bad ones of every kind."""

from __future__ import annotations

import copy
import datetime as dt
import json
import random
from typing import Any

from coach.tests.legacy.model import fields, kinds
from coach.tests.legacy.model.fields import NOW, REQUIRED, TABLE, Pairs

NAMES = ("mira", "joanna", "thảo", "o'neil", "straße", "a.b-c", "李雷")
# Nobody has these names: no profile is ever written for them.
STRANGERS = ("gone", "nobody")
TEXTS = (
    "plain",
    "",
    " blank at both ends ",
    "two\nlines\twith a tab",
    'a "quote" and a \\backslash',
    "emoji 🙂 and ünïcode",
    "e\u0301 decomposed",
    "</script>",
    "null",
    "0",
    "\u2028 separator",
    "x" * 300,
)
ZONES = ("UTC", "Europe/Lisbon", "Asia/Ho_Chi_Minh", "Nowhere/Land", "")
MANIFESTS = (
    "a.py, b.py",
    '["one.txt", {"name": "two", "url": "https://example.org/two"}]',
    '{"three": "https://example.org/3", "four": 4}',
    "https://example.org/five",
)


def spelled_time(chance: random.Random, instant: dt.datetime) -> str:
    """An instant as a store may spell it."""
    form = chance.randrange(4)
    if form == 0:
        return instant.isoformat().replace("+00:00", "Z")
    if form == 1:
        return instant.astimezone(dt.timezone(dt.timedelta(hours=chance.choice((2, -7))))).isoformat()
    naive = instant.replace(tzinfo=None)
    return naive.isoformat(sep=" " if form == 2 else "T")


def some_instant(chance: random.Random) -> dt.datetime:
    day = dt.datetime(2025, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=chance.randrange(40_000_000))
    return day.replace(microsecond=chance.choice((0, 500_000, chance.randrange(1_000_000))))


class Maker:
    """Makes values of the kinds in the table. `complete` spells every member out, `timeless` no time at all."""

    def __init__(self, chance: random.Random, *, complete: bool, timeless: bool) -> None:
        self.chance, self.complete, self.timeless = chance, complete, timeless

    def value(self, kind: Any, depth: int = 0) -> Any:
        chance = self.chance
        match kind:
            case kinds.Text():
                return chance.choice(TEXTS)
            case kinds.Word(words):
                return chance.choice(words)
            case kinds.Whole(least):
                number = (least or 0) + chance.choice((0, 1, 7, 1200, 2_000_000))
                form = chance.randrange(8)
                return str(number) if form == 0 else float(number) if form == 1 else number
            case kinds.Number(least, most):
                return (
                    chance.choice((least, 1, 0.5, 0.123456789012345))
                    if most
                    else chance.choice((1, 0.1, 3e20))
                )
            case kinds.Flag():
                return chance.random() < 0.5
            case kinds.Time():
                return spelled_time(chance, some_instant(chance))
            case kinds.Maybe(inner):
                return None if chance.random() < (0.15 if depth < 2 else 0.4) else self.value(inner, depth)
            case kinds.Many(inner):
                least = 1 if self.complete and depth < 3 else 0
                return [self.value(inner, depth) for _ in range(chance.choice((least, 1, 1, 2)))]
            case kinds.Map(inner):
                names = chance.sample(("b", "a", "10", "9", "é", ""), chance.randrange(4))
                return {name: self.value(inner, depth) for name in names}
            case kinds.Doc(name):
                return self.document(name, depth + 1)
        raise TypeError(kind)

    def document(self, name: str, depth: int = 0) -> dict[str, Any]:
        made = {}
        for member, (kind, default) in TABLE[name].items():
            if default is NOW:
                if not self.timeless:
                    made[member] = self.value(kind, depth)
            elif default is REQUIRED or self.complete or self.chance.random() < 0.4:
                made[member] = self.value(kind, depth)
        if name == "schedule":
            made.pop("timezone", None)
            made["timezone"] = self.chance.choice((*ZONES, None))
        for member in made.keys() & {"note_id", "submission_id", "attachment_id"}:
            # What is looked up by is shorter than any text may be.
            made[member] = f"x{self.chance.randrange(10**9)}"
        if "stored_path" in made:
            made["stored_path"] = None
        holders = ("profile", "module", "submission", "attachment", "pending", "note")
        if name in holders and self.chance.random() < 0.15:
            made["legacy_flag"] = self.chance.choice(({"z": [1, 2.5, None], "a": "x"}, True, "kept", 7))
        members = list(made.items())
        # The order of members carries no meaning; those of an object with free names keep theirs.
        if self.chance.random() < 0.3:
            self.chance.shuffle(members)
        return dict(members)


class Writer:
    """A legacy service: three stores that change from one look to the next."""

    def __init__(self, chance: random.Random, *, timeless: bool = False, attaches: bool = True) -> None:
        self.chance, self.attaches = chance, attaches
        self.timeless = timeless
        self.profiles: dict[str, dict[str, Any]] = {}
        self.submissions: dict[str, list[dict[str, Any]]] = {}
        self.attachments: dict[str, list[dict[str, Any]]] = {}
        # What stands below the folder of attachment files.
        self.bytes: dict[str, bytes] = {}
        self._last = 0
        for name in chance.sample(NAMES, 4):
            self.profiles[name] = self._profile(name)
            for _ in range(chance.randrange(3)):
                self.add_submission(name)
            for _ in range(chance.randrange(3)):
                self.add_attachment(name)

    # --- the legacy service at work -------------------------------------------------------------------

    def move_on(self) -> None:
        """One to four things happen."""
        happenings = (
            self.change_profile,
            self.change_profile,
            self.change_submission,
            self.change_attachment,
            self.add_learner,
            self.add_anything,
            self.add_anything,
            self.attach_pending,
            self.attach_pending,
            self.remove_something,
        )
        for _ in range(self.chance.randint(1, 4)):
            self.chance.choice(happenings)()

    def add_learner(self) -> None:
        name = self.chance.choice(NAMES)
        self.profiles.setdefault(name, self._profile(name))

    def add_anything(self) -> None:
        name = self.chance.choice([*self.profiles, self.chance.choice(STRANGERS)])
        self.chance.choice((self.add_submission, self.add_attachment))(name)

    def change_profile(self) -> None:
        name = self.chance.choice(list(self.profiles))
        fresh, old = self._profile(name), self.profiles[name]
        for member in self.chance.sample(list(fresh), min(len(fresh), self.chance.randint(1, 3))):
            old[member] = fresh[member]
        if self.chance.random() < 0.2:
            removable = [member for member in old if member not in ("username", "last_updated")]
            old.pop(self.chance.choice(removable or ["goal"]), None)

    def change_submission(self) -> None:
        owned = [(name, record) for name, records in self.submissions.items() for record in records]
        if owned:
            name, record = self.chance.choice(owned)
            fresh = self._submission(name, record["submission_id"])
            for member in ("metadata", "grading", "responses"):
                if member in fresh and self.chance.random() < 0.6:
                    record[member] = fresh[member]

    def change_attachment(self) -> None:
        owned = [record for records in self.attachments.values() for record in records]
        if owned:
            record = self.chance.choice(owned)
            record["description"] = self.chance.choice((*TEXTS, None))

    def attach_pending(self) -> None:
        """A learner submits: what was pending goes into the submission."""
        names = [name for name, records in self.attachments.items() if records and name in self.profiles]
        if names and self.attaches:
            name = self.chance.choice(names)
            taken = self.attachments.pop(name)
            self.add_submission(name)
            kept = {member for member in TABLE["attachment"]} | {"legacy_flag"}
            self.submissions[name][-1]["attachments"] = [
                {member: value for member, value in record.items() if member in kept}
                | {"source": "structured"}
                for record in taken
            ]

    def remove_something(self) -> None:
        store = self.chance.choice((self.submissions, self.attachments))
        names = [name for name, records in store.items() if records]
        if names:
            records = store[self.chance.choice(names)]
            records.pop(self.chance.randrange(len(records)))

    def remove(self, store: str, key: str) -> None:
        """Take every record of that key out of a store."""
        records: Any = getattr(self, store)
        if store == "profiles":
            records.pop(key, None)
            return
        for name, listed in records.items():
            records[name] = [record for record in listed if record[fields.KEYS[store]] != key]

    def add_submission(self, name: str) -> None:
        self.submissions.setdefault(name, []).append(self._submission(name, self._id("s")))

    def add_attachment(self, name: str) -> None:
        record = self._maker(name).document("pending")
        record |= {"attachment_id": self._id("a"), "username": name}
        self._give_bytes(name, record)
        self.attachments.setdefault(name, []).append(record)

    def _id(self, letter: str) -> str:
        self._last += 1
        return f"{letter}{self._last}"

    def _maker(self, name: str) -> Maker:
        return Maker(
            self.chance, complete=self.chance.random() < 0.4, timeless=self.timeless and len(name) % 2 == 0
        )

    def _profile(self, name: str) -> dict[str, Any]:
        made = self._maker(name).document("profile")
        made["username"] = name
        for number, note in enumerate(made.get("memory_records", ())):
            note["note_id"] = f"n{number}-{self.chance.randrange(3)}"
        if isinstance(assessment := made.get("onboarding_assessment"), dict):
            for task in assessment.get("tasks", ()):
                task["task_id"] = f"t-{self.chance.randrange(100)}"
        return made

    def _submission(self, name: str, key: str) -> dict[str, Any]:
        made = self._maker(name).document("submission")
        made |= {"submission_id": key, "username": name}
        for attachment in made.get("attachments", ()):
            attachment["attachment_id"] = self._id("b")
            self._give_bytes(name, attachment)
        if "metadata" in made and self.chance.random() < 0.4:
            made["metadata"]["attachment_manifest"] = self.chance.choice(MANIFESTS)
        return made

    def _give_bytes(self, name: str, record: dict[str, Any]) -> None:
        """A path, and usually the bytes that lie there."""
        record.pop("stored_path", None)
        record.pop("size_bytes", None)
        if record.get("kind", "file") != "file":
            return
        path = self.chance.choice(
            (f"files/{record['attachment_id']}.txt", f"{record['attachment_id']}.bin", None, "../outside.txt")
        )
        record["stored_path"] = path
        if path and not path.startswith("..") and self.chance.random() < 0.8:
            self.bytes[path] = f"bytes of {record['attachment_id']}".encode()
            record["size_bytes"] = self.chance.choice((len(self.bytes[path]), None))

    # --- a look at the stores -------------------------------------------------------------------------

    def stores(self, *, bad: int = 0) -> dict[str, Any]:
        """The three stores as values, with that many bad records among the good ones.

        Keys and usernames are spelled in several ways, which all name the same learner.
        """
        chance = self.chance
        profiles: Any = Pairs((name, copy.deepcopy(record)) for name, record in self.profiles.items())
        for _, record in profiles:
            record["username"] = self._respelled(record["username"])
        made = {
            "profiles": profiles,
            "submissions": self._lists(self.submissions),
            "attachments": self._lists(self.attachments),
        }
        for _ in range(bad):
            self._spoil(made)
        if chance.random() < 0.2:
            made["profiles"] = [record for _, record in made["profiles"]]
        return made

    def _lists(self, store: dict[str, list[dict[str, Any]]]) -> Pairs:
        return Pairs((self._respelled(name), copy.deepcopy(records)) for name, records in store.items())

    def _respelled(self, name: str) -> str:
        form = self.chance.randrange(6)
        return f" {name}" if form == 0 else name.upper() if form == 1 and name.isascii() else name

    def _spoil(self, made: dict[str, Any]) -> None:
        """Put one bad record, or a value that is no record, somewhere into a store."""
        chance = self.chance
        store = chance.choice(("profiles", "submissions", "attachments"))
        target = made[store]
        if store == "profiles":
            target.insert(chance.randint(0, len(target)), (self._id("key"), self._bad(store, made)))
            return
        if chance.random() < 0.15 or not target:
            stray = chance.choice((5, "text", None, {"x": 1}, True))
            target.insert(chance.randint(0, len(target)), (self._id("no-list "), stray))
            return
        if chance.random() < 0.15:
            owner = chance.choice(("", "  ", "bell\u0007", "right\u202eleft", *STRANGERS))
            target.insert(chance.randint(0, len(target)), (owner, [self._bad(store, made)]))
            return
        records = chance.choice(target)[1]
        if isinstance(records, list):
            records.insert(chance.randint(0, len(records)), self._bad(store, made))

    def _bad(self, store: str, made: dict[str, Any]) -> Any:
        """A record that must be rejected, whatever stands around it; or the repetition of a good one."""
        chance = self.chance
        key = self._id("bad")
        record = Maker(chance, complete=False, timeless=False).document(fields.KINDS[store])
        record |= {fields.KEYS[store]: key, "username": key}
        if store == "profiles":
            record.pop("memory_records", None)
        kind = chance.randrange(13)
        if kind == 0:
            return chance.choice((7, "text", None, [], [1], True, 1.5))
        if kind == 1:
            record.pop(fields.KEYS[store])
        elif kind == 2:
            record.pop("username")
        elif kind == 3:
            record["legacy_flag"] = chance.choice((float("nan"), float("inf"), "\ud83d", {"\udc00": 1}))
        elif kind == 4:
            record["legacy_flag"] = chance.choice(("nul \0", {"nul\0": 1}, ["\0"]))
        elif kind == 5:
            deep: Any = "deep"
            for _ in range(100):
                deep = [deep] if chance.random() < 0.5 else {"x": deep}
            record["legacy_flag"] = deep
        elif kind == 6:
            return Pairs([*record.items(), (fields.KEYS[store], key)])
        elif kind == 7:
            record |= {
                "profiles": {"goal": 3},
                "submissions": {"responses": "none"},
                "attachments": {"name": None},
            }[store]
        elif kind == 8:
            record |= {
                "profiles": {"elo_snapshot": {"a": 1100.5}},
                "submissions": {"metadata": {"n": 1}},
                "attachments": {"kind": "video"},
            }[store]
        elif kind == 9:
            time = {"profiles": "last_updated", "submissions": "submitted_at", "attachments": "created_at"}[
                store
            ]
            record[time] = chance.choice(("yesterday", "2025-13-01T00:00:00Z", None, True, ""))
        elif kind == 10 and store == "profiles":
            record["username"] = chance.choice(
                ("", " \t", "a\u0000b", "bell\u0007", "right\u202eleft", "x" * 256)
            )
        elif kind == 11 and store == "profiles":
            note = {"note_id": "n", "note": "twice"}
            record["memory_records"] = [note, dict(note)]
        else:
            return self._repetition(store, made) or 7
        return record

    def _repetition(self, store: str, made: dict[str, Any]) -> Any:
        """A good record of the store once more, changed: it comes before or after the one that counts."""
        found = [item.value for item in _items(store, made[store]) if isinstance(item.value, dict)]
        if not found:
            return None
        record = copy.deepcopy(self.chance.choice(found))
        record["legacy_flag"] = "again"
        return record


def _items(store: str, content: Any) -> Any:
    from coach.tests.legacy.model import promises

    return promises.items(store, content)


# --- spelling ---------------------------------------------------------------------------------------


def spell(value: Any, chance: random.Random) -> str:
    """A value as JSON text, in one of many spellings."""
    return _spell(value, chance, ascii_only=chance.random() < 0.5, space=chance.choice(("", " ", "\n  ")))


def _spell(value: Any, chance: random.Random, *, ascii_only: bool, space: str) -> str:
    def inner(part: Any) -> str:
        return _spell(part, chance, ascii_only=ascii_only, space=space)

    if isinstance(value, Pairs):
        pairs = list(value)
    elif isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        return "[" + f",{space}".join(map(inner, value)) + "]"
    else:
        # A lone surrogate cannot be written in UTF-8 but by its escape.
        surrogate = isinstance(value, str) and any(0xD800 <= ord(character) <= 0xDFFF for character in value)
        return json.dumps(value, ensure_ascii=ascii_only or surrogate)
    return "{" + f",{space}".join(f"{inner(name)}:{space}{inner(member)}" for name, member in pairs) + "}"


def read(text: str) -> Any:
    """A JSON text as values; an object in which a name occurs twice as `Pairs`."""

    def members(pairs: list[tuple[str, Any]]) -> Any:
        return dict(pairs) if len(dict(pairs)) == len(pairs) else Pairs(pairs)

    return json.loads(text, object_pairs_hook=members)
