"""The app's configuration, and that of Django's admin."""

import gc
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib import admin
from django.contrib.admin import apps as admin_apps
from django.contrib.admin import checks as admin_checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.signals import request_finished


class CoachConfig(AppConfig):
    name = "coach"
    verbose_name = "Arcadia Coach"
    default = True

    def ready(self) -> None:
        from coach import checks  # noqa: F401 (registers them)

        register(check_tracks)
        from coach.services.operations import health

        request_finished.connect(health.observe_pool)

        # What loading made stays to the end: no collection needs to look through it again, not even the last one.
        gc.freeze()


def check_tracks(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """The tracks of the offline coach, where it is the one who answers: people edit them by hand."""
    if settings.AGENT != "offline":
        return []
    from coach.services import coach_tracks

    return [Error(fault, id="coach.E010") for fault in coach_tracks.faults()]


class StaffDoorConfig(admin_apps.SimpleAdminConfig):
    """Django's admin, whose screens are loaded with the URLs: most commands show none."""

    default = False

    def ready(self) -> None:
        register(admin_checks.check_dependencies, Tags.admin)
        register(check_screens, Tags.admin)


def check_screens(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Django's own checks of the screens; only what is loaded is checked."""
    admin.autodiscover()
    return admin_checks.check_admin_app(app_configs, **options)
