"""`manage.py clean_attachments`: remove uploaded bytes that no attachment refers to."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from coach.services.keeping import stored_bytes


class Command(BaseCommand):
    help = (
        "Remove uploaded bytes that no attachment refers to: what a server that died during an upload left behind. "
        "Only uploads are looked at, never files that came with a legacy store."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="name them, remove nothing")
        parser.add_argument(
            "--older-than",
            type=int,
            default=60,
            metavar="MINUTES",
            help="leave younger ones alone, whose upload may still be going on (default: 60)",
        )

    def handle(self, *, dry_run: bool, older_than: int, **options: Any) -> None:
        if older_than < 0:
            raise CommandError("--older-than takes a number of minutes, 0 or more.")
        removed = 0
        for path in stored_bytes.orphans(older_than=dt.timedelta(minutes=older_than)):
            if not dry_run:
                stored_bytes.delete(path)
            removed += 1
            self.stdout.write(path)
        self.stdout.write(f"{removed} {'would be' if dry_run else 'were'} removed.")
