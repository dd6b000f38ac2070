"""Who may do what. The groups `viewer`, `coach` and `operator` (migration 0004) hold these permissions."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest


def user(request: HttpRequest) -> User:
    """The signed-in user; the admin has no anonymous ones."""
    assert isinstance(request.user, User)
    return request.user


def may_edit(request: HttpRequest) -> bool:
    """Edit profile fields and documents of learners, and mark attachments consumed."""
    return request.user.has_perm("coach.change_learnerprofile")


def may_regenerate(request: HttpRequest) -> bool:
    """Regenerate schedules."""
    return request.user.has_perm("coach.regenerate_schedules")


def may_delete(request: HttpRequest, model_name: str) -> bool:
    """Delete rows of a model. No group holds this: deleting is given person by person."""
    return request.user.has_perm(f"coach.delete_{model_name}")


def may_import(request: HttpRequest) -> bool:
    """Import stores."""
    return request.user.has_perm("coach.import_stores")


def may_export(request: HttpRequest) -> bool:
    """Take data out: stores, JSON, CSV."""
    return request.user.has_perm("coach.export_stores")


def may_see_operations(request: HttpRequest) -> bool:
    """See the operations page."""
    return request.user.has_perm("coach.view_backfillrun")
