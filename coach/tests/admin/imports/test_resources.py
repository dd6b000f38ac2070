"""Previews inside a web server: what they do to the process that serves others at the same time."""

from __future__ import annotations

import gc
import sys
import threading

import pytest
from django.db import connection

from coach.tests.legacy import people
from coach.tests.legacy.conftest import stores

__all__ = ["stores"]


@pytest.mark.django_db(transaction=True)
def test_previews_at_once_leave_the_collector_and_the_switch_interval_alone(stores):
    stores.write(profiles={name: people.profile(name) for name in ("amara", "felix")})
    before = gc.isenabled(), sys.getswitchinterval()
    seen = []

    def preview():
        seen.append(stores.backfill(dry_run=True).counts["profiles"]["created"])
        seen.append((gc.isenabled(), sys.getswitchinterval()))
        # A web server does so after each request; otherwise the pool is empty after twenty threads.
        connection.close()

    for _ in range(50):
        threads = [threading.Thread(target=preview) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seen.append((gc.isenabled(), sys.getswitchinterval()))
    assert set(seen) == {2, before}
    assert len(seen) == 250
