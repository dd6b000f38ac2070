"""What each member of staff chose for the console."""

from django.conf import settings
from django.db import models


class StaffPreference(models.Model):
    """One row a member of staff who chose; without one, times are shown in the zone of the settings."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True)
    timezone = models.CharField("time zone", max_length=64, blank=True, default="")

    class Meta:
        verbose_name = "staff preference"

    def __str__(self) -> str:
        return f"preferences of {self.user}"
