"""What staff read instead of a page: what is missing, who they are, and where to go."""

from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import resolve
from django.views import defaults

from coach.admin.access import middleware, rights

_CHANGES = ("add", "change", "delete")


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: names the permission that is missing and the groups that have it."""
    if not middleware.is_staff_page(request):
        return defaults.permission_denied(request, exception)
    code = exception.codename if isinstance(exception, rights.Refused) else _stock_permission(request)
    permission = Permission.objects.filter(codename=code).first()
    groups = Group.objects.filter(permissions=permission).order_by("name") if permission else ()
    return _page(request, 403, title="You may not do this", permission=permission, groups=groups)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 in the console's frame."""
    if not middleware.is_staff_page(request):
        return defaults.page_not_found(request, exception)
    return _page(request, 404, title="There is no such page")


def _stock_permission(request: HttpRequest) -> str:
    """What one of Django's own screens (`app_model_action`) asks for."""
    _, _, named = (resolve(request.path_info).url_name or "").partition("_")
    model, _, action = named.partition("_")
    return f"{action if action in _CHANGES else 'view'}_{model}"


def _page(request: HttpRequest, status: int, **shown: object) -> HttpResponse:
    context = {**admin.site.each_context(request), "status": status, **shown}
    return render(request, "admin/error.html", context, status=status)
