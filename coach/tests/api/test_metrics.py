import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.db import connection

from coach.models import BackfillRun
from coach.tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown(client):
    def read():
        answer = client.get("/metrics")
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/plain")
        lines = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    return read


def test_requests_are_counted_by_route_and_status_and_never_by_learner(client, shown):
    cast.learner(cast.FELIX)
    counted = 'arcadia_http_requests_total{method="GET",route="api/profile/<str:username>",status="200"}'
    before = shown().get(counted, 0)

    client.get("/api/profile/felix")

    after = shown()
    assert after[counted] == before + 1
    assert not [name for name in after if "felix" in name]


def test_unknown_routes_and_methods_do_not_make_new_series(client, shown):
    client.get("/api/no/such/route/1")
    client.generic("BREW", "/api/no/such/route/2")
    after = shown()

    assert 'arcadia_http_requests_total{method="GET",route="unrouted",status="404"}' in after
    assert not [name for name in after if "/such" in name or "BREW" in name]


def test_schedule_generations_are_counted_and_timed(client, shown):
    counted = 'arcadia_events_total{event="schedule_generation",outcome="success"}'
    before = shown().get(counted, 0)
    cast.learner(cast.AMARA)

    client.get("/api/profile/amara/schedule")

    after = shown()
    assert after[counted] == before + 1
    assert after['arcadia_event_seconds_count{event="schedule_generation"}'] >= 1


def test_what_imports_did_comes_from_the_ledger(shown):
    run = BackfillRun(source="command", actor="command", state="done", version="1")
    run.outcome_counts = {"profiles": {"created": 7}}
    run.save()

    assert shown()['arcadia_backfill_records{outcome="created",store="profiles"}'] == 7
    assert shown()['arcadia_backfill_runs{state="done"}'] == 1


def test_a_database_that_does_not_answer_is_a_metric(client, shown, monkeypatch):
    from django.db import OperationalError

    from coach.services.operations import metrics

    def away():
        raise OperationalError("away")

    monkeypatch.setattr(metrics, "_runs", away)

    assert shown()["arcadia_database_up"] == 0


@pytest.mark.postgresql("SQLite has no pool")
def test_the_pool_is_shown(shown):
    assert shown()['arcadia_database_pool_connections{state="limit"}'] == connection.pool.max_size


def promtool():
    """Whether there is Prometheus' own checker; in CI there must be one."""
    found = shutil.which("promtool") is not None
    assert found or os.environ.get("CI") != "true", "CI needs Debian's package prometheus"
    return found


@pytest.mark.skipif("not promtool()", reason="PROMTOOL IS NOT INSTALLED")
def test_names_and_types_are_as_prometheus_wants_them(client):
    client.get("/healthz")
    text = client.get("/metrics").content
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)

    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


@pytest.mark.parametrize("file", ["prometheus/alerts.yml", "grafana/dashboard.json"])
def test_alerts_and_dashboard_name_metrics_that_there_are(client, monkeypatch, file):
    from coach.services.operations import metrics

    monkeypatch.setattr(metrics.replica, "behind", lambda: (0, 0.0))
    shown = client.get("/metrics").content.decode() + "".join(str(each) for each in metrics._replica())
    named = set(re.findall(r"\barcadia_\w+", Path("deployment", file).read_text()))

    assert named
    missing = {name for name in named if name.removesuffix("_bucket") not in shown}
    # The size is PostgreSQL's.
    assert missing <= ({"arcadia_database_bytes"} if connection.vendor == "sqlite" else set())
