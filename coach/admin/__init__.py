"""The staff door: Django's own admin with our pages; one module a family of screens.

Reads come from models and documents, writes go through services, imports through legacy.
"""

from django.contrib import admin

from coach.admin import (
    attachments,
    audit,
    learners,
    notes,
    runs,
    schedules,
    submissions,
)

__all__ = ["attachments", "audit", "learners", "notes", "runs", "schedules", "submissions"]

admin.site.site_header = "Arcadia Coach"
admin.site.site_title = "Arcadia Coach"
admin.site.index_title = "Staff console"
admin.site.empty_value_display = "–"
# The service has no site of its own to look at.
admin.site.site_url = None
