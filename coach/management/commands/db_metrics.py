"""`manage.py db_metrics`: a snapshot of the database and of a connection pool as JSON."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from coach.services.operations import health


class Command(BaseCommand):
    help = (
        "Print, as JSON, whether the database answers and is migrated, and the counters of this process's own pool. "
        "Those of a running service are at /healthz/database (one worker) and /metrics (all workers). "
        "Status 1 when the database does not answer or is not migrated."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            snapshot = health.database()
        except health.Unhealthy as error:
            self.stdout.write(
                json.dumps({"status": "unhealthy", "detail": str(error), "pool": health.pool_counters()})
            )
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(snapshot.to_object(), indent=2))
