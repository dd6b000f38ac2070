"""What must hold beyond one machine, tried with the real programs on this one.

    python -m benchmarks.scale pooler [--minutes 10]

pooler     16 clients behind PgBouncer (transaction mode, 3 connections), every answer compared with what was written; a
           backfill, its verification, an export and a staff's export beside it, again and again

Each makes a PostgreSQL of its own (coach/tests/postgres). Prints what was counted; status 1 when anything is not as it must be.
"""

from __future__ import annotations

import argparse
import os
import sys

from benchmarks.scale import pooler


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    scenes = parser.add_subparsers(required=True, dest="scene")
    scenes.add_parser("pooler").add_argument("--minutes", type=float, default=10)
    chosen = parser.parse_args()
    good = pooler.main(chosen.minutes)
    print("all as it must be" if good else "FAILED")
    return int(not good)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arcadia.settings")
    sys.exit(main())
