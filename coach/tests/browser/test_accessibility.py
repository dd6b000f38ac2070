"""Every screen of the console, Django's own included, as axe sees it: WCAG 2.2 AA, in both themes.

The screens are found in the admin itself, so that a new one is tested without being named here.
"""

from __future__ import annotations

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

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


def pages() -> list[str]:
    """One address of every screen that a superuser reads."""
    found = [filled(address, 0) for address in screens() if not any(word in address for word in NO_PAGE)]
    return [*dict.fromkeys(found), "/admin/nothing/here/", "/admin/login/"]


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


def test_axe_finds_nothing_on_any_screen(open_console, something_of_everything):
    console, seen = open_console(reduced_motion="reduce"), set()
    page, found = console.log_in("boss"), {}
    for path in pages():
        answer = page.goto(console.address + path)
        # One page of each error; screens that lead to another are looked at there.
        key = page.url if answer.ok else answer.status
        if key not in seen:
            found |= faults_of(page, path)
        seen.add(key)
    console.complaints[:] = [words for words in console.complaints if "Failed to load resource" not in words]
    assert found == {}
    assert len(seen) > 40
