"""What must hold beyond one machine, tried with the real programs on this one.

    python -m benchmarks.scale pooler [--minutes 10]
    python -m benchmarks.scale failover [--rounds 5]
    python -m benchmarks.scale growth [--learners 50000]

pooler     16 clients behind PgBouncer (transaction mode, 3 connections), every answer compared with what was written; a
           backfill, its verification, an export and a staff's export beside it, again and again
failover   the primary is killed and its synchronous standby promoted while 8 clients read and write, again and again:
           nothing that was acknowledged may be lost, and answers must be good again within 2 s of the promotion
growth     a year of many learners, month by month, with upkeep: sizes of tables and indexes, vacuum, and what a million needs

Each makes a PostgreSQL of its own (coach/tests/postgres). Prints what was counted; status 1 when anything is not as it must be.
"""

from __future__ import annotations

import argparse
import os
import sys

from benchmarks.scale import failover, growth, pooler


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    scenes = parser.add_subparsers(required=True, dest="scene")
    scenes.add_parser("pooler").add_argument("--minutes", type=float, default=10)
    scenes.add_parser("failover").add_argument("--rounds", type=int, default=5)
    scenes.add_parser("growth").add_argument("--learners", type=int, default=50_000)
    chosen = parser.parse_args()
    if chosen.scene == "pooler":
        good = pooler.main(chosen.minutes)
    elif chosen.scene == "failover":
        good = failover.main(chosen.rounds)
    else:
        good = growth.main(chosen.learners)
    print("all as it must be" if good else "FAILED")
    return int(not good)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arcadia.settings")
    sys.exit(main())
