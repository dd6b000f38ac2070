"""The collector rests while batches go by, and only then."""

from __future__ import annotations

import gc

import pytest

from coach.legacy.running import collector


@pytest.fixture(autouse=True)
def enabled():
    gc.enable()
    yield
    gc.enable()


def test_the_collector_pauses_until_the_batches_end():
    assert [(batch, gc.isenabled()) for batch in collector.paused("ab")] == [("a", False), ("b", False)]
    assert gc.isenabled()


def test_the_collector_goes_on_after_a_failure():
    with pytest.raises(ZeroDivisionError):
        divide_by(collector.paused([1, 0]))
    assert gc.isenabled()


def divide_by(batches):
    for batch in batches:
        1 / batch


def test_a_collector_that_somebody_paused_stays_paused():
    gc.disable()
    list(collector.paused("ab"))
    assert not gc.isenabled()


def test_now_and_then_the_collector_runs():
    before = gc.get_stats()[2]["collections"]
    list(collector.paused(range(250)))
    assert gc.get_stats()[2]["collections"] == before + 2
