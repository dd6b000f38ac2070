import io
import os
import signal

import pytest
from django.core.management import CommandError, call_command

from benchmarks import uploads
from coach.models import MemoryUpload
from coach.services import learners
from coach.tests.agent.standing_in import database_url

QUICK = ("--backoff-seconds", "0", "--lease-seconds", "16")


def upload(*arguments):
    out = io.StringIO()
    call_command("upload_memories", *arguments, stdout=out)
    return out.getvalue().strip()


@pytest.mark.django_db
def test_it_uploads_what_is_due_and_stops(provider):
    for number in range(3):
        learners.remember(username="amara", note=str(number))

    assert upload("--once") == "3 stored, 0 removed, 0 failed, 0 dead"
    assert upload() == "0 stored, 0 removed, 0 failed, 0 dead"


@pytest.mark.django_db
def test_dead_letters_are_an_exit_status_of_their_own(provider):
    learners.remember(username="amara", note="n")
    provider.failing = 1.0

    with pytest.raises(SystemExit) as ended:
        upload("--once", "--attempts", "2", *QUICK)
    assert ended.value.code == 2
    assert MemoryUpload.objects.get().state == "dead"


@pytest.mark.django_db
def test_without_a_key_it_says_so(settings):
    settings.OPENAI_API_KEY = ""

    with pytest.raises(CommandError, match="OPENAI_API_KEY"):
        upload()


@pytest.mark.django_db
def test_a_refused_key_stops_it(provider):
    learners.remember(username="amara", note="n")
    provider.failing, provider.status = 1.0, 401

    with pytest.raises(CommandError, match="refuses the key"):
        upload()


@pytest.mark.django_db
def test_a_loop_ends_with_a_signal(provider):
    learners.remember(username="amara", note="n")
    handlers = {
        number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)
    }
    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        assert upload("--loop", "--poll-seconds", "0.1").startswith("1 stored")
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@pytest.mark.django_db(transaction=True)
def test_several_workers_two_of_them_killed_upload_every_note_once(monkeypatch):
    """The benchmark at a small size: processes of their own, a store that fails one time in five."""
    monkeypatch.setenv("ARCADIA_DATABASE_URL", database_url())

    trial = uploads.run(uploads.Trial(notes=30, workers=3, kills=2))

    assert trial.exact
    assert len(trial.uploads) == trial.attached == 30
    assert trial.states == {"stored": 30}
