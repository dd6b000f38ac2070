"""Packed uploads: an export is imported as it is, and nothing unpacks to more than the limit."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import pytest
from django.test import override_settings

from coach.admin.imports import staging
from coach.admin.imports.resources import is_large
from coach.models import BackfillRun, LearnerProfile
from coach.tests.admin.conftest import token_of
from coach.tests.legacy import people

pytestmark = pytest.mark.django_db(transaction=True)
LEARNERS, SUBMISSIONS = "learnerprofile", "assessmentsubmission"


def profiles(*names):
    return json.dumps({name: people.profile(name) for name in names}).encode()


def zipped(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.json", content)
    return packed.getvalue()


def page(response):
    return response.content.decode()


def test_an_export_is_imported_as_it_is(console, amara, upload, confirm):
    address = f"/admin/coach/learnerprofile/{amara.pk}/stores/"
    archive = b"".join(console.get(address).streaming_content)
    amara.delete()
    for model, store in (
        (LEARNERS, "profiles"),
        (SUBMISSIONS, "submissions"),
        ("attachmentmetadata", "attachments"),
    ):
        confirm(console, model, upload(console, model, archive, name="arcadia-stores.zip"))
        run = BackfillRun.objects.latest("pk")
        assert (run.state, run.file_list[0]["store"]) == ("done", store)
    learner = LearnerProfile.objects.get()
    assert (learner.submissions.count(), learner.attachments.pending().count()) == (2, 5)


def test_gzip_is_unpacked(console, upload, confirm):
    confirm(
        console, LEARNERS, upload(console, LEARNERS, gzip.compress(profiles("amara")), name="store.json.gz")
    )
    assert BackfillRun.objects.get().file_list[0]["name"] == "store.json"
    assert LearnerProfile.objects.get().username == "amara"


def test_a_reject_file_may_be_packed_as_well(console, upload):
    response = upload(console, LEARNERS, gzip.compress(b"{}\n"), name="rejects-1.jsonl.gz")
    assert response.context["result"].file["store"] == "rejects"


def test_an_archive_without_the_store_says_what_it_holds(console, upload):
    response = page(upload(console, SUBMISSIONS, zipped(learner_profiles=profiles("amara")), name="a.zip"))
    assert (
        "holds no assessment_submissions.json, which this screen imports, but learner_profiles.json"
        in response
    )


@pytest.mark.parametrize("pack", [gzip.compress, lambda text: zipped(learner_profiles=text)])
def test_what_unpacks_to_too_much_is_refused(console, upload, pack):
    with override_settings(IMPORT_MAX_BYTES=1_000_000):
        response = page(upload(console, LEARNERS, pack(b" " * 2_000_000), name="bomb"))
    assert "It unpacks to more than" in response


@pytest.mark.parametrize("cut", [gzip.compress, lambda text: zipped(learner_profiles=text)])
def test_a_damaged_archive_is_refused(console, upload, cut):
    response = page(upload(console, LEARNERS, cut(profiles("amara"))[:-9], name="store"))
    assert "The archive is damaged" in response


def test_whether_an_import_is_large_is_told_by_what_it_unpacks_to(console, upload, staff):
    packed = gzip.compress(profiles(*(f"learner{number}" for number in range(50))))
    shown = upload(console, LEARNERS, packed, name="store.gz")
    staged = staging.claim(token_of(shown), user=staff("superuser"), store="profiles")
    with override_settings(BACKGROUND_IMPORT_BYTES=len(packed)):
        assert is_large(staged)
