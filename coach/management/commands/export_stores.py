"""`manage.py export_stores`: the database as legacy stores, with a manifest. Arguments in, rendering out."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import InterfaceError, OperationalError

from coach.legacy.proving import export
from coach.management import arguments, rendering
from coach.management.exit_codes import ExitCode, OperatorCommand


class Command(OperatorCommand):
    help = "Writes the three legacy stores and a manifest.json: the way back, at any time."
    # The checks would load every view and screen; the server and CI run them.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.add(parser, __file__)

    def handle(self, *args: Any, **options: Any) -> None:
        folder = options["data_dir"].resolve()
        try:
            with rendering.progress(self.stderr, shown=not options["no_progress"]) as progress:
                written = export.stores(
                    folder,
                    inputs=settings.LEGACY_DATA_DIR,
                    force=options["force"],
                    usernames=frozenset(options["username"] or ()),
                    progress=progress,
                )
        except export.Refused as error:
            raise CommandError(f"refused, nothing was written: {error}") from error
        except OSError as error:
            raise CommandError(f"nothing was published: {error.strerror or error}") from error
        except (OperationalError, InterfaceError) as error:
            # Its kind only: the driver's text may quote a statement.
            reason = f"nothing was published: the database failed: {type(error).__name__}"
            raise CommandError(reason, returncode=ExitCode.FAILED) from error
        for file in written:
            self.stdout.write(
                f"{file.path}: {file.records:,} records, {file.size:,} bytes, sha256 {file.sha256}"
            )
            if file.misplaced:
                self.stdout.write(
                    f"  {file.misplaced:,} unknown members have no place any more, since what held them was changed here"
                )
        if any(file.misplaced for file in written):
            sys.exit(ExitCode.FINDINGS)
