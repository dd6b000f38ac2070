"""The search box finds what a plain look through every row finds, and only what its user may see."""

from __future__ import annotations

import random
import unicodedata

import pytest
from django.contrib.auth.models import Permission, User

from coach.documents.submissions import Submission
from coach.models import AttachmentMetadata, MemoryRecord, ScheduleItem
from coach.tests import cast
from coach.tests.legacy import people

SYLLABLES = (
    "thảo",
    "Việt",
    "éclair",
    "Straße",
    "naïve",
    "Ångström",
    "query",
    "plan",
    "notes",
    "αβγ",
    "ΟΔΟΣ",
    "ünal",
)


@pytest.fixture
def texts(db) -> dict[str, list[str]]:
    """Rows of every kind with made-up texts."""
    chance = random.Random(7)

    def text() -> str:
        form = chance.choice(("NFC", "NFD"))
        return unicodedata.normalize(form, " ".join(chance.choices(SYLLABLES, k=3)))

    for number in range(12):
        name = f"learner{number}"
        notes = [people.note(f"{name}-n{place}", note=text()) for place in range(2)]
        items = [people.item(f"{name}-i{place}", title=text()) for place in range(2)]
        profile = people.profile(
            name, goal=text(), memory_records=notes, curriculum_schedule=people.schedule(*items)
        )
        row = cast.learner(profile)
        attachment = people.attachment(f"{name}-a", name=f"{text().replace(' ', '_')}.pdf")
        submission = people.submission(f"{name}-s", name, attachments=[attachment])
        cast.submission(row, Submission.model_validate(submission))
    return {
        "notes": list(MemoryRecord.objects.values_list("note", flat=True)),
        "titles": list(ScheduleItem.objects.values_list("title", flat=True)),
        "names": list(AttachmentMetadata.objects.values_list("name", flat=True)),
    }


def plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()


def hits(console, term: str) -> dict[str, list[str]]:
    response = console.get("/admin/coach/learnerprofile/search/", {"q": term})
    assert response.status_code == 200
    return {group.title: [name for _, name, _ in group.rows] for group in response.context["groups"]}


@pytest.mark.parametrize(
    "term", ["thao", "THẢO", "viet", "VIỆT", "eclair", "angstrom", "naive query", "οδοσ", "unal plan"]
)
def test_what_a_plain_look_finds_is_found(console, texts, term, monkeypatch):
    monkeypatch.setattr("coach.admin.screens.find.SHOWN", 100)
    found = hits(console, term)
    for kind, group in (("notes", "memory records"), ("titles", "schedule items"), ("names", "attachments")):
        wanted = [text for text in texts[kind] if all(plain(word) in plain(text) for word in term.split())]
        assert sorted(found.get(group, [])) == sorted(wanted), kind
    assert any(found.values())


@pytest.mark.parametrize("key", ["learner3-n1", "learner3-i1", "learner3-a", "learner3-s", "learner3"])
def test_ids_are_found(console, texts, key):
    assert hits(console, key)


def test_many_hits_lead_to_the_list(console, texts):
    response = console.get("/admin/coach/learnerprofile/search/", {"q": "learner"})
    [learners] = [group for group in response.context["groups"] if group.title == "learners"]
    assert len(learners.rows) == 5
    assert console.get(learners.all).context["cl"].result_count == 12


def test_kinds_that_may_not_be_seen_are_not_searched(client, texts):
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_learnerprofile"))
    client.force_login(clerk)
    assert set(hits(client, "learner3")) == {"learners"}


@pytest.mark.parametrize("term", ["", "\0", "%", "'", "!!!", "a" * 5000, " ".join("abcdefghij")])
def test_odd_terms_are_no_errors(console, texts, term):
    assert console.get("/admin/coach/learnerprofile/search/", {"q": term}).status_code == 200
