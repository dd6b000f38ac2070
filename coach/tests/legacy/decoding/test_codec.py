"""The seam: which codec decodes a record, and that nobody else can tell."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from django.conf import settings

from coach import legacy
from coach.legacy.decoding import codec, reference
from coach.legacy.stores import LAYOUTS

STORES = Path(settings.BASE_DIR) / "fixtures" / "legacy"


def samples():
    """The records of the shipped stores, each with its document class."""
    for layout in LAYOUTS.values():
        content = json.loads((STORES / layout.file_name).read_text())
        values = content.values() if isinstance(content, dict) else content
        for value in values:
            for record in value if layout.listed else [value]:
                yield layout.document, json.dumps(record).encode()


@pytest.mark.skipif(codec.fast is None, reason="the fast codec was deleted")
def test_typical_records_take_the_fast_way(settings):
    settings.FAST_CODEC = True
    taken = [type(codec.read(*sample)) is not reference.Content for sample in samples()]
    assert sum(taken) >= 0.9 * len(taken) > 0


def test_the_fast_codec_can_be_switched_off(settings):
    settings.FAST_CODEC = False
    assert all(type(codec.read(*sample)) is reference.Content for sample in samples())


def test_only_the_seam_names_a_codec():
    rooms = Path(legacy.__file__).parent
    strangers = {
        str(path.relative_to(rooms))
        for path in rooms.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "coach.legacy.decoding"
        if {"fast", "reference"} & {alias.name for alias in node.names}
    }
    assert strangers <= {"decoding/codec.py", "decoding/fast.py"}
