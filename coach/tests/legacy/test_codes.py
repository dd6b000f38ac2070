"""Every code is documented once, and the operator's page shows the same table."""

from __future__ import annotations

import re
from pathlib import Path

from coach.legacy.codes import Code

PAGE = Path(__file__).parents[3] / "docs" / "operations-backfill.md"


def test_the_operators_page_documents_every_code():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert rows == {code.value: str(code.label) for code in Code}


def test_no_code_is_written_elsewhere():
    """Findings name codes through the enum, so the table above is complete."""
    folder = Path(__file__).parents[2] / "legacy"
    values = "|".join(Code)
    literal = re.compile(rf"[\"'](?:{values})[\"']")
    sources = [path for path in folder.rglob("*.py") if path.name != "codes.py"]
    assert [path.name for path in sources if literal.search(path.read_text(encoding="utf-8"))] == []
