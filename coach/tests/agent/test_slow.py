"""Calls that take long, and reads beside them: the benchmark at a small size, with a server of its own."""

import pytest

from benchmarks import slow_model
from coach.tests.agent.standing_in import database_url


@pytest.mark.django_db(transaction=True)
def test_reads_keep_their_latency_while_calls_are_in_flight(monkeypatch):
    monkeypatch.setenv("ARCADIA_DATABASE_URL", database_url())

    trial = slow_model.run(slow_model.Trial(calls=12, seconds=3.0, threads=20, reads=40))

    assert trial.in_flight == 12
    assert trial.answered == [200] * 12
    assert trial.held in (0, None)
    assert len(trial.meanwhile) == 40
