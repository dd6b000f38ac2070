"""How fast the console's lists are with 200,000 learners and 1,000,000 submissions, against Django's default change list.

    ARCADIA_DEBUG=1 ARCADIA_DATABASE_URL=postgresql://USER@HOST/EMPTY_DATABASE python benchmarks/admin_lists.py

The database must be a PostgreSQL one of its own: it is migrated, and filled by SQL where it is empty. Each figure is the
median of `--rounds`, ours and the default's in turn in the same run. Targets and the last figures are in docs/admin.md.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arcadia.settings")

import django

django.setup()

from django.contrib import admin  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client, RequestFactory  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from coach import models  # noqa: E402
from coach.admin.changelist import search  # noqa: E402

LEARNERS, SUBMISSIONS = 200_000, 1_000_000

FILL = {
    "learners": """
        INSERT INTO coach_learnerprofile (username, goal, use_case, strengths, timezone, knowledge_tags, recent_sessions,
            elo_snapshot, memory_index_id, last_updated, curriculum_plan, schedule_adjustments, foundation_tracks,
            import_checksum, raw_checksum, content_checksum, edited_since_import)
        SELECT 'learner-' || n || '-' || substr(md5(n::text), 1, 6),
            'Learn ' || (ARRAY['python','guitar software','data science','embedded rust','web design','games'])[1 + n % 6]
                || ' for ' || (ARRAY['my library','a museum','the allotment','our clinic','school'])[1 + n % 5]
                || ' number ' || n,
            '', '', 'Europe/Lisbon', '[]', '[]', '{"a": 1100}', 'vs', now() - n * interval '2 minutes',
            ('{"generated_at":"2026-01-01T00:00:00Z","overview":"' || repeat(md5(n::text), 30) || '"}')::json,
            '{}', '[]', '', '', '', n % 5000 = 0
        FROM generate_series(1, :learners) AS n""",
    "schedules": """
        INSERT INTO coach_curriculumschedule (learner_id, generated_at, time_horizon_days, is_stale, warnings,
            category_allocations, rationale_history, sessions_per_week, projected_weekly_minutes, long_range_item_count,
            extended_weeks, long_range_category_keys, api_json)
        SELECT id, now() - id * interval '3 minutes', 14, id % 1000 = 0, '[]', '[]', '[]', 4, 180, 0, 0, '[]',
            ('{"overview":"' || repeat(md5(id::text), 30) || '"}')::json
        FROM coach_learnerprofile WHERE id % 10 <> 0""",
    "items": """
        INSERT INTO coach_scheduleitem (schedule_id, position, item_id, kind, category_key, title, summary, objectives,
            prerequisites, recommended_minutes, recommended_day_offset, effort_level, user_adjusted)
        SELECT s.id, p, 'item-' || p, (ARRAY['lesson','quiz','milestone'])[1 + p % 3], 'a', 'Item ' || p, '', '[]', '[]',
            45, p * 2, 'moderate', (s.id + p) % 500 = 0
        FROM coach_curriculumschedule s, generate_series(0, 4) AS p""",
    "notes": """
        INSERT INTO coach_memoryrecord (learner_id, position, note_id, note, tags, created_at)
        SELECT l.id, p, md5(l.id || '-' || p), 'Likes to be told ' || repeat('why ', 10), '["tone"]',
            now() - (l.id * 3 + p) * interval '1 minute'
        FROM coach_learnerprofile l, generate_series(0, 2) AS p""",
    "submissions": """
        INSERT INTO coach_assessmentsubmission (learner_id, submission_id, submitted_at, responses, metadata, grading,
            graded_by, api_json, import_checksum, raw_checksum, content_checksum, edited_since_import)
        SELECT f.first + (n::bigint * 7919) % :learners, 'sub_' || substr(md5(n::text), 1, 24),
            now() - n * interval '1 minute',
            ('[{"task_id":"t","response":"' || repeat(md5(n::text), 12) || '","category_key":"a","task_type":"code"}]')::json,
            '{}', CASE WHEN n % 1000 = 0 THEN NULL ELSE '{"submission_id":"s","overall_feedback":"fine"}'::json END,
            CASE WHEN n % 1000 = 0 THEN '' WHEN n % 50 = 0 THEN 'provisional' ELSE 'imported' END,
            ('{"submission_id":"s","text":"' || repeat(md5(n::text), 20) || '"}')::json, '', '', '', false
        FROM generate_series(1, :submissions) AS n, (SELECT min(id) AS first FROM coach_learnerprofile) AS f""",
    "attachments": """
        INSERT INTO coach_attachmentmetadata (learner_id, submission_id, position, attachment_id, kind, name, size_bytes,
            created_at, import_checksum, raw_checksum, content_checksum, edited_since_import)
        SELECT learner_id, CASE WHEN id % 40 = 0 THEN NULL ELSE id END, 0, 'att_' || substr(md5('a' || id), 1, 16),
            (ARRAY['file','link','note'])[1 + id % 3], 'file-' || id || '.py', 1000, submitted_at, '', '', '', false
        FROM coach_assessmentsubmission WHERE id % 4 = 0""",
    "events": """
        INSERT INTO coach_auditevent (learner_id, username, at, actor, action, detail)
        SELECT id, username, last_updated, 'client', 'learner.told', '{}' FROM coach_learnerprofile""",
    "runs": """
        INSERT INTO coach_backfillrun (source, actor, state, version, started_at, heartbeat_at, process, options, files,
            counts, figures, checkpoint_store, checkpoint_ordinal, error)
        SELECT 'command', 'operator', 'done_with_rejects', '1', now() - n * interval '1 day', now(), '', '{}', '[]',
            '{"profiles": {"read": 10, "created": 10}}', '{}', '', 0, '' FROM generate_series(1, 60) AS n""",
    "findings": """
        INSERT INTO coach_backfillfinding (run_id, outcome, store, ordinal, place, natural_key, username, checksum, code, errors)
        SELECT (SELECT max(id) FROM coach_backfillrun), CASE WHEN n % 2 = 0 THEN 'conflict' ELSE 'rejected' END,
            'profiles', n, '$.x', l.username, l.username, '', 'invalid', '[]'
        FROM generate_series(1, 20000) AS n
        JOIN coach_learnerprofile l ON l.id = (SELECT min(id) FROM coach_learnerprofile) + n""",
}


class DefaultSubmissions(admin.ModelAdmin):
    """What somebody writes first."""

    list_display = ("submission_id", "learner", "submitted_at", "graded_by")
    search_fields = ("submission_id", "learner__username", "learner__goal")
    list_filter = ("graded_by",)


class DefaultLearners(admin.ModelAdmin):
    list_display = ("username", "goal", "schedule", "last_updated")
    search_fields = ("username", "goal")


class DefaultAttachments(admin.ModelAdmin):
    list_display = ("attachment_id", "name", "kind", "learner", "submission", "created_at")
    search_fields = ("attachment_id", "submission__submission_id", "learner__username", "learner__goal")
    list_filter = ("kind",)


class DefaultNotes(admin.ModelAdmin):
    list_display = ("note_id", "note", "learner", "created_at")
    search_fields = ("note_id", "learner__username", "learner__goal")


class DefaultSchedules(admin.ModelAdmin):
    list_display = ("learner", "generated_at", "is_stale")
    search_fields = ("learner__username", "learner__goal")
    list_filter = ("is_stale",)


class DefaultItems(admin.ModelAdmin):
    list_display = ("item_id", "title", "schedule", "kind")
    search_fields = ("item_id", "schedule__learner__username")
    list_filter = ("kind", "user_adjusted")


class DefaultEvents(admin.ModelAdmin):
    list_display = ("action", "learner", "actor", "at")
    search_fields = ("username",)


DEFAULTS: dict[Any, type[admin.ModelAdmin]] = {
    models.LearnerProfile: DefaultLearners,
    models.AssessmentSubmission: DefaultSubmissions,
    models.AttachmentMetadata: DefaultAttachments,
    models.MemoryRecord: DefaultNotes,
    models.CurriculumSchedule: DefaultSchedules,
    models.ScheduleItem: DefaultItems,
    models.AuditEvent: DefaultEvents,
    models.BackfillRun: admin.ModelAdmin,
    models.BackfillFinding: admin.ModelAdmin,
}


@dataclass(frozen=True)
class Case:
    """One look at one list; `default` is the default list's spelling of the same query, None where it has none."""

    model: Any
    name: str
    ours: dict[str, str]
    default: dict[str, str] | None


def cases() -> list[Case]:
    """Every list's first page, page 500 where there is one, its searches and its filters."""
    found = []
    for model in DEFAULTS:
        found.append(Case(model, "first page", {}, {}))
        if model not in (models.BackfillRun, models.BackfillFinding):
            # The stock list has 100 rows a page, ours 50: the same rows are skipped.
            found.append(Case(model, "page 500", {"p": "500"}, {"p": "250"}))
    learner = models.LearnerProfile.objects.order_by("pk")[LEARNERS // 3 if LEARNERS > 3 else 0]
    for model in (
        models.LearnerProfile,
        models.AssessmentSubmission,
        models.CurriculumSchedule,
        models.MemoryRecord,
    ):
        found.append(Case(model, "search username", {"q": learner.username}, {"q": learner.username}))
        found.append(
            Case(model, "search goal", {"q": f'"number {learner.pk}"'}, {"q": f'"number {learner.pk}"'})
        )
        found.append(Case(model, "search nothing", {"q": "zzzqqq"}, {"q": "zzzqqq"}))
    for model, column in (
        (models.AssessmentSubmission, "submission_id"),
        (models.AttachmentMetadata, "attachment_id"),
        (models.MemoryRecord, "note_id"),
    ):
        value = str(model.objects.order_by("pk").values_list(column, flat=True)[1000])
        found.append(Case(model, f"search {column}", {"q": value}, {"q": value}))
    found.append(Case(models.LearnerProfile, "search common word", {"q": "museum"}, {"q": "museum"}))
    for model in DEFAULTS:
        for filter_class in admin.site._registry[model].list_filter:
            for value in getattr(filter_class, "choices_of", {}):
                name = filter_class.parameter_name
                found.append(
                    Case(model, f"filter {name}={value}", {name: value}, _DEFAULT_FILTERS.get((name, value)))
                )
    return found


_DEFAULT_FILTERS = {
    ("graded", "provisional"): {"graded_by__exact": "provisional"},
    ("graded", "imported"): {"graded_by__exact": "imported"},
    ("stale", "1"): {"is_stale__exact": "1"},
    ("kind", "quiz"): {"kind__exact": "quiz"},
    ("kind", "note"): {"kind__exact": "note"},
    ("moved", "1"): {"user_adjusted__exact": "1"},
}


def fill() -> None:
    """Migrate, and fill an empty database; prints how long each table took."""
    call_command("migrate", verbosity=0)
    if models.LearnerProfile.objects.exists():
        return
    # All or nothing: a half-filled database would be measured next time.
    with transaction.atomic(), connection.cursor() as cursor:
        for name, sql in FILL.items():
            began = time.monotonic()
            cursor.execute(sql.replace(":learners", str(LEARNERS)).replace(":submissions", str(SUBMISSIONS)))
            print(f"  {name}: {time.monotonic() - began:.0f} s", flush=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def looker(model_admin: admin.ModelAdmin, user: Any) -> Callable[[dict[str, str]], tuple[float, int, Any]]:
    """A function that renders a list as a browser would get it: milliseconds, queries, and the change list."""

    def look(query: dict[str, str]) -> tuple[float, int, Any]:
        request = RequestFactory().get("/admin/", query)
        request.user = user
        request.session = {}  # type: ignore[assignment]
        with CaptureQueriesContext(connection) as captured:
            began = time.perf_counter()
            response = model_admin.changelist_view(request)
            response.render() if hasattr(response, "render") else None
            spent = (time.perf_counter() - began) * 1000
        if response.status_code != 200:
            raise SystemExit(f"{model_admin}: {query} is answered {response.status_code}")
        return spent, len(captured), response.context_data["cl"]  # type: ignore[attr-defined]

    return look


def measure(
    case: Case, user: Any, site: admin.AdminSite, rounds: int
) -> tuple[float, int, float | None, int, bool | None]:
    """Medians in milliseconds and queries of ours and the default's; whether both found the same rows."""
    ours = looker(admin.site._registry[case.model], user)
    default = looker(DEFAULTS[case.model](case.model, site), user)
    our_times, default_times, same = [], [], None
    our_queries = default_queries = 0
    for _ in range(rounds):
        spent, our_queries, our_list = ours(case.ours)
        our_times.append(spent)
        if case.default is not None:
            spent, default_queries, default_list = default(case.default)
            default_times.append(spent)
            if "q" in case.ours:
                same = set(our_list.queryset.order_by().values_list("pk", flat=True)) == set(
                    default_list.queryset.order_by().values_list("pk", flat=True)
                )
    return (
        statistics.median(our_times),
        our_queries,
        statistics.median(default_times) if default_times else None,
        default_queries,
        same,
    )


def pages(user: Any, rounds: int) -> None:
    """The pages that are no lists: the first page (charts not kept), the header's search by each kind, a learner's page."""
    learner = models.LearnerProfile.objects.order_by("pk")[LEARNERS // 3]
    own = {
        name: str(model.objects.order_by("pk").values_list(name, flat=True)[1000])
        for model, name in (
            (models.AssessmentSubmission, "submission_id"),
            (models.AttachmentMetadata, "attachment_id"),
            (models.MemoryRecord, "note_id"),
            (models.ScheduleItem, "item_id"),
        )
    }
    terms = {
        "username": learner.username,
        "a word in 40,000 goals": "museum",
        "nothing": "zzzqqq",
        "a letter": "a",
        **own,
    }
    client = Client()
    client.force_login(user)
    looks = {
        f"search {name}": ("/admin/coach/learnerprofile/search/", {"q": term}) for name, term in terms.items()
    }
    looks |= {"home": ("/admin/", {}), "a learner": (f"/admin/coach/learnerprofile/{learner.pk}/", {})}
    for name, (path, query) in looks.items():
        times = []
        for _ in range(rounds):
            cache.clear()
            with CaptureQueriesContext(connection) as captured:
                began = time.perf_counter()
                response = client.get(path, query)
                times.append((time.perf_counter() - began) * 1000)
            if response.status_code != 200:
                raise SystemExit(f"{path} {query} is answered {response.status_code}")
        print(f"{'page':<26}{name:<34}{statistics.median(times):>6.0f} ms{len(captured):>9}", flush=True)


def explain() -> None:
    """The plan of one search, so that the choice of index can be seen."""
    condition = search.condition(
        models.AssessmentSubmission, admin.site._registry[models.AssessmentSubmission].look_ups, "number 4711"
    )
    rows = models.AssessmentSubmission.objects.filter(condition).order_by().values("pk")
    print(rows.explain(analyze=True, buffers=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="only cases whose name holds this text")
    arguments = parser.parse_args()
    if connection.vendor != "postgresql":
        raise SystemExit("This needs a PostgreSQL database of its own: set ARCADIA_DATABASE_URL.")
    fill()
    user, _ = get_user_model().objects.get_or_create(
        username="benchmark", defaults={"is_staff": True, "is_superuser": True}
    )
    site = admin.AdminSite(name="admin")
    for model, default in DEFAULTS.items():
        site.register(model, default)
    print(
        f"{'list':<26}{'look':<34}{'ours':>9}{'queries':>9}{'default':>10}{'queries':>9}{'ratio':>8}  same rows"
    )
    pages(user, arguments.rounds)
    for case in cases():
        if arguments.only not in f"{case.model._meta.verbose_name_plural} {case.name}":
            continue
        ours, queries, default, default_queries, same = measure(case, user, site, arguments.rounds)
        print(
            f"{case.model._meta.verbose_name_plural!s:<26}{case.name:<34}{ours:>6.0f} ms{queries:>9}"
            + (
                f"{default:>7.0f} ms{default_queries:>9}{default / ours:>7.1f}x"
                if default is not None
                else f"{'–':>10}{'':>9}{'':>8}"
            )
            + ("" if same is None else f"  {'yes' if same else 'NO'}"),
            flush=True,
        )
    explain()


if __name__ == "__main__":
    main()
