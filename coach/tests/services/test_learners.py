import pytest

from coach.documents import usernames
from coach.models import AuditEvent, LearnerProfile, MemoryRecord
from coach.services import learners
from coach.tests import cast

pytestmark = pytest.mark.django_db


def tell(**metadata):
    return learners.update_from_metadata(username=" AMARA ", metadata=metadata, session_id="from-request")


def test_somebody_new_is_made():
    tell(goal=" Learn SQL. ")

    learner = LearnerProfile.objects.get()
    assert (learner.username, learner.goal, learner.sessions) == ("amara", "Learn SQL.", ["from-request"])


def test_what_is_of_the_wrong_kind_is_ignored():
    cast.learner(cast.AMARA)

    tell(goal=5, use_case="  ", strengths=None, timezone="Moon/Base", knowledge_tags="text", elo=[1])

    learner = LearnerProfile.objects.get()
    assert learner.goal == cast.AMARA["goal"]
    assert learner.timezone == "Europe/Berlin"
    assert learner.ratings == {"sql-reading": 1180}


def test_ratings_are_cut_to_whole_numbers_and_keep_their_places():
    cast.learner(cast.AMARA)

    tell(
        elo={
            "new": 1044.7,
            "sql-reading": True,
            "text": "9",
            "huge": 1e300,
            "none": None,
            "nan": float("nan"),
        }
    )

    assert list(LearnerProfile.objects.get().ratings.items()) == [("sql-reading", 1), ("new", 1044)]


def test_tags_are_merged_by_lower_case():
    cast.learner(cast.AMARA, knowledge_tags=["Ear", "Pace"])

    tell(knowledge_tags=["EAR", " harmony ", "", 5])

    assert LearnerProfile.objects.get().tags == ["EAR", "Pace", "harmony"]


def test_the_last_ten_sessions_are_kept_and_a_known_one_stays_in_its_place():
    cast.learner(cast.AMARA, recent_sessions=[f"s{number}" for number in range(12)])

    tell(session_id="s3")
    assert len(LearnerProfile.objects.get().sessions) == 12

    tell(session_id="new")
    assert LearnerProfile.objects.get().sessions == [*(f"s{number}" for number in range(3, 12)), "new"]


def test_nothing_told_changes_nothing():
    cast.learner(cast.AMARA, recent_sessions=["from-request"])

    tell()

    assert LearnerProfile.objects.get().last_updated == cast.NOON
    assert not AuditEvent.objects.exists()


def test_only_the_newest_150_notes_are_kept_when_one_is_added():
    notes = [
        {
            "note_id": f"n{number}",
            "note": "x",
            "created_at": f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z",
        }
        for number in range(155)
    ]
    cast.learner(cast.AMARA, memory_records=notes)

    written = learners.remember(username="amara", note="the newest", tags=[" a ", " "])

    kept = list(MemoryRecord.objects.newest_first().values_list("note_id", flat=True))
    assert len(kept) == 150
    assert kept[0] == written.note_id
    assert kept[-1] == "n6"
    assert MemoryRecord.objects.get(note_id=written.note_id).tag_list == ["a"]


def test_nobody_is_made_of_a_name_that_cannot_be_one():
    with pytest.raises(usernames.UnusableUsername):
        learners.update_from_metadata(username="a\u202eb", metadata={})

    assert not LearnerProfile.objects.exists()


def test_a_changed_plan_cannot_be_saved_without_what_is_derived_from_it():
    learner = cast.learner(cast.AMARA)

    with pytest.raises(ValueError, match="extended_assessment"):
        learner.save(update_fields={"elo_category_plan"})
