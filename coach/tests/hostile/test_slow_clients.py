"""More stalled connections than threads: probes are answered, and the others once the stalled ones are given up."""

import time

import pytest

from coach.tests.hostile import clients

pytestmark = pytest.mark.postgresql("it brings its own server; once is enough")

STALLED = 40
# Without its fixes the server answers after 10 to 100 s.
SOON = 4.0


@pytest.mark.parametrize("kind", clients.KINDS, ids=lambda kind: kind.__name__)
def test_stalled_connections_keep_no_probe_waiting(service, kind):
    with clients.stalled(service.address, STALLED, kinds=(kind,), drip_every=1):
        time.sleep(1)
        for _ in range(3):
            assert clients.ask(service.address, "/healthz", seconds=SOON)[0] == 200
            assert clients.ask(service.address, "/healthz/database", seconds=SOON)[0] == 200


@pytest.mark.parametrize("kind", [clients.silent, clients.half_head], ids=lambda kind: kind.__name__)
def test_unfinished_heads_keep_nobody_waiting(service, kind):
    with clients.stalled(service.address, STALLED, kinds=(kind,), drip_every=1):
        time.sleep(1)
        assert clients.ask(service.address, "/api/profile/amara", seconds=SOON)[0] == 200


def test_the_service_recovers_by_itself(service):
    with clients.stalled(service.address, STALLED):
        time.sleep(1)
    assert clients.ask(service.address, "/api/profile/amara", seconds=30)[0] == 200
