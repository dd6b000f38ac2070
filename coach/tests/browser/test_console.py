"""A day at the console, in a real browser: no console error, no violation of the content security policy."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from coach.models import BackfillFinding, BackfillRun, LearnerProfile
from coach.services.operations import tokens
from coach.tests import cast
from coach.tests.legacy import people as records

pytestmark = pytest.mark.django_db(transaction=True)


def store(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def send(page: Page, path: Path) -> None:
    page.set_input_files("#id_import_file", path)
    page.click("text=Check the file")


def number(page: Page, outcome: str) -> str:
    return page.locator(f".outcome-{outcome} strong").inner_text()


def test_staff_find_a_learner_read_the_page_and_follow_its_links(console, amara):
    page = console.log_in("viewer")
    page.get_by_role("link", name="Learners", exact=True).click()
    page.fill("#searchbar", "query plan")
    page.click("input[value=Search]")
    page.click("#result_list >> text=amara")
    expect(page.locator("h1")).to_have_text("amara")
    expect(page.locator("#content")).to_contain_text("Read any query plan.")
    expect(page.locator("svg.workload")).to_be_visible()
    page.click("text=sub-graded >> nth=0")
    expect(page.locator("#content")).to_contain_text("Well reasoned.")
    page.click(".facts >> text=amara")
    with page.expect_download() as download:
        page.click("text=download >> nth=0")
    assert Path(download.value.path()).read_bytes() == b"print"
    page.click("text=Elo category plan")
    expect(page.locator("#content")).to_contain_text("SQL Reading")


def test_operators_import_a_store_read_the_run_mend_the_rejects_and_import_them(console, db, tmp_path):
    page = console.log_in("operator")
    first = {name: records.profile(name) for name in ("amara", "felix")}
    page.click("text=Import profiles")
    send(page, store(tmp_path, "first.json", first))
    assert number(page, "created") == "2"
    page.click("text=Confirm import")
    expect(page.locator(".messagelist")).to_contain_text("The store was imported.")

    row = LearnerProfile.objects.get(username="felix")
    row.goal = "Changed here."
    row.save()
    second = {
        "amara": records.profile("amara", goal="New in the store."),
        "felix": records.profile("felix", goal="Changed there."),
        "nadia": records.profile("nadia"),
        "bad": {"username": "bad", "goal": 5},
    }
    console.open("/admin/coach/learnerprofile/import/")
    send(page, store(tmp_path, "second.json", second))
    assert [number(page, name) for name in ("created", "updated", "conflict", "rejected")] == [
        "1",
        "1",
        "1",
        "1",
    ]
    expect(page.locator(".preview")).to_contain_text("→ 'New in the store.'")
    assert not LearnerProfile.objects.filter(username="nadia").exists()
    page.click("text=Confirm import")
    expect(page.locator(".messagelist")).to_contain_text("some records were rejected or are in conflict")
    assert LearnerProfile.objects.get(username="felix").goal == "Changed here."
    expect(page.locator("#content")).to_contain_text("$.goal: Input should be a valid string")

    with page.expect_download() as download:
        page.click("text=Download the rejects")
    mended = tmp_path / "mended.jsonl"
    text = Path(download.value.path()).read_text(encoding="utf-8")
    mended.write_text(text.replace('"goal": 5', '"goal": "Mended."'), encoding="utf-8")
    console.open("/admin/coach/learnerprofile/import/")
    send(page, mended)
    assert number(page, "created") == "1"
    page.click("text=Confirm import")
    assert LearnerProfile.objects.get(username="bad").goal == "Mended."
    assert BackfillRun.objects.count() == 3


def test_coaches_change_a_document_with_a_mistake_and_mend_it(console, amara):
    page = console.log_in("coach")
    console.open(f"/admin/coach/learnerprofile/{amara.pk}/documents/elo_category_plan/")
    text = page.input_value("textarea[name=elo_category_plan]")
    page.fill("textarea[name=elo_category_plan]", re.sub(r'"weight": 1.0', '"weight": -3', text))
    page.click("input[value=Save]")
    expect(page.locator(".errorlist")).to_contain_text("$.categories[0].weight")
    expect(page.locator(".is-fault")).to_contain_text('"weight": -3')
    expect(page.locator("textarea[name=elo_category_plan]")).to_be_focused()
    page.fill("textarea[name=elo_category_plan]", re.sub(r'"weight": 1.0', '"weight": 3', text))
    page.click("input[value=Save]")
    expect(page.locator(".messagelist")).to_contain_text("was saved")
    assert LearnerProfile.objects.get(pk=amara.pk).plan.categories[0].weight == 3


def test_coaches_edit_a_profile_with_the_keyboard_alone(console, amara):
    page = console.log_in("coach")
    console.open(f"/admin/coach/learnerprofile/{amara.pk}/")
    page.locator("text=Edit profile").focus()
    page.keyboard.press("Enter")
    page.locator("#id_goal").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("Tune slow queries.")
    page.keyboard.press("Tab")
    page.locator("input[name=_save]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_contain_text("Tune slow queries.")
    expect(page.locator(".timeline")).to_contain_text(f"$.goal: {amara.goal!r} → 'Tune slow queries.'")


@pytest.mark.parametrize(
    ("role", "seen", "unseen"),
    [
        ("viewer", [], ["Edit profile", "Regenerate schedule", "Export as a legacy store"]),
        ("coach", ["Edit profile", "Regenerate schedule"], ["Export as a legacy store"]),
        ("operator", ["Export as a legacy store"], ["Edit profile", "Regenerate schedule"]),
    ],
)
def test_each_role_sees_its_own_buttons(console, amara, role, seen, unseen):
    page = console.log_in(role)
    console.open(f"/admin/coach/learnerprofile/{amara.pk}/")
    tools = page.locator(".object-tools").inner_text().lower()
    assert all(words.lower() in tools for words in seen)
    assert not any(words.lower() in tools for words in unseen)


def test_a_bulk_action_asks_before_it_is_done(console, amara):
    page = console.log_in("boss")
    console.open("/admin/coach/learnerprofile/")
    page.check("#action-toggle")
    page.select_option("select[name=action]", "delete_learners")
    page.click("button:has-text('Go')")
    expect(page.locator(".count")).to_have_text("1 learner")
    page.click("text=Cancel")
    assert LearnerProfile.objects.exists()
    page.check("#action-toggle")
    page.select_option("select[name=action]", "delete_learners")
    page.click("button:has-text('Go')")
    page.click("text=Delete for good")
    expect(page.locator(".messagelist")).to_contain_text("1 learner was deleted.")
    expect(page.locator(".empty-list")).to_contain_text("No learner yet.")


def test_ids_tokens_and_documents_are_copied_with_a_button(console, amara):
    page = console.log_in("boss")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    pasted = "navigator.clipboard.readText()"
    submission = amara.submissions.first()
    console.open(f"/admin/coach/assessmentsubmission/{submission.pk}/change/")
    page.click("button.copy")
    expect(page.locator("button.copy")).to_have_text("Copied")
    assert page.evaluate(pasted) == submission.submission_id
    console.open(f"/admin/coach/learnerprofile/{amara.pk}/json/")
    page.click("button.copy")
    expect(page.locator("button.copy")).to_have_text("Copied")
    assert json.loads(page.evaluate(pasted))["username"] == "amara"
    console.open("/admin/coach/apitoken/add/")
    page.fill("#id_name", "desk")
    page.click("input[name=_save]")
    page.click("button.copy")
    expect(page.locator("button.copy")).to_have_text("Copied")
    assert tokens.identify(page.evaluate(pasted)).token == "desk"


def test_a_file_that_is_too_large_is_not_sent(console, tmp_path):
    page = console.log_in("operator")
    console.open("/admin/coach/learnerprofile/import/")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(settings.IMPORT_MAX_BYTES + 1)
    send(page, large)
    assert "64.0" in page.evaluate("document.getElementById('id_import_file').validationMessage")
    assert "POST" not in sent
    send(page, store(tmp_path, "small.json", {"amara": records.profile("amara")}))
    assert number(page, "created") == "1"


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler reads what was printed")
def test_a_learner_printed_is_the_whole_page(console, amara, tmp_path):
    """Week 2 is folded on the screen."""
    page = console.log_in("viewer")
    console.open(f"/admin/coach/learnerprofile/{amara.pk}/")
    expect(page.locator("a", has_text="i2").first).not_to_be_visible()
    printed = tmp_path / "page.pdf"
    page.pdf(path=printed, format="A4")
    text, boxes = (
        subprocess.run(["pdftotext", *how, printed, "-"], capture_output=True, check=True, text=True).stdout
        for how in (["-layout"], ["-bbox"])
    )
    whole = (
        "amara",
        "Week 2",
        "i2",
        "Result",
        "Well reasoned.",
        "about n2",
        "Stored documents",
        "What happened",
    )
    for words in whole:
        assert words in text, words
    assert "Log out" not in text
    # The text begins at the paper's margin: no column is left empty for what is not printed.
    edges = [[float(edge) for edge in re.findall(rf'{name}="([0-9.]+)"', boxes)] for name in ("xMin", "xMax")]
    assert min(edges[0]) < 60
    assert max(edges[1]) > 500
    expect(page.locator("a", has_text="i2").first).not_to_be_visible()


def test_operators_decide_a_conflict_by_path_and_mend_a_rejected_record(open_console, db, theme):
    rows = cast.learner(cast.AMARA)
    run = BackfillRun.objects.create(source="command", actor="a", version="0")
    theirs = records.profile("amara", goal="There.", use_case="There.")
    for outcome, name, record, code in (
        ("conflict", "amara", theirs, "not_imported"),
        ("rejected", "bad", {"username": "bad", "goal": 5}, "invalid"),
    ):
        BackfillFinding.objects.create(
            run=run,
            outcome=outcome,
            store="profiles",
            place=f"$.{name}",
            natural_key=name,
            username=name,
            code=code,
            record=json.dumps(record),
            errors='[{"path": "$.goal", "reason": "Input should be a valid string"}]',
        )
    page = open_console(color_scheme=theme).log_in("operator")
    page.click("text=Conflicts")
    page.click("#result_list >> text=$.amara")
    goal = page.locator("tr", has=page.get_by_text("$.goal", exact=True))
    goal.get_by_label("Take the store's").check()
    page.click("text=Apply the choice")
    expect(page.locator(".messagelist")).to_contain_text("Resolved by run")
    expect(page.locator(".facts")).to_contain_text("chosen member by member")
    row = LearnerProfile.objects.get(pk=rows.pk)
    assert (row.goal, row.use_case) == ("There.", rows.use_case)

    page.click("text=Home")
    page.click("text=Rejected records")
    page.click("#result_list >> text=$.bad")
    expect(page.locator(".is-fault")).to_contain_text('"goal": 5')
    page.click("text=Import this record")
    expect(page.locator("textarea")).to_be_focused()
    expect(page.locator("textarea")).to_have_attribute("aria-invalid", "true")
    page.fill("textarea", page.input_value("textarea").replace("5", '"Mended."'))
    page.click("text=Import this record")
    expect(page.locator(".messagelist")).to_contain_text("1 created")
    assert LearnerProfile.objects.get(username="bad").goal == "Mended."
    page.click("text=Home")
    expect(page.locator(".daily-work a", has_text="Rejected records")).to_contain_text("0")
