"""The sample stores and the generated ones: valid, whole, and what their manifests say. Needs no database."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from benchmarks import generate_stores
from coach.documents import schedule, usernames
from coach.documents.profile import Profile
from coach.documents.submissions import PendingAttachment, Submission

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "fixtures" / "README.md"
LEGACY = ROOT / "fixtures" / "legacy"
ATTACHMENT_FILES = LEGACY / "attachment_files"
PROFILES, SUBMISSIONS, PENDING = STORES = (
    "learner_profiles.json",
    "assessment_submissions.json",
    "assessment_attachments.json",
)
CAST = "tomasz wanjiru oskar mira devon joana baraka thảo-nguyễn henrike samuel".split()

Json = dict[str, Any]
Placed = tuple[str, BaseModel, Json]


def read(folder: Path, name: str) -> Json:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    return json.loads((folder / name).read_text(encoding="utf-8"), parse_constant=refuse)


def records(folder: Path) -> Iterator[Placed]:
    """Every record of the three stores: its place, its document, and the record itself."""
    for username, record in read(folder, PROFILES).items():
        yield f"{PROFILES} {username}", Profile.model_validate_json(json.dumps(record)), record
    for name, document in ((SUBMISSIONS, Submission), (PENDING, PendingAttachment)):
        for username, own in read(folder, name).items():
            for place, record in enumerate(own):
                yield f"{name} {username}[{place}]", document.model_validate_json(json.dumps(record)), record


def parts(place: str, document: Any, record: Any) -> Iterator[Placed]:
    """A document and all documents within it, each beside the part of the record it was made of."""
    if isinstance(document, list):
        for number, (inner, part) in enumerate(zip(document, record, strict=True)):
            yield from parts(f"{place}[{number}]", inner, part)
    if isinstance(document, BaseModel):
        yield place, document, record
        for name in type(document).model_fields:
            if name in record:
                yield from parts(f"{place}.{name}", getattr(document, name), record[name])


def all_parts(folder: Path) -> list[Placed]:
    return [part for record in records(folder) for part in parts(*record)]


def unknown_members(folder: Path) -> list[str]:
    return [
        f"{place}.{name}"
        for place, document, record in all_parts(folder)
        for name in record
        if name not in type(document).model_fields
    ]


def attachments(folder: Path) -> list[Json]:
    """Every attachment, those of submissions and those that wait."""
    used = [a for own in read(folder, SUBMISSIONS).values() for s in own for a in s.get("attachments", [])]
    return used + [a for own in read(folder, PENDING).values() for a in own]


def repeated(values: list[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]


def documents_within(document: type[BaseModel]) -> set[type[BaseModel]]:
    found = {document}
    for field in document.model_fields.values():
        for inner in (field.annotation, *get_args(field.annotation)):
            for kind in (inner, *get_args(inner)):
                if isinstance(kind, type) and issubclass(kind, BaseModel):
                    found |= documents_within(kind)
    return found


STORED = sorted(
    set().union(*(documents_within(document) for document in (Profile, Submission, PendingAttachment))),
    key=lambda document: document.__name__,
)


def ids_that_occur_twice(folder: Path) -> list[str]:
    submissions = [s["submission_id"] for own in read(folder, SUBMISSIONS).values() for s in own]
    twice = repeated(submissions) + repeated([a["attachment_id"] for a in attachments(folder)])
    for profile in read(folder, PROFILES).values():
        items = (profile.get("curriculum_schedule") or {}).get("items", [])
        twice += repeated([note["note_id"] for note in profile.get("memory_records", [])])
        twice += repeated([item["item_id"] for item in items])
    return twice


def faults_of_manifest(folder: Path) -> list[str]:
    """What the manifest of a folder says wrongly, leaves out, or has too many."""
    declared = read(folder, "manifest.json")["files"]
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    files.pop("manifest.json")
    faults = [f"{name}: only on one side" for name in declared.keys() ^ files.keys()]
    for name in declared.keys() & files.keys():
        content = files[name].read_bytes()
        expected = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        if name in STORES:
            expected["records"] = sum(
                len(v) if isinstance(v, list) else 1 for v in json.loads(content).values()
            )
        if declared[name] != expected:
            faults.append(f"{name}: {declared[name]} instead of {expected}")
    return faults


# --- the sample stores ------------------------------------------------------------------------------------


def test_the_cast_is_complete_and_described_in_the_readme():
    assert list(read(LEGACY, PROFILES)) == CAST
    assert re.findall(r"^\| `(.+?)` \|", README.read_text(encoding="utf-8"), flags=re.MULTILINE) == CAST


def test_every_sample_record_is_valid_and_has_no_unknown_member():
    assert unknown_members(LEGACY) == []


def test_an_unknown_member_would_be_found_at_any_depth(tmp_path):
    shutil.copytree(LEGACY, tmp_path, dirs_exist_ok=True)
    profiles = read(LEGACY, PROFILES)
    profiles["devon"]["onboarding_assessment"]["sections"][1]["tasks"][0]["colour"] = "red"
    (tmp_path / PROFILES).write_text(json.dumps(profiles), encoding="utf-8")
    assert unknown_members(tmp_path) == [
        f"{PROFILES} devon.onboarding_assessment.sections[1].tasks[0].colour"
    ]


@pytest.fixture(scope="module")
def samples():
    return all_parts(LEGACY)


# The sample stores are older than progress.
NOT_IN_OLD_STORES = {"launch_status", "last_launched_at", "last_completed_at", "active_session_id"}


@pytest.mark.parametrize("document", STORED, ids=lambda document: document.__name__)
def test_every_member_of_every_stored_shape_is_filled_in_somewhere(document, samples):
    filled = {
        name
        for _, part, record in samples
        if type(part) is document
        for name, value in record.items()
        if value not in (None, "", [], {})
    }
    assert filled == set(document.model_fields) - NOT_IN_OLD_STORES


@pytest.mark.parametrize("document", STORED, ids=lambda document: document.__name__)
def test_every_word_of_every_choice_occurs_somewhere(document, samples):
    for name, field in document.model_fields.items():
        if get_origin(field.annotation) is Literal and name not in NOT_IN_OLD_STORES:
            words = {getattr(part, name) for _, part, _ in samples if type(part) is document}
            assert words == set(get_args(field.annotation)), name


def test_every_stored_path_leads_to_bytes_of_the_stated_size():
    for attachment in attachments(LEGACY):
        if attachment.get("stored_path"):
            file = (ATTACHMENT_FILES / attachment["stored_path"]).resolve()
            assert file.is_relative_to(ATTACHMENT_FILES), attachment["stored_path"]
            assert file.stat().st_size == attachment["size_bytes"], attachment["stored_path"]


def test_every_attachment_file_belongs_to_one_attachment_and_is_small():
    files = [path for path in ATTACHMENT_FILES.rglob("*") if path.is_file()]
    paths = [attachment["stored_path"] for attachment in attachments(LEGACY) if attachment.get("stored_path")]
    assert sorted(paths) == sorted(path.relative_to(ATTACHMENT_FILES).as_posix() for path in files)
    assert {path.suffix for path in files} == {".txt", ".md", ".png", ".pdf", ".py"}
    assert all(0 < path.stat().st_size < 20_000 for path in files)


def test_the_manifest_of_the_samples_is_right():
    assert faults_of_manifest(LEGACY) == []


def test_the_command_of_the_readme_makes_the_manifest(tmp_path):
    shutil.copytree(LEGACY, tmp_path / "fixtures" / "legacy")
    made = tmp_path / "fixtures" / "legacy" / "manifest.json"
    made.unlink()
    command = next(
        line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("python -c")
    )
    subprocess.run([sys.executable, *shlex.split(command)[1:]], cwd=tmp_path, check=True)
    assert made.read_bytes() == (LEGACY / "manifest.json").read_bytes()


@pytest.mark.parametrize("name", STORES)
def test_a_store_is_laid_out_so_that_changes_can_be_read(name):
    content = (LEGACY / name).read_text(encoding="utf-8")
    assert content == json.dumps(json.loads(content), indent=1, ensure_ascii=False) + "\n"


def test_every_record_stands_under_its_own_normal_username():
    assert [usernames.normalise(username) for username in CAST] == CAST
    for username, profile in read(LEGACY, PROFILES).items():
        assert profile["username"] == username
    for name in (SUBMISSIONS, PENDING):
        for username, own in read(LEGACY, name).items():
            assert username in CAST
            assert {record["username"] for record in own} == {username}


def test_no_id_of_the_samples_occurs_twice():
    assert ids_that_occur_twice(LEGACY) == []


def test_gradings_belong_to_their_submission_and_results_to_the_latest_one():
    graded = {}
    for username, own in read(LEGACY, SUBMISSIONS).items():
        for submission in own:
            if submission["grading"]:
                assert submission["grading"]["submission_id"] == submission["submission_id"]
                graded[username] = submission["grading"]
    results = {u: p.get("onboarding_assessment_result") for u, p in read(LEGACY, PROFILES).items()}
    assert {username: result for username, result in results.items() if result} == graded


def test_the_learners_are_at_the_stages_the_readme_names():
    profiles = {
        username: Profile.model_validate(record) for username, record in read(LEGACY, PROFILES).items()
    }
    assert set(read(LEGACY, PROFILES)["tomasz"]) == {"username", "goal"}
    assert profiles["wanjiru"].goal_inference
    assert profiles["wanjiru"].elo_category_plan is None
    assert profiles["oskar"].onboarding_assessment.status == "pending"
    assert profiles["mira"].onboarding_assessment.status == "in_progress"
    assert len(read(LEGACY, PENDING)["mira"]) == 5
    items = profiles["devon"].curriculum_schedule.items
    moved = {item.item_id: item.recommended_day_offset for item in items if item.user_adjusted}
    assert 20 <= len(items) <= 45
    assert moved == profiles["devon"].schedule_adjustments
    assert len(moved) == 2
    assert len(profiles["joana"].memory_records) == 60
    assert len(read(LEGACY, SUBMISSIONS)["joana"]) == 14
    assert schedule.known_zone(profiles["baraka"].timezone) is None
    assert read(LEGACY, SUBMISSIONS)["thảo-nguyễn"][0]["grading"] is None
    assert profiles["henrike"].curriculum_schedule.is_stale
    assert len(profiles["henrike"].curriculum_schedule.warnings) == 3
    assert profiles["henrike"].elo_snapshot == {}
    assert max(note.created_at.year for note in profiles["samuel"].memory_records) == 2026
    assert profiles["samuel"].curriculum_schedule.generated_at.year == 2025


def test_ratings_do_not_stand_in_alphabetical_order():
    for username in ("oskar", "devon", "joana", "samuel"):
        order = list(read(LEGACY, PROFILES)[username]["elo_snapshot"])
        assert order != sorted(order), username


# --- generated stores -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated")
    generate_stores.generate(learners=20, out=folder, seed=7)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_generated_records_are_valid_and_have_no_unknown_member(generated):
    assert unknown_members(generated) == []
    assert ids_that_occur_twice(generated) == []
    assert faults_of_manifest(generated) == []


def test_a_generated_store_holds_as_many_records_as_were_asked_for(generated):
    assert list(read(generated, PROFILES)) == [f"learner-{number:06d}" for number in range(1, 21)]
    assert {len(own) for own in read(generated, SUBMISSIONS).values()} == {3}
    assert list(read(generated, PENDING)) == [f"learner-{number:06d}" for number in (5, 10, 15, 20)]


def test_generated_learners_have_the_size_of_real_ones(generated):
    for record in read(generated, PROFILES).values():
        profile = Profile.model_validate(record)
        assert len(profile.curriculum_schedule.items) == 45
        assert 55 <= len(profile.memory_records) <= 65
        assert 4 <= len(profile.elo_category_plan.categories) <= 9
        assert len(profile.curriculum_plan.modules) <= 14
    declared = read(generated, "manifest.json")["files"]
    assert 45_000 < declared[PROFILES]["size"] / 20 < 60_000
    assert 20_000 < declared[SUBMISSIONS]["size"] / 20 < 27_000


def test_a_seed_always_gives_the_same_stores(generated, tmp_path):
    generate_stores.generate(learners=20, out=tmp_path / "again", seed=7)
    generate_stores.generate(learners=20, out=tmp_path / "other", seed=8)
    assert contents(tmp_path / "again") == contents(generated)
    assert contents(tmp_path / "other")[PROFILES] != contents(generated)[PROFILES]


def test_more_learners_leave_the_first_ones_as_they_were(generated, tmp_path):
    generate_stores.generate(learners=3, out=tmp_path, seed=7)
    first = list(read(generated, PROFILES).items())[:3]
    assert list(read(tmp_path, PROFILES).items()) == first


def test_the_generator_runs_from_the_command_line(tmp_path, capsys):
    arguments = ["--learners", "2", "--out", str(tmp_path), "--submissions-per-learner", "0"]
    assert generate_stores.main(arguments) == 0
    assert "learner_profiles.json: 2 records" in capsys.readouterr().out
    assert faults_of_manifest(tmp_path) == []
    assert unknown_members(tmp_path) == []
