"""Finding what one has in hand, as staff do it: the key, the box, the page."""

from __future__ import annotations

import pytest

from coach.admin.screens import find
from coach.documents.submissions import Submission
from coach.tests import cast
from coach.tests.legacy import people

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_learner_is_found_by_whatever_one_knows(open_console, theme, monkeypatch):
    # On a busy machine a fifth of a second may not be enough.
    monkeypatch.setattr(find, "LONGEST_MS", 10_000)
    notes = [people.note("n-1", note="Prefers évening sessions")]
    thao = cast.learner(people.profile("thảo", memory_records=notes))
    essay = people.attachment("att-77", name="Final_Essay.pdf")
    cast.submission(
        thao, Submission.model_validate(people.submission("sub-4711", "thảo", attachments=[essay]))
    )
    console = open_console(color_scheme=theme)
    page = console.log_in("viewer")
    for known, hit in (
        ("thao", "thảo"),
        ("evening", "Prefers évening sessions"),
        ("essay", "Final_Essay.pdf"),
        ("sub-47", "sub-4711"),
    ):
        page.locator("h1").click()
        page.keyboard.press("/")
        page.keyboard.type(known)
        page.keyboard.press("Enter")
        page.get_by_role("link", name=hit, exact=True).click()
        page.wait_for_load_state()
        assert "thảo" in page.content()
