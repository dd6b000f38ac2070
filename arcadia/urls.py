"""The doors: the staff's under /admin/, the clients' everywhere else."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from coach.api.http.errors import unrouted

# Here and not when the apps are set up, because commands show no screens.
admin.autodiscover()

urlpatterns = [
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
    path("", include("coach.api.urls")),
    re_path("", unrouted),
]
handler403 = "coach.admin.access.errors.refused"
handler404 = "coach.admin.access.errors.not_found"
handler500 = "coach.api.http.errors.unexpected"
