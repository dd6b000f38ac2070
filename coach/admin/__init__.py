"""The staff door: Django's own admin with our pages; one module a family of screens.

Reads come from models and documents, writes go through services, imports through legacy.
"""

from django.contrib import admin
from django_q import admin as library

from coach.admin.access import login

# Importing them registers them.
from coach.admin.screens import (  # noqa: F401
    attachments,
    audit,
    background,
    notes,
    runs,
    schedules,
    submissions,
    tokens,
    versions,
)
from coach.admin.screens.learners import screen as learners  # noqa: F401

admin.site.site_header = "Arcadia Coach"
admin.site.site_title = "Arcadia Coach"
admin.site.index_title = "Staff console"
admin.site.login_form = login.GuardedLogin
admin.site.empty_value_display = "–"
# What the worker's library shows of its tables would let staff run anything; runs have screens of ours.
admin.site.unregister((library.OrmQ, library.Schedule, library.Success, library.Failure))
# The service has no site of its own to look at.
admin.site.site_url = None
