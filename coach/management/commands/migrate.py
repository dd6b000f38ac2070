"""`manage.py migrate`: Django's own, which goes past a pooler where there is a direct way to the server."""

from django.conf import settings
from django.core.management.base import CommandParser
from django.core.management.commands import migrate


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=settings.DIRECT_DATABASE)
