"""Every screen of the console, Django's own included: WCAG 2.2 AA as axe sees it in both themes, and nothing cut off.

The screens are found in the admin itself, so that a new one is tested without being named here.
"""

from __future__ import annotations

import json
import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from playwright.sync_api import Page

from coach.models import (
    ApiToken,
    AttachmentMetadata,
    AuditEvent,
    BackfillFinding,
    BackfillRun,
    LearnerProfile,
    MemoryRecord,
    RecordVersion,
    ScheduleItem,
)
from coach.tests.admin.test_matrix import filled, screens, something_of_everything

__all__ = ["something_of_everything"]

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        os.environ["ARCADIA_DATABASE_URL"].startswith("postgres"), reason="pages look alike on both databases"
    ),
]

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
AXE = Axe().axe_script
_QUICK = {"resultTypes": ["violations"], "preload": False}
RULES = {"runOnly": {"type": "tag", "values": TAGS}, **_QUICK}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}, **_QUICK}
# They show no page of their own: they answer with a file, with JSON, or with a redirection.
NO_PAGE = (
    "logout",
    "jsi18n",
    "autocomplete",
    "download",
    "export",
    "frame",
    "stores",
    "preview",
    "(?P",
    "<path:url>",
)


# What runs over the edge of the page or of its own frame, and cells that are cut off; all of it unfolded.
_CUT = """() => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
  const over = document.scrollingElement.scrollWidth - innerWidth;
  const cut = [...document.querySelectorAll("td, th")].filter((cell) => {
    const box = cell.getBoundingClientRect();
    if (!box.width || !box.height || cell.closest(".visually-hidden, thead")) return false;
    if (cell.scrollWidth > cell.clientWidth + 1 || box.right > innerWidth + 1) return true;
    for (let at = cell.parentElement; at; at = at.parentElement)
      if (getComputedStyle(at).overflowX !== "visible" && box.right > at.getBoundingClientRect().right + 1) return true;
    return false;
  });
  const words = cut.map((cell) => `cut: ${cell.className} ${cell.innerText.slice(0, 40)}`);
  return [...(over > 0 ? [`${over} pixels too wide`] : []), ...words].slice(0, 9);
}"""
WIDTHS = (1440, 390)
JUMPS_FROM = 3_000


# Pages of Django's own that look alike for every model: one of each is enough.
ALIKE = ("history/", "delete/")
PARTS = 4


def pages(part: int) -> list[str]:
    """One address of every screen that a superuser reads; those of one model are in one part."""
    asked = [address for address in screens() if not any(word in address for word in NO_PAGE)]
    for word in ALIKE:
        again = [address for address in asked if address.endswith(word)][1:]
        asked = [address for address in asked if address not in again]
    models = list(dict.fromkeys(map(model_of, asked)))
    mine = [filled(address, 0) for address in asked if models.index(model_of(address)) % PARTS == part]
    return [*dict.fromkeys(mine), *(["/admin/nothing/here/", "/admin/login/"] if part == 0 else [])]


def model_of(address: str) -> str:
    return "/".join(address.split("/")[:2])


def faults_of(page: Page, path: str) -> dict[str, str]:
    """The faults of the page that is open, in both themes."""
    faults = {}
    page.evaluate(AXE)
    for scheme, options in (("light", RULES), ("dark", CONTRAST)):
        page.emulate_media(color_scheme=scheme)
        for broken in page.evaluate("options => axe.run(options)", options)["violations"]:
            for node in broken["nodes"]:
                faults[f"{broken['id']} {scheme}: {node['html'][:150]}"] = path
    return faults


def cut_off(page: Page) -> dict[str, str]:
    """What is cut off on the page that is open, or too far to scroll to, at the width of a desk and of a phone."""
    faults = {}
    height = page.evaluate("document.scrollingElement.scrollHeight")
    if height > JUMPS_FROM and not page.locator("nav.jumps").count():
        faults[f"{page.url} is {height} pixels high, without links to its parts"] = ""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for fault in page.evaluate(_CUT):
            faults[f"{page.url} {width}: {fault}"] = ""
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    return faults


@pytest.fixture
def unwieldy(something_of_everything):
    """The longest names and texts that the service takes, without a place to break them."""
    amara = LearnerProfile.objects.get()
    text = "".join(f"{number:05d}" for number in range(10_000))
    LearnerProfile.objects.update(username="amara" + "w" * 250, goal=text[:500], use_case=text[:500])
    MemoryRecord.objects.filter(note_id="n1").update(note=text)
    MemoryRecord.objects.update(tags=json.dumps([text[:200]] * 3))
    AttachmentMetadata.objects.filter(learner=amara).update(name="n" * 251 + ".pdf")
    for rows, name in (
        (amara.submissions.all(), "submission_id"),
        (amara.attachments.all(), "attachment_id"),
        (amara.memory_records.all(), "note_id"),
        (amara.schedule.items.all(), "item_id"),
    ):
        for number, pk in enumerate(rows.values_list("pk", flat=True)):
            rows.filter(pk=pk).update(**{name: f"{number}{text[:240]}"})
    ScheduleItem.objects.update(title=text[:300])
    BackfillRun.objects.update(
        actor="a" * 150,
        error=text[:500],
        files=json.dumps([{"store": "profiles", "name": text[:255], "sha256": text[:64]}]),
    )
    BackfillFinding.objects.update(place=text[:500], natural_key="k" * 255)
    AuditEvent.objects.create(
        learner=amara,
        username="u" * 255,
        actor="staff " + "s" * 150,
        action="learner.edited",
        detail=json.dumps({"members": text[:500]}),
    )
    RecordVersion.objects.create(
        learner=amara,
        kind="note",
        natural_key="n" * 255,
        actor="a" * 150,
        document=json.dumps({"note": text[:5_000]}),
    )
    ApiToken.objects.update(name="t" * 100)
    User.objects.create_user(
        "p" * 150, first_name="f" * 150, last_name="l" * 150, email="e" * 60 + "@example.org"
    )


# In parts, so that each process of a run has some of it.
@pytest.mark.parametrize("part", range(PARTS))
def test_no_screen_has_a_fault_that_axe_finds_or_is_cut_off(open_console, unwieldy, part):
    console, seen = open_console(reduced_motion="reduce"), set()
    page, found = console.log_in("boss"), {}
    for path in pages(part):
        answer = page.goto(console.address + path)
        # One page of each error; screens that lead to another are looked at there.
        key = page.url if answer.ok else answer.status
        if key not in seen:
            found |= faults_of(page, path) | cut_off(page)
        seen.add(key)
    console.complaints[:] = [words for words in console.complaints if "Failed to load resource" not in words]
    assert found == {}
    assert len(seen) > 8
