"""A run that is interrupted and resumed ends as one that is not: rows, counts, findings, unknown members, bytes."""

from __future__ import annotations

import contextlib

import pytest

from coach.legacy.reading import inputs
from coach.legacy.running.backfill import Backfill
from coach.legacy.running.retry import Stopped
from coach.legacy.running.summary import Options
from coach.tests.legacy import processes
from coach.tests.legacy.people import attachment, profile, submission

pytestmark = pytest.mark.django_db(transaction=True)


def in_pieces(stores, **options):
    """A run that is stopped after each batch, and gone on with as often as it takes; its last summary."""
    with inputs.of_stores(stores.folder, {}) as found:
        run = stores._run(found)
        while run.state != "done_with_rejects":
            backfill = Backfill(
                files=found,
                options=Options(**options),
                derive=lambda assessment, plan: None,
                run=run,
                stop=lambda: True,
            )
            with contextlib.suppress(Stopped):
                backfill.execute()
            run.refresh_from_db()
    return backfill.summary


def reported(summary):
    return (
        summary.counts,
        summary.unknown,
        summary.bytes_copied,
        summary.findings,
        summary.findings_left_out,
        summary.clean,
    )


@pytest.mark.parametrize("batch_size", [1, 2])
def test_a_resumed_run_ends_as_an_uninterrupted_one(stores, batch_size):
    inner = attachment("a1", kind="file", stored_path="absent.txt")
    del inner["username"]
    stores.write(
        profiles=[profile("amara", palette=1), profile("felix"), {"username": "bad", "goal": 7}],
        submissions={
            "gone": [submission("s1", username="gone")],
            "felix": [submission("s1", username="felix", attachments=[inner], extra=2)],
            "amara": [submission("s1")],
        },
        attachments={"felix": [attachment("a1", username="felix")], "amara": [attachment("a2")]},
    )
    whole = stores.backfill(attachment_files=stores.folder)
    expected = reported(whole), processes.kills.digests()
    assert whole.bytes_copied == {"missing_file": 1}
    processes.empty()
    assert (
        reported(in_pieces(stores, attachment_files=stores.folder, batch_size=batch_size)),
        processes.kills.digests(),
    ) == expected
