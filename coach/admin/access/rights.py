"""Who may do what. The groups `viewer`, `coach` and `operator` (migration 0004) hold these permissions."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest


class Refused(PermissionDenied):
    """The user lacks a permission; `codename` names it."""

    def __init__(self, codename: str) -> None:
        super().__init__(codename)
        self.codename = codename


@dataclass(frozen=True)
class Right:
    """A permission of ours; called with a request it says whether the user has it."""

    codename: str

    def __call__(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"coach.{self.codename}")

    def demand(self, request: HttpRequest) -> None:
        """Raises Refused where the user lacks it."""
        if not self(request):
            raise Refused(self.codename)


# Edit profile fields and documents of learners, grade, and mark attachments consumed.
may_edit = Right("change_learnerprofile")
may_regenerate = Right("regenerate_schedules")
may_import = Right("import_stores")
# Take data out: stores, JSON, CSV.
may_export = Right("export_stores")
may_see_operations = Right("view_backfillrun")


def may_delete(request: HttpRequest, model_name: str) -> bool:
    """Delete rows of a model. No group holds this: deleting is given person by person."""
    return Right(f"delete_{model_name}")(request)


def user(request: HttpRequest) -> User:
    """The signed-in user; the admin has no anonymous ones."""
    assert isinstance(request.user, User)
    return request.user
