"""Tests stand in the same tree as the sources: `coach/tests/<path>/test_<module>.py`."""

from pathlib import Path

TESTS = Path(__file__).parent
PROJECT = TESTS.parents[1]

# Tests of what more than one module does together, with the reason; a folder stands for all in it.
CROSSING = {
    "admin/test_forms.py": "the forms of every screen",
    "admin/test_matrix.py": "every screen and action, as every role",
    "admin/test_query_counts.py": "the same bound for every page",
    "agent/test_failures.py": "every kind of failure, through every use case",
    "agent/test_lazy.py": "what is imported when",
    "agent/test_slow.py": "a server under slow calls",
    "api/http/test_scopes.py": "what each token may call, over all routes",
    "api/test_fast_reads.py": "the reads as one: queries and bytes",
    "api/test_generated_client.py": "the description, as a generator reads it",
    "browser": "journeys of staff in a browser",
    "contract": "the recorded exchanges",
    "engines/sequencing/test_properties.py": "what holds for every schedule",
    "engines/sequencing/test_recorded.py": "the recorded schedules",
    "hostile": "input that is meant to harm, by door",
    "legacy/model": "a model of the import, walked against every door",
    "legacy/running/test_faults.py": "faults of processes, disks and locks during a run",
    "legacy/running/test_faults_disk.py": "see test_faults.py",
    "legacy/running/test_faults_locks.py": "see test_faults.py",
    "legacy/running/test_faults_runs.py": "see test_faults.py",
    "legacy/running/test_kills.py": "a run that is killed and started again",
    "legacy/test_round_trip.py": "reading, writing and exporting a store",
    "management/commands/test_operations.py": "the small commands",
    "models/test_round_trips.py": "every entity's two translations",
    "models/test_sharding.py": "every model, against docs/scale.md",
    "postgres": "the tests' own PostgreSQL",
    "services/keeping/test_nothing_is_left.py": "every route, every store, and a dump after an erasure",
    "test_architecture.py": "the sources themselves",
    "test_fixtures.py": "the sample learners",
    "test_migrations.py": "the models against their migrations",
    "test_security_page.py": "the page that names a test for each claim",
    "test_tree.py": "the tests themselves",
    "topologies": "the service beyond one machine, with the real programs",
}

# From here on a module needs a test module of its name, or a line below that names the tests it is held by.
LONG = 150
TESTED_IN = {
    "arcadia/serving/worker.py": "arcadia/serving/test_gunicorn.py",
    "arcadia/settings.py": "test_checks.py",
    "coach/admin/changelist/filters.py": "admin/changelist/test_lists.py",
    "coach/admin/screens/attachments.py": "admin/changelist/test_bulk.py",
    "coach/admin/presentation/timeline.py": "admin/screens/learners/test_page.py",
    "coach/admin/screens/audit.py": "admin/changelist/test_lists.py",
    "coach/admin/screens/learners/screen.py": "admin/screens/learners/test_page.py",
    "coach/admin/screens/runs.py": "browser/test_console.py",
    "coach/admin/screens/schedules.py": "browser/test_console.py",
    "coach/admin/screens/submissions.py": "admin/screens/test_desk.py",
    "coach/agent/chatkit/protocol.py": "agent/chatkit/test_server.py",
    "coach/agent/model/answers.py": "agent/model/test_reading.py",
    "coach/agent/model/prompts.py": "agent/model/test_coach.py",
    "coach/agent/model/runs.py": "agent/model/test_coach.py",
    "coach/api/http/uploads.py": "api/test_attachments.py",
    "coach/attachments.py": "hostile/test_uploads.py",
    "coach/models/backfills.py": "legacy/running/test_ledger.py",
    "coach/legacy/decoding/reference.py": "legacy/decoding/test_codec.py",
    "coach/legacy/writing/apply.py": "legacy/running/test_backfill.py",
    "coach/management/rendering.py": "management/commands/test_backfill.py",
    "coach/models/schedules.py": "models/test_round_trips.py",
    "coach/models/submissions.py": "models/test_round_trips.py",
    "coach/schema_drift.py": "management/commands/test_check_schema.py",
    "coach/services/attachments.py": "api/test_attachments.py",
    "coach/services/keeping/restoring.py": "services/keeping/test_versions.py",
    "coach/services/learner_tools.py": "services/test_sessions.py",
    "coach/services/operations/health.py": "api/test_health.py",
    "coach/services/operations/retries.py": "api/http/test_retrying.py",
    "coach/services/staff.py": "admin/screens/learners/test_forms.py",
}


def sources():
    """The modules of the project, without tests and migrations."""
    for path in (*PROJECT.glob("arcadia/**/*.py"), *PROJECT.glob("coach/**/*.py")):
        if not {"tests", "migrations"} & set(path.relative_to(PROJECT).parts):
            yield path


def test_module(source):
    """Where the tests of a source stand."""
    parts = source.relative_to(PROJECT).with_suffix("").parts
    folders, name = parts[:-1] if parts[0] == "arcadia" else parts[1:-1], parts[-1]
    if name == "__init__":
        *folders, name = folders or ("coach",)
    return TESTS.joinpath(*folders, f"test_{name}.py")


test_module.__test__ = False


def test_each_test_module_has_a_source_of_its_name_or_a_reason():
    of_sources = {test_module(source) for source in sources()}
    crossing = {TESTS / path for path in CROSSING}
    strays = [
        path.relative_to(TESTS)
        for path in TESTS.rglob("test_*.py")
        if path not in of_sources and not crossing & {path, *path.parents}
    ]
    assert strays == []


def test_each_long_module_has_tests_of_its_name_or_says_where_they_are():
    untested = [
        name
        for source in sources()
        if source.read_text(encoding="utf-8").count("\n") > LONG
        and not test_module(source).exists()
        and (name := str(source.relative_to(PROJECT))) not in TESTED_IN
    ]
    assert untested == []


def test_the_lists_name_what_exists():
    named = [
        *(TESTS / path for path in (*CROSSING, *TESTED_IN.values())),
        *(PROJECT / path for path in TESTED_IN),
    ]

    assert [path for path in named if not path.exists()] == []
