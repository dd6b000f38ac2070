"""What is loaded when: tried in processes of their own, because this one has loaded everything."""

import subprocess
import sys

from coach import apps
from coach.agent.offline import tracks

SET_UP = "import sys, django; django.setup(); loaded = lambda name='coach.admin.screens.runs': name in sys.modules; "
LOAD = "from django.core.management import load_command_class as load; load('coach', 'backfill'); "


def said(script):
    """What a fresh process prints that runs the script after the apps are set up."""
    done = subprocess.run([sys.executable, "-c", SET_UP + script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_command_loads_no_screens_and_nothing_that_asks_a_model():
    assert said(LOAD + "print(loaded(), loaded('coach.agent.model.coach'))") == ["False", "False"]


def test_the_urls_bring_every_screen_along():
    script = "import arcadia.urls; from django.contrib import admin; print(loaded(), len(admin.site._registry) > 10)"

    assert said(script) == ["True", "True"]


def test_the_screens_are_loaded_before_they_are_checked():
    script = (
        "from django.contrib import admin; from django.core.checks import run_checks; "
        "before, site_check = loaded(), admin.AdminSite.check; "
        "admin.AdminSite.check = lambda *given: print(before, loaded()) or site_check(*given); "
        "print(len(run_checks(tags=['admin'])))"
    )

    assert said(script) == ["False", "True", "0"]


def test_faulty_tracks_are_named_where_the_offline_coach_answers(settings, monkeypatch, tmp_path):
    (tmp_path / "broken.toml").write_text("id = 7", encoding="utf-8")
    monkeypatch.setattr(tracks, "FOLDER", tmp_path)
    tracks.catalogue.cache_clear()
    try:
        settings.AGENT = "model"
        assert apps.check_tracks(None) == []
        settings.AGENT = "offline"
        assert "broken.toml" in apps.check_tracks(None)[0].msg
    finally:
        tracks.catalogue.cache_clear()
