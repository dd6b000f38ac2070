"""A real browser against a live server: Debian's Chromium, driven by Playwright.

Where no browser can be had these tests are skipped, and say so; with CI=true that is a failure.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from playwright.sync_api import ConsoleMessage, Page, sync_playwright

from coach.tests.admin.conftest import amara, groups

__all__ = ["amara", "groups"]

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PASSWORD = "correct horse battery staple"

# Playwright runs an event loop in the tests' thread, and Django takes that for asynchronous code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def _program() -> str | None:
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium(pytestconfig: pytest.Config) -> Iterator[object]:
    """The browser, started once."""
    program = _program()
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("NO BROWSER: Chromium is not installed, and CI needs it")
        message = "NOTHING WAS TESTED IN A BROWSER, because Chromium is not installed"
        # Past pytest, which counts skipped tests but shows no reasons.
        with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print(f"\n{message}", file=sys.stderr)
        pytest.skip(message)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield started
        started.close()


class Console:
    """A page of the console, and everything that the browser complained about while it was used."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.set_default_timeout(10_000)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def open(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def log_in(self, username: str) -> Page:
        self.open("/admin/login/?next=/admin/")
        self.page.fill("#id_username", username)
        self.page.fill("#id_password", PASSWORD)
        self.page.click("input[type=submit]")
        return self.page


@pytest.fixture
def people(live_server: object, groups: None, settings: object) -> None:
    """One member of staff of each role."""
    # The hashes of production take half a second each, by intention.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # type: ignore[attr-defined]
    for role in ("viewer", "coach", "operator"):
        user = User.objects.create_user(role, password=PASSWORD, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
    User.objects.create_superuser("boss", password=PASSWORD)


@pytest.fixture
def open_console(chromium: object, live_server: object, people: None) -> Iterator[Callable[..., Console]]:
    """Opens windows, each with an empty profile; in the end the browser must have had nothing to complain about."""
    opened: list[Console] = []

    def make(**options: object) -> Console:
        context = chromium.new_context(accept_downloads=True, **options)  # type: ignore[attr-defined]
        console = Console(context.new_page(), live_server.url)  # type: ignore[attr-defined]
        opened.append(console)
        return console

    yield make
    complaints = [complaint for console in opened for complaint in console.complaints]
    for console in opened:
        console.page.context.close()
    assert complaints == []


@pytest.fixture
def theme() -> str:
    """Light with SQLite, dark with PostgreSQL: a run of all tests shows each job in both."""
    return "dark" if connection.vendor == "postgresql" else "light"


@pytest.fixture
def console(open_console: Callable[..., Console]) -> Console:
    return open_console()
