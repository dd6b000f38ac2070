"""What a member of staff chooses for the console: the zone in which it shows times."""

import functools
import zoneinfo

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from coach.admin.access import middleware, rights
from coach.documents.base import utc_now
from coach.models import StaffPreference


@functools.cache
def zones() -> list[tuple[str, str]]:
    """The zones to choose from, those of places and UTC."""
    places = sorted(name for name in zoneinfo.available_timezones() if "/" in name and "Etc/" not in name)
    return [("", "as the service is set"), ("UTC", "UTC"), *((name, name) for name in places)]


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]
    timezone = forms.ChoiceField(
        label="Time zone",
        required=False,
        choices=zones,
        help_text="All pages show times in this zone, and forms read them in it.",
    )

    class Meta:
        model = StaffPreference
        fields = ("timezone",)


def page(request: HttpRequest) -> HttpResponse:
    """The form, and what time it is in the chosen zone."""
    user = rights.user(request)
    chosen = StaffPreference.objects.filter(user=user).first() or StaffPreference(user=user)
    form = PreferencesForm(request.POST or None, instance=chosen)
    if request.method == "POST" and form.is_valid():
        form.save()
        request.session[middleware.ZONE] = chosen.timezone
        messages.success(request, "Times are shown in the chosen zone from now on.")
        return HttpResponseRedirect(request.path)
    context = {**admin.site.each_context(request), "title": "Preferences", "form": form, "now": utc_now()}
    return TemplateResponse(request, "admin/coach/preferences.html", context)
