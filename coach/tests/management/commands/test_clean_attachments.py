import io

import pytest
from django.core.management import CommandError, call_command

from coach import attachments as storage
from coach.documents.submissions import PendingAttachment
from coach.tests import cast

pytestmark = pytest.mark.django_db


def clean(*arguments):
    out = io.StringIO()
    call_command("clean_attachments", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def orphan():
    return storage.upload([b"left behind"], limit=100).path


@pytest.fixture
def kept():
    stored = storage.upload([b"kept"], limit=100)
    document = PendingAttachment(
        attachment_id="a",
        username="amara",
        kind="file",
        name="n",
        stored_path=stored.path,
        created_at=cast.NOON,
    )
    cast.attach(cast.learner(cast.AMARA), document)
    return stored.path


def test_orphans_are_removed_and_what_a_row_refers_to_is_kept(orphan, kept):
    assert orphan in clean("--older-than", "0")

    assert not storage.exists(orphan)
    assert storage.exists(kept)


def test_a_dry_run_names_and_removes_nothing(orphan):
    assert orphan in clean("--older-than", "0", "--dry-run")

    assert storage.exists(orphan)


def test_young_bytes_may_belong_to_a_running_upload(orphan):
    assert orphan not in clean()

    assert storage.exists(orphan)


def test_a_negative_age_is_refused():
    with pytest.raises(CommandError, match="0 or more"):
        clean("--older-than", "-1")
