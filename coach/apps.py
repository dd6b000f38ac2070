"""The app's configuration."""

from django.apps import AppConfig


class CoachConfig(AppConfig):
    name = "coach"
    verbose_name = "Arcadia Coach"

    def ready(self) -> None:
        from coach import checks  # noqa: F401 (registers them)
