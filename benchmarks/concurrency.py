"""Many writers of few learners at once: nothing may be lost, no deadlock may surface, the caps must hold.

`python -m benchmarks.concurrency [--operations 2000] [--learners 20]` on the (EMPTY) database of ARCADIA_DATABASE_URL.
Adjustments and uploads go through a running server, from many threads; memory notes and tags, which have
no route of their own, go through the services from several processes. Prints what was counted; status 1
when anything is missing.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import json
import multiprocessing
import os
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from coach.models import CurriculumSchedule

PROCESSES = 4
THREADS = 16
# It begins on day 0 and nothing stands before it: each adjustment that is not lost moves it by one day.
FIRST_ITEM = "lesson-joins"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--operations", type=int, default=2000)
    parser.add_argument("--learners", type=int, default=20)
    arguments = parser.parse_args()
    _prepare(arguments.learners)
    from coach.tests import serving

    started = time.perf_counter()
    with serving.server(os.environ, workers=2, threads=8) as address:
        outcomes = _storm(address, arguments.operations, arguments.learners)
        submissions = _two_submissions_at_once(address)
    print(f"{arguments.operations} operations in {time.perf_counter() - started:.1f} s")
    return _report(outcomes, arguments.operations, arguments.learners, submissions)


def _prepare(learners: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arcadia.settings")
    django.setup()
    from django.core.management import call_command

    from coach.models import LearnerProfile
    from coach.services import schedules
    from coach.tests import cast

    call_command("migrate", verbosity=0)
    if LearnerProfile.objects.exists():
        raise SystemExit("The database holds learners; name an empty one in ARCADIA_DATABASE_URL.")
    for number in range(learners):
        cast.learner(cast.AMARA, username=_name(number))
        schedules.read(username=_name(number))


def _name(number: int) -> str:
    return f"learner-{number}"


def _storm(address: str, operations: int, learners: int) -> collections.Counter[str]:
    """A quarter each of notes, tags, uploads and adjustments, all at once; counts what each ended in."""
    quarter = operations // 4
    context = multiprocessing.get_context("spawn")
    with (
        concurrent.futures.ProcessPoolExecutor(
            PROCESSES, mp_context=context, initializer=django.setup
        ) as processes,
        concurrent.futures.ThreadPoolExecutor(THREADS) as threads,
    ):
        waiting = []
        for number in range(quarter):
            name = _name(number % learners)
            waiting.append(processes.submit(_remember, name, number))
            waiting.append(processes.submit(_tag, name, number))
            waiting.append(threads.submit(_upload, address, name, number))
            waiting.append(threads.submit(_adjust, address, name, number))
        return collections.Counter(done.result() for done in waiting)


def _remember(name: str, number: int) -> str:
    from coach.services import learners

    learners.remember(username=name, note=f"note {number}", tags=[])
    return "note"


def _tag(name: str, number: int) -> str:
    from coach.services import learners

    learners.update_from_metadata(username=name, metadata={"knowledge_tags": [f"tag {number}"]})
    return "tag"


def _upload(address: str, name: str, number: int) -> str:
    body = (
        f'--b\r\nContent-Disposition: form-data; name="file"; filename="f{number}.txt"\r\n'
        f"Content-Type: text/plain\r\n\r\nfile {number}\r\n--b--\r\n"
    ).encode()
    path = f"/api/onboarding/{name}/assessment/attachments/files"
    return f"upload {_post(address + path, body, 'multipart/form-data; boundary=b')}"


def _adjust(address: str, name: str, number: int) -> str:
    body = json.dumps({"item_id": FIRST_ITEM, "days": 1}).encode()
    return f"adjust {_post(f'{address}/api/profile/{name}/schedule/adjust', body, 'application/json')}"


def _post(url: str, body: bytes, content_type: str) -> int:
    request = urllib.request.Request(url, body, {"Content-Type": content_type})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _two_submissions_at_once(address: str) -> list[int]:
    """How many attachments each of two simultaneous submissions of one learner took along."""
    body = json.dumps({"responses": [{"task_id": "sql-talk", "response": "Rows."}]}).encode()
    url = f"{address}/api/onboarding/{_name(0)}/assessment/submissions"
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        statuses = list(threads.map(lambda _: _post(url, body, "application/json"), range(2)))
    if statuses != [201, 201]:
        raise SystemExit(f"submissions were answered with {statuses}")
    with urllib.request.urlopen(url, timeout=60) as answer:
        return [len(entry["attachments"]) for entry in json.load(answer)]


def _report(outcomes: collections.Counter[str], operations: int, learners: int, taken: list[int]) -> int:
    from coach.models import AttachmentMetadata, CurriculumSchedule, LearnerProfile, MemoryRecord

    quarter = operations // 4
    uploads_of_first = len(range(0, quarter, learners))
    found = {
        "answers": dict(outcomes),
        "notes": MemoryRecord.objects.count(),
        "tags": sum(len(learner.tags) for learner in LearnerProfile.objects.all()),
        "uploads": AttachmentMetadata.objects.count(),
        "days moved": sum(_day_of_first_item(row) for row in CurriculumSchedule.objects.all()),
        "attachments taken by two submissions": sorted(taken),
    }
    per_learner = [len(range(number, quarter, learners)) for number in range(learners)]
    wanted = {
        "answers": {"note": quarter, "tag": quarter, "upload 201": quarter, "adjust 200": quarter},
        "notes": sum(min(count, 150) for count in per_learner),
        "tags": quarter,
        "uploads": quarter,
        "days moved": quarter,
        "attachments taken by two submissions": [0, uploads_of_first],
    }
    for name, value in found.items():
        print(f"{'ok  ' if value == wanted[name] else 'LOST'} {name}: {value}, expected {wanted[name]}")
    return int(found != wanted)


def _day_of_first_item(schedule: CurriculumSchedule) -> int:
    return int(schedule.items.get(item_id=FIRST_ITEM).recommended_day_offset)


if __name__ == "__main__":
    sys.exit(main())
