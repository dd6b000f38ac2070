"""Leave a database without learners, then backfill the given stores: what a replay does before each case.

`python -m coach.tests.contract.reset PROFILES SUBMISSIONS ATTACHMENTS`, '' for a store that a case lacks.
"""

from __future__ import annotations

import io
import os
import sys

import django
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import transaction

# Kept by a reset: the ledger of imports says what happened, and belongs to nobody.
KEPT = ("BackfillRun", "BackfillFinding")
# 2: done, with rejects or conflicts. Some cases hold bad records on purpose.
EXPECTED = (0, 2)


def reset(*, profiles: str = "", submissions: str = "", attachments: str = "") -> None:
    """Empty all tables of the app, then backfill the named store files. Raises SystemExit, CommandError."""
    with transaction.atomic():
        for model in reversed(list(apps.get_app_config("coach").get_models())):
            if model.__name__ not in KEPT:
                model._default_manager.all().delete()
    stores = {"--profiles": profiles, "--submissions": submissions, "--attachments": attachments}
    given = [word for option, path in stores.items() if path for word in (option, path)]
    if given:
        backfill(*given)


def backfill(*arguments: str) -> None:
    """Run the command quietly. Raises CommandError, or SystemExit for a status that a reset does not expect."""
    try:
        call_command("backfill", *arguments, "--no-progress", stdout=io.StringIO(), stderr=io.StringIO())
    except SystemExit as ended:
        if ended.code not in EXPECTED:
            raise
    except CommandError as refused:
        if refused.returncode not in EXPECTED:
            raise


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arcadia.settings")
    django.setup()
    reset(**dict(zip(("profiles", "submissions", "attachments"), sys.argv[1:], strict=True)))
