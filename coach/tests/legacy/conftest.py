"""Stores on disk, and runs over them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from coach.legacy.reading import inputs
from coach.legacy.reading.store_file import StoreFile
from coach.legacy.running import ledger
from coach.legacy.running.backfill import Backfill
from coach.legacy.running.reject_file import RejectFile
from coach.legacy.running.summary import Options, Summary
from coach.legacy.stores import LAYOUTS, Store
from coach.legacy.writing.tables import Derive
from coach.models import BackfillRun


@dataclass
class Stores:
    """A folder of stores: each is written when it is named, as plain values or as bytes."""

    folder: Path

    def write(self, **stores: Any) -> Stores:
        for name, content in stores.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.path(name).write_bytes(data)
        return self

    def path(self, name: str) -> Path:
        return self.folder / LAYOUTS[Store(name)].file_name

    @property
    def rejects(self) -> Path:
        return self.folder / "rejects.jsonl"

    def backfill(self, *, derive: Derive = lambda assessment, plan: None, **options: Any) -> Summary:
        """A whole run over what lies in the folder; nothing on record for a rehearsal."""
        with inputs.of_stores(self.folder, {}) as found:
            run = None if options.get("dry_run") else self._run(found)
            rejects = RejectFile(self.rejects)
            return Backfill(
                files=found, options=Options(**options), derive=derive, run=run, rejects=rejects
            ).execute()

    def _run(self, found: Sequence[StoreFile]) -> BackfillRun:
        files = [file.describe() for file in found]
        return ledger.start(source="command", actor="a test", version="0", options={}, files=files)


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return Stores(tmp_path)
