"""Random walks through every door of the backfill, compared step by step with the model of its promises.

    python -m benchmarks.model --steps 5000 --seed 1 --kills 0.04

The database of ARCADIA_DATABASE_URL is EMPTIED again and again: name one of your own. What disagrees is printed with
the seed that shows it again.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from pathlib import Path


def main() -> int:
    """The command line; returns 1 where the model and the backfill disagree."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=float, default=0.04, help="share of the steps that are killed")
    parser.add_argument("--world", type=int, default=1, help="begin with this world of the seed")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arcadia.settings")
    with tempfile.TemporaryDirectory(prefix="model-") as folder:
        os.environ["ARCADIA_ATTACHMENTS_DIR"] = f"{folder}/attachments"
        os.environ["ARCADIA_STAGING_DIR"] = f"{folder}/staging"
        return _tried(Path(folder), arguments)


def _tried(folder: Path, arguments: argparse.Namespace) -> int:
    import django
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    django.setup()
    # Every request would be told.
    logging.disable(logging.CRITICAL)
    setup_test_environment()
    call_command("migrate", verbosity=0)
    from coach.tests.legacy.model.trial import Disagreement, Trial

    began = time.monotonic()
    trial = Trial(folder, seed=arguments.seed, kill_share=arguments.kills, first=arguments.world)
    try:
        trial.execute(arguments.steps, stop=lambda: time.monotonic() - began > arguments.seconds)
    except Disagreement as disagreement:
        print(disagreement)
        return 1
    finally:
        seconds = time.monotonic() - began
        print(
            f"{seconds:.0f} s: "
            + ", ".join(f"{number} {what}" for what, number in sorted(trial.figures.items()))
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
