import datetime as dt

import pytest

from coach.agent.errors import Refused
from coach.documents.base import utc_now
from coach.models import AuditEvent, LearnerProfile, MemoryRecord, MemoryUpload
from coach.services import learners, memory_uploads
from coach.services.keeping import erasing
from coach.tests import cast

pytestmark = pytest.mark.django_db

# Soon enough for a test to wait for.
TERMS = memory_uploads.Terms(lease=dt.timedelta(seconds=16), attempts=3, backoff=dt.timedelta(seconds=0))


def remember(text="likes tea", username="amara"):
    return learners.remember(username=username, note=text, tags=("taste",))


def drain(terms=TERMS, steps=50):
    """Step until nothing is due; the outcomes."""
    outcomes = []
    for _ in range(steps):
        outcome = memory_uploads.step(terms)
        if outcome is None:
            return outcomes
        outcomes.append(outcome)
    raise AssertionError("it does not come to an end")


def stored(provider):
    """The ids of the files in the vector stores."""
    return sorted(file for files in provider.stores.values() for file in files)


def killed_worker():
    """What a worker leaves behind that is killed: a lease that has run out, and a doubt."""
    gone = utc_now() - dt.timedelta(seconds=1)
    MemoryUpload.objects.update(lease_token="gone", lease_expires_at=gone, doubtful_until=gone, attempts=1)


# --- delivering ---------------------------------------------------------------------------------------


def test_a_note_reaches_the_vector_store(provider, settings):
    note = remember()
    assert drain() == ["stored"]

    upload = MemoryUpload.objects.get()
    [file] = provider.files.values()
    assert provider.stores[settings.AGENT_VECTOR_STORE][file["id"]]["attributes"]["note_id"] == note.note_id
    assert (upload.state, upload.remote_file_id, upload.lease_token, upload.doubtful_until) == (
        "stored",
        file["id"],
        "",
        None,
    )


def test_nothing_is_due_twice(provider):
    remember()
    drain()

    assert drain() == []
    assert len(provider.files) == 1


def test_nothing_is_sent_when_a_note_is_written(provider):
    remember()

    assert not provider.requests


def test_a_failure_is_tried_again_later(provider):
    remember()
    provider.failing, provider.status = 1.0, 429
    terms = memory_uploads.Terms(backoff=dt.timedelta(hours=1))
    assert memory_uploads.step(terms) == "failed"
    assert memory_uploads.step(terms) is None

    upload = MemoryUpload.objects.get()
    assert upload.next_attempt_at > utc_now() + dt.timedelta(minutes=59)
    assert upload.last_error == "Refused: The language model's service answered with status 429."
    assert upload.doubtful_until is None


def test_pauses_double_up_to_six_hours():
    pauses = [memory_uploads.Terms().pause(attempt).total_seconds() for attempt in (1, 2, 3, 10, 1000)]

    assert pauses == [30, 60, 120, 15360, 21600]


def test_after_the_last_attempt_it_is_given_up_until_staff_ask_again(provider):
    remember()
    provider.failing = 1.0
    assert drain() == ["failed", "failed", "dead"]
    assert drain() == []
    provider.failing = 0.0

    assert memory_uploads.requeue([MemoryUpload.objects.get().pk]) == 1
    assert drain() == ["stored"]
    assert len(provider.files) == 1


def test_only_what_was_given_up_is_queued_again(provider):
    remember()

    assert memory_uploads.requeue([MemoryUpload.objects.get().pk]) == 0


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_no_notes_fault(provider, status):
    remember()
    provider.failing, provider.status = 1.0, status

    with pytest.raises(memory_uploads.NotLetIn):
        drain()
    upload = MemoryUpload.objects.get()
    assert (upload.state, upload.attempts, upload.lease_token, upload.doubtful_until) == (
        "queued",
        0,
        "",
        None,
    )


# --- exactly once -------------------------------------------------------------------------------------


def test_a_failure_that_did_its_work_is_found_out(provider):
    """The store takes the file and answers 500: sending it again would make two."""
    remember()
    upload = MemoryUpload.objects.get()
    provider.add_file(f"memory-{upload.idempotency_key}.md", "")
    killed_worker()

    assert drain() == ["stored"]
    assert len(provider.files) == 1
    assert stored(provider) == list(provider.files)


def test_a_worker_that_was_killed_before_it_sent_anything(provider):
    remember()
    killed_worker()

    assert drain() == ["stored"]
    assert len(provider.files) == 1


def test_a_worker_that_was_killed_after_it_attached(provider, settings):
    remember()
    file = provider.add_file("memory", "")
    MemoryUpload.objects.update(remote_file_id=file["id"])
    provider.stores[settings.AGENT_VECTOR_STORE][file["id"]] = {}
    killed_worker()

    assert drain() == ["stored"]
    assert not provider.requests["POST /v1/vector_stores/ID/files"]


def test_a_lease_that_runs_is_respected(provider):
    remember()
    MemoryUpload.objects.update(lease_token="other", lease_expires_at=utc_now() + dt.timedelta(seconds=60))

    assert drain() == []


def test_a_worker_that_lost_its_lease_changes_nothing(provider):
    remember()
    lease = memory_uploads._claim(TERMS)
    assert lease is not None
    MemoryUpload.objects.update(lease_token="somebody else")

    assert memory_uploads._attempt(lease) == "abandoned"
    assert MemoryUpload.objects.get().lease_token == "somebody else"
    assert MemoryUpload.objects.get().state == "queued"


def test_a_worker_that_was_held_up_sends_nothing_any_more(provider):
    remember()
    lease = memory_uploads._claim(TERMS)
    assert lease is not None
    lease.ends -= 13

    assert memory_uploads._attempt(lease) == "abandoned"
    assert not provider.requests


def test_with_every_second_request_failing_all_arrive_once(provider):
    for number in range(20):
        remember(f"note {number}")
    provider.failing = 0.5
    terms = memory_uploads.Terms(lease=TERMS.lease, attempts=40, backoff=TERMS.backoff)
    drain(terms, steps=500)

    assert set(MemoryUpload.objects.values_list("state", flat=True)) == {"stored"}
    assert set(provider.uploads_by_name().values()) == {1}
    assert stored(provider) == sorted(provider.files)
    assert len(provider.files) == 20


# --- going back ---------------------------------------------------------------------------------------


def test_forgetting_a_learner_removes_the_copies(provider):
    remember("one")
    remember("two")
    drain()
    erasing.erase(username="amara")

    assert drain() == ["removed", "removed"]
    assert (provider.files, stored(provider)) == ({}, [])
    assert not MemoryUpload.objects.exists()


def test_what_never_left_is_forgotten_at_once(provider):
    remember()
    erasing.erase(username="amara")

    assert not MemoryUpload.objects.exists()
    assert drain() == []
    assert not provider.requests


def test_a_copy_that_may_exist_is_looked_for(provider):
    remember()
    upload = MemoryUpload.objects.get()
    killed_worker()
    provider.add_file(f"memory-{upload.idempotency_key}.md", "")
    erasing.erase(username="amara")

    assert drain() == ["removed"]
    assert not provider.files


def test_a_copy_that_is_gone_already_is_fine(provider):
    remember()
    drain()
    erasing.erase(username="amara")
    provider.files.clear()
    provider.stores.clear()

    assert drain() == ["removed"]


def erased_on_the_way():
    """The lease of an upload whose learner was erased once the note was read, and before it was sent."""
    lease = memory_uploads._claim(TERMS)
    assert lease is not None
    note = memory_uploads._note(lease.upload)
    assert note is not None
    erasing.erase(username="amara")
    memory_uploads._upload(lease, note)
    return lease


def test_a_learner_who_goes_while_the_note_is_on_its_way(provider):
    remember()
    lease = erased_on_the_way()
    assert memory_uploads._stored(lease) == "stored"

    assert drain() == ["removed"]
    assert (provider.files, stored(provider)) == ({}, [])


def test_a_learner_who_goes_during_the_last_attempt(provider):
    remember()
    MemoryUpload.objects.update(attempts=TERMS.attempts - 1)
    lease = erased_on_the_way()
    assert memory_uploads._failed(lease, Refused("it fell over", status=500)) == "failed"

    assert drain() == ["removed"]
    assert (provider.files, stored(provider)) == ({}, [])


def test_notes_beyond_the_hundred_and_fiftieth_are_withdrawn(provider):
    first = remember("the first")
    drain()
    learner = LearnerProfile.objects.get()
    MemoryRecord.objects.update(created_at=cast.NOON)
    rows = [
        MemoryRecord(learner=learner, position=n, note_id=f"n{n}", note="", created_at=utc_now())
        for n in range(1, 150)
    ]
    MemoryRecord.objects.bulk_create(rows)
    newest = remember("the newest")

    assert sorted(drain()) == ["removed", "stored"]
    assert not MemoryUpload.objects.filter(note_id=first.note_id).exists()
    assert MemoryUpload.objects.get().note_id == newest.note_id


def test_a_copy_that_may_still_arrive_is_looked_for_once_it_cannot_arrive_any_more(provider):
    note = remember()
    later = utc_now() + dt.timedelta(minutes=3)
    MemoryUpload.objects.update(doubtful_until=later, next_attempt_at=later, attempts=1)
    learner = LearnerProfile.objects.get()

    memory_uploads.withdraw(learner, [note.note_id])

    assert memory_uploads.step(TERMS) is None
    assert MemoryUpload.objects.get().next_attempt_at == later


def test_notes_that_go_by_another_door_are_withdrawn_too(provider):
    remember()
    drain()
    LearnerProfile.objects.get().delete()

    assert memory_uploads.withdraw_strays() == 1
    assert drain() == ["removed"]
    assert not provider.files


# --- queueing on request --------------------------------------------------------------------------------


def test_backfilled_notes_are_queued_on_request_only_and_once(provider):
    cast.learner(
        cast.AMARA, memory_records=[{"note_id": n, "note": n, "created_at": cast.NOON} for n in "ab"]
    )
    remember()
    assert MemoryUpload.objects.count() == 1

    assert memory_uploads.queue_missing() == 2
    assert memory_uploads.queue_missing() == 0
    assert drain() == ["stored"] * 3


def test_requeueing_is_recorded(provider):
    memory_uploads.requeue([])

    assert AuditEvent.objects.get().action == "memory.requeued"


def test_a_request_without_an_answer_may_still_take_effect_for_a_while(provider):
    remember()
    provider.delay = 1.5
    terms = memory_uploads.Terms(lease=dt.timedelta(seconds=12), backoff=dt.timedelta(0))
    assert memory_uploads.step(terms) == "failed"
    assert memory_uploads.step(terms) is None

    upload = MemoryUpload.objects.get()
    assert upload.last_error.startswith("TimedOut")
    assert upload.doubtful_until == upload.next_attempt_at
    assert upload.next_attempt_at > utc_now() + dt.timedelta(seconds=1)
