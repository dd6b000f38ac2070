#!/usr/bin/env python
"""The operator's door: `python manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arcadia.settings")
    if sys.argv[1:2] == ["qcluster"]:
        # The worker is several processes of one or two connections each: a pool would open ten in each of them.
        os.environ |= {"ARCADIA_DATABASE_POOL_SIZE": "0", "ARCADIA_DATABASE_MAX_OVERFLOW": "0"}
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
