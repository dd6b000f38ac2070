"""The model on examples that can be followed with a finger: it must be right before anything is compared with it."""

from __future__ import annotations

from coach.tests.legacy.model import fields, promises, stores
from coach.tests.legacy.model.fields import NOW, Pairs
from coach.tests.legacy.model.promises import Item, State, run, verify


def profile(name="mira", **members):
    return Item(
        "profiles", (name,), None, {"username": name, "last_updated": "2025-01-01T00:00:00Z", **members}
    )


def submission(owner, key, *attached, **members):
    record = {"submission_id": key, "username": owner, "submitted_at": "2025-01-01T00:00:00Z", **members}
    attachments = [
        {"attachment_id": name, "name": name, "created_at": "2025-01-01T00:00:00Z"} for name in attached
    ]
    return Item("submissions", (owner, 0), owner, record | {"attachments": attachments})


def pending(owner, key, **members):
    record = {"attachment_id": key, "username": owner, "kind": "note", "name": key}
    return Item("attachments", (owner, 0), owner, record | {"created_at": "2025-01-01T00:00:00Z"} | members)


def outcomes(result):
    return ["/".join(sorted(verdict.outcomes)) for verdict in result.verdicts]


def edited(state, name="mira", **members):
    state.profiles[name].document = {**state.profiles[name].document, **members}
    return state


def imported(*items):
    return run(State(), items).state


def test_the_five_lines_of_the_table():
    there = imported(profile(goal="1"))
    assert outcomes(run(State(), [profile(goal="1")])) == ["created"]
    assert outcomes(run(there, [profile(goal="1")])) == ["unchanged"]
    assert outcomes(run(there, [profile(goal="2")])) == ["updated"]
    here = edited(there, goal="here")
    assert outcomes(run(here, [profile(goal="1")])) == ["kept"]
    assert outcomes(run(here, [profile(goal="2")])) == ["conflict"]
    assert outcomes(run(here, [profile(goal="2")], on_conflict="overwrite")) == ["updated"]


def test_a_decided_conflict_stays_decided():
    here = edited(imported(profile(goal="1")), goal="here")
    kept = run(here, [profile(goal="2")], on_conflict="keep").state
    assert outcomes(run(kept, [profile(goal="2")])) == ["kept"]
    assert outcomes(run(kept, [profile(goal="3")])) == ["conflict"]


def test_what_both_sides_say_is_the_new_base():
    here = edited(imported(profile(goal="1")), goal="2")
    agreed = run(here, [profile(goal="2")]).state
    assert outcomes(run(agreed, [profile(goal="3")])) == ["updated"]


def test_a_row_that_was_never_imported_conflicts_unless_it_says_the_same():
    state = State(
        profiles={"mira": promises.Row("mira", imported(profile(goal="1")).profiles["mira"].document)}
    )
    assert outcomes(run(state, [profile(goal="1")])) == ["unchanged"]
    assert outcomes(run(state, [profile(goal="2")])) == ["conflict"]


def test_of_equal_keys_the_first_that_can_be_imported_counts():
    found = run(
        State(), [profile(), submission("gone", "s1"), submission("mira", "s1"), submission("mira", "s1")]
    )
    assert outcomes(found) == ["created", "rejected", "created", "rejected"]
    assert [verdict.codes for verdict in found.rejects()] == [{"unknown_learner"}, {"repeated_in_input"}]


def test_an_id_of_another_learner_is_rejected_and_named_by_verification():
    there = imported(profile("mira"), profile("joanna"), submission("mira", "s1"))
    assert run(there, [submission("joanna", "s1")]).rejects()[0].codes == {"other_learner"}
    assert verify(there, [submission("joanna", "s1")]) == ({4}, {"s1"})


def test_what_a_submission_holds_is_not_pending():
    there = imported(profile(), pending("mira", "a1"))
    after = run(there, [submission("mira", "s1", "a1"), pending("mira", "a1")])
    assert outcomes(after) == ["created", "kept/unchanged"]
    assert not after.state.attachments


def test_what_was_used_here_is_never_made_pending_again():
    there = imported(profile())
    there.used["mira", "a1"] = None
    after = run(there, [pending("mira", "a1", description="new")], on_conflict="overwrite")
    assert outcomes(after) == ["kept/unchanged"]
    assert not after.state.attachments


def test_a_time_that_is_not_said_is_any_time():
    decoded = fields.decode("profile", {"username": " MIRA "})
    assert decoded["username"] == "mira"
    assert decoded["last_updated"] is NOW
    assert outcomes(run(imported(profile()), [Item("profiles", (0,), None, {"username": "mira"})])) == [
        "unchanged"
    ]


def test_every_kind_of_bad_record_has_its_reason():
    deep = 1
    for _ in range(70):
        deep = [deep]
    for value, code in (
        (7, "not_an_object"),
        ({"username": "a", "goal": 3}, "invalid"),
        ({"username": "a", "elo_snapshot": {"a": 1.5}}, "invalid"),
        ({"username": "a", "x": "\0"}, "nul_character"),
        ({"username": "a", "x": float("nan")}, "not_json"),
        ({"username": "a", "x": deep}, "too_deep"),
        (Pairs([("username", "a"), ("username", "a")]), "repeated_key"),
        ({"username": "a", "memory_records": [{"note_id": "n", "note": ""}] * 2}, "repeated_note"),
        ({"username": " "}, "unusable_username"),
    ):
        assert code in run(State(), [Item("profiles", (0,), None, value)]).rejects()[0].codes


def test_what_is_spelled_is_read_again():
    import random

    for seed in range(50):
        chance = random.Random(seed)
        content = stores.Writer(chance).stores(bad=5)
        for value in content.values():
            assert repr(stores.read(stores.spell(value, chance))) == repr(
                stores.read(stores.spell(value, chance))
            )
