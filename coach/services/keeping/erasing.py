"""Erasing learners: all that belongs to one, every copy of it, and every mention of the name.

What must stay (audit events, history entries, runs) shows an opaque id in place of the name. A tombstone keeps imports from
bringing the learner back.
"""

import functools
import json
import re
import secrets
from collections.abc import Iterable

from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Q

from coach.documents import usernames
from coach.documents.base import utc_now
from coach.models import (
    ApiToken,
    AuditEvent,
    BackfillFinding,
    BackfillRun,
    ChatFile,
    ChatThread,
    ErasedLearner,
    ExportRun,
    IdempotencyKey,
    LearnerProfile,
    SessionAttachment,
)
from coach.models.erasures import digest
from coach.services import audit, memory_uploads
from coach.services.chat import files
from coach.services.keeping import staged_files, stored_bytes
from coach.services.operations import callers, retries


def erase(*, username: str, unknown_too: bool = False) -> str | None:
    """Remove a learner with everything that belongs to them; the opaque id that replaces the name.

    An unknown name is no error, and answers None. With `unknown_too` what still mentions such a name is erased all the
    same, and imports are kept from making the learner. `username` may be in any spelling. Raises callers.OutOfScope, and
    usernames.UnusableUsername for a blank one.
    """
    name = _present(username)
    callers.check_learner(name)
    with transaction.atomic():
        learner = LearnerProfile.objects.select_for_update().named(name).first()
        if learner is None and not unknown_too:
            return None
        alias = f"erased-{secrets.token_hex(6)}"
        rejected = _forget_findings(name)
        _forget_chats(name, learner)
        _replace_name(name, alias)
        _bury(name, _forget_records(learner) if learner else set())
        audit.record("learner.forgotten", None, username=alias)
    # What is left of these when the process dies now, `manage.py maintain` removes.
    retries.once_committed(functools.partial(_remove_outside, name, rejected))
    return alias


def _remove_outside(name: str, rejected: list[tuple[int, str, int]]) -> None:
    staged_files.drop_rejects(rejected)
    _drop_exports()
    remove_bytes(ErasedLearner.objects.filter(pk=digest(name)))


def _drop_exports() -> None:
    """Remove the exports that lie here, any of which may hold the learner; those at work end without a file."""
    ExportRun.objects.filter(state__in=ExportRun.UNFINISHED).update(cancelled_by="an erasure")
    staged_files.drop_exports()
    ExportRun.objects.exclude(file="").update(
        file="", error="The file was removed with an erased learner's data."
    )


def remove_bytes(rows: Iterable[ErasedLearner]) -> None:
    """Remove the stored bytes of erased learners; those that the storage does not remove now stay listed."""
    for row in rows:
        # Of a learner who was erased again meanwhile, the list is another one.
        left = stored_bytes.release(row.path_list or ())
        ErasedLearner.objects.filter(pk=row.pk, erased_at=row.erased_at).update(
            paths=json.dumps(left) if left else None
        )


def _present(username: str) -> str:
    """The normal form of a username; a learner who is there can be removed even if nobody could be called that today."""
    name = usernames.folded(username)
    return name if LearnerProfile.objects.named(name).exists() else usernames.normalise(username)


def _forget_records(learner: LearnerProfile) -> set[str]:
    """Delete a (locked) learner; the paths of the bytes that go with them."""
    kept = (learner.attachments, learner.versions)
    paths = {path for rows in kept for path in rows.values_list("stored_path", flat=True) if path}
    memory_uploads.forget(learner)
    learner.delete()
    return paths


def _forget_chats(name: str, learner: LearnerProfile | None) -> None:
    """Delete what a learner said and uploaded in chats, and the tokens that were for this learner alone."""
    tokens = ApiToken.objects.filter(learner=name)
    owned = Q(owner__in=list(tokens.values_list("name", flat=True)))
    if learner:
        owned |= Q(learner=learner)
    uploads = ChatFile.objects.filter(owned)
    _forget_answers([name, *uploads.values_list("file_id", flat=True)])
    files.forget(uploads)
    ChatThread.objects.filter(owned).delete()
    SessionAttachment.objects.filter(owned).delete()
    tokens.delete()


def _forget_answers(names: Iterable[str]) -> None:
    """Delete answers to requests that named no learner: those that show one of these names or ids, and refusals, which
    may quote anybody's words. Repeating a refused request does no harm."""
    IdempotencyKey.objects.filter(learner=None, status__gte=400).delete()
    shown = [json.dumps(name, ensure_ascii=False).encode() for name in names]
    answers = IdempotencyKey.objects.filter(learner=None).values_list("pk", "body").iterator(chunk_size=100)
    found = [pk for pk, body in answers if any(text in bytes(body) for text in shown)]
    IdempotencyKey.objects.filter(pk__in=found).delete()


def _forget_findings(name: str) -> list[tuple[int, str, int]]:
    """Delete what imports found in a learner's records; of each its run, store and number there."""
    nobodys = BackfillFinding.objects.filter(username="").values_list("pk", "place", "record")
    is_named = _mention(name).search
    named = [
        pk
        for pk, *texts in nobodys.iterator(chunk_size=100)
        if any(is_named(usernames.folded(text)) for text in texts if text)
    ]
    rows = BackfillFinding.objects.filter(Q(username=name) | Q(natural_key=name) | Q(pk__in=named))
    found = list(rows.values_list("run_id", "store", "ordinal"))
    rows.delete()
    return found


def _mention(name: str) -> re.Pattern[str]:
    """The name as a whole text of a (folded) record, or as the owner in its place (`$.amara[3]`)."""
    spelled = "|".join(re.escape(json.dumps(name, ensure_ascii=ascii_)[1:-1]) for ascii_ in (True, False))
    return re.compile(rf'(?:"\s*|\$\.)(?:{spelled})(?:\s*"|(?=[.\[]|$))')


def _replace_name(name: str, alias: str) -> None:
    # A legacy store chooses its ids itself: of what was done, only the kind stays.
    AuditEvent.objects.filter(username=name).update(username=alias, detail="{}")
    LogEntry.objects.filter(object_repr=name[:200], content_type__model="learnerprofile").update(
        object_repr=alias, change_message=""
    )
    for pk, text in BackfillRun.objects.values_list("pk", "options"):
        options = json.loads(text)
        if name in options.get("username", ()):
            options["username"] = [alias if word == name else word for word in options["username"]]
            BackfillRun.objects.filter(pk=pk).update(options=json.dumps(options))


def _bury(name: str, paths: set[str]) -> None:
    row, _ = ErasedLearner.objects.select_for_update().get_or_create(pk=digest(name))
    row.erased_at, row.restored_at = utc_now(), None
    if waiting := paths.union(row.path_list or ()):
        row.path_list = sorted(waiting)
    row.save()
