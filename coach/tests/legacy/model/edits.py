"""What clients and staff do to imported records, by the API and by the services; the model takes over what results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from coach import models
from coach.models.versions import fingerprint
from coach.services import learners, staff
from coach.tests.legacy.model import promises, stores
from coach.tests.legacy.model.comparing import expect
from coach.tests.legacy.model.inputs import Inputs
from coach.tests.legacy.model.promises import STORES, Ambiguous
from coach.tests.legacy.model.world import with_unknown


class Edits(Inputs):
    """The edits of a walk."""

    again: Any

    def edit(self) -> None:
        """What clients and staff do; the model takes over what stands there afterwards."""
        name = self.chance.choice(list(self.state.profiles) or list(stores.NAMES))
        edits = (
            self.edit_by_session,
            self.edit_by_session,
            self.edit_note,
            self.edit_submission,
            self.edit_submission,
            self.edit_link,
            self.edit_file,
            self.edit_status,
            self.edit_schedule,
            self.edit_consume,
            self.edit_goal,
            self.edit_delete_attachment,
            self.edit_delete_attachment,
            self.edit_reset,
        )
        chosen = self.chance.choice(edits)
        self.note(f"{chosen.__name__} {name}")
        chosen(name)
        self.take_over()

    def post(self, path: str, body: dict[str, Any], *, allowed: Sequence[int]) -> Any:
        answer = self.world.client.post(path, json.dumps(body), content_type="application/json")
        expect(answer.status_code in allowed, path, answer.status_code, answer.content.decode()[:500])
        return answer

    def edit_by_session(self, name: str) -> None:
        metadata = {
            "username": name if self.chance.random() < 0.9 else self.chance.choice(stores.NAMES),
            "knowledge_tags": [f"tag {self.chance.randrange(100)}"],
            "elo": {"a": self.chance.randrange(2000)},
        }
        self.post("/api/session/chat", {"message": "hello", "metadata": metadata}, allowed=(200, 502, 503))

    def edit_note(self, name: str) -> None:
        learners.remember(username=name, note=f"remember {self.chance.random()}", tags=["new"])

    def edit_submission(self, name: str) -> None:
        row = self.state.profiles.get(name)
        assessment = row.document["onboarding_assessment"] if row else None
        tasks = [task["task_id"] for task in assessment["tasks"]] if assessment else ["none"]
        responses = [
            {"task_id": task, "response": "an answer of mine"}
            for task in dict.fromkeys(tasks)
            if task.strip()
        ]
        url = f"/api/onboarding/{name}/assessment/submissions"
        self.post(url, {"responses": responses}, allowed=(201, 404, 409, 422))

    def edit_link(self, name: str) -> None:
        url = f"/api/onboarding/{name}/assessment/attachments/links"
        self.post(url, {"url": "https://example.org/here"}, allowed=(201, 404))

    def edit_file(self, name: str) -> None:
        from django.core.files.uploadedfile import SimpleUploadedFile

        url = f"/api/onboarding/{name}/assessment/attachments/files"
        answer = self.world.client.post(url, {"file": SimpleUploadedFile("here.txt", b"uploaded here")})
        expect(answer.status_code in (201, 404), answer.status_code)

    def edit_status(self, name: str) -> None:
        status = self.chance.choice(("pending", "in_progress", "completed"))
        self.post(f"/api/onboarding/{name}/assessment/status", {"status": status}, allowed=(200, 404))

    def edit_schedule(self, name: str) -> None:
        answer = self.world.client.get(f"/api/profile/{name}/schedule?refresh=true")
        expect(answer.status_code in (200, 400, 404), answer.status_code)

    def edit_consume(self, name: str) -> None:
        try:
            staff.consume(user=self.world.user, username=name)
        except (staff.NothingToJoin, learners.LearnerNotFound):
            return

    def edit_goal(self, name: str) -> None:
        if name in self.state.profiles:
            changes = {"goal": f"a goal of staff's {self.chance.random()}"}
            learner = models.LearnerProfile.objects.get(username=name)
            seen = {name: fingerprint(getattr(learner, name)) for name in changes}
            staff.edit_learner(user=self.world.user, username=name, changes=changes, seen=seen)

    def edit_delete_attachment(self, name: str) -> None:
        rows = models.AttachmentMetadata.objects.filter(learner__username=name).order_by("id")
        ids = list(rows.values_list("attachment_id", flat=True))
        if ids:
            key = self.chance.choice(ids)
            if "/" in key:
                raise Ambiguous("no such route")
            answer = self.world.client.delete(f"/api/onboarding/{name}/assessment/attachments/{key}")
            expect(answer.status_code == 204, answer.status_code)
            if (name, key) in self.state.used:
                # Deleted here, and used here: the promises do not say which of the two counts.
                self.writer.remove("attachments", key)
                self.again = None

    def edit_reset(self, name: str) -> None:
        if self.chance.random() < 0.5:
            self.post("/api/developer/reset", {"username": name}, allowed=(204,))
            self.state.used = {pair: base for pair, base in self.state.used.items() if pair[0] != name}
            self.state.erased |= {name} & self.state.profiles.keys()

    def take_over(self) -> None:
        found = self.world.documents()
        for store in STORES:
            rows, fresh = self.state.rows(store), found[store]
            if store == "attachments":
                gone = {(row.owner, key): row.base for key, row in rows.items() if key not in fresh}
                for owner, document in found["submissions"].values():
                    for attachment in document["attachments"]:
                        pair = (owner, attachment["attachment_id"])
                        if pair in gone:
                            self.state.used[pair] = gone[pair]
            for key in [key for key in rows if key not in fresh]:
                del rows[key]
            for key, (owner, document) in fresh.items():
                if key in rows:
                    rows[key].document = with_unknown(document, rows[key].document)
                else:
                    rows[key] = promises.Row(owner, document)
        # Whoever begins again here is a new learner.
        self.state.erased -= found["profiles"].keys()
        self.state.stored = self.world.stored()
