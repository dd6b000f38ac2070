import pytest

from coach.documents.submissions import Submission
from coach.models import LearnerProfile
from coach.tests import cast

pytestmark = pytest.mark.django_db

NOTES = [
    {"note_id": f"n{number}", "note": "A note.", "created_at": f"2026-01-{number + 1:02}T00:00:00Z"}
    for number in range(20)
]
SCHEDULE = {
    "generated_at": cast.NOON,
    "items": [
        {
            "item_id": f"i{number}",
            "kind": "lesson",
            "category_key": "c",
            "title": "t",
            "recommended_day_offset": number,
        }
        for number in range(45)
    ],
}


@pytest.fixture
def full_learner():
    learner = cast.learner(cast.AMARA, memory_records=NOTES, curriculum_schedule=SCHEDULE)
    for number in range(15):
        document = Submission(submission_id=f"s{number}", username="amara", submitted_at=cast.NOON)
        cast.submission(learner, document)
    return learner


def test_a_full_profile_takes_three_queries(client, full_learner, django_assert_num_queries):
    # Learner and schedule, notes, submissions: however many there are of each.
    with django_assert_num_queries(3):
        answer = client.get("/api/profile/amara")

    assert answer.status_code == 200
    shown = answer.json()
    assert len(shown["memory_records"]) == 20
    assert len(shown["curriculum_schedule"]["items"]) == 45
    assert len(shown["assessment_submissions"]) == 12


def test_two_reads_of_a_profile_are_equal_to_the_byte(client, full_learner):
    assert client.get("/api/profile/amara").content == client.get("/api/profile/amara").content


def test_members_stand_in_the_order_of_the_contract(client, full_learner):
    assert list(client.get("/api/profile/amara").json()) == [
        "username", "goal", "use_case", "strengths", "timezone", "knowledge_tags", "recent_sessions",
        "memory_records", "skill_ratings", "memory_index_id", "last_updated", "elo_category_plan",
        "curriculum_plan", "curriculum_schedule", "onboarding_assessment", "onboarding_assessment_result",
        "goal_inference", "foundation_tracks", "assessment_submissions",
    ]  # fmt: skip


def test_a_learner_whose_assessment_was_not_extended_yet_reads_the_same(client, full_learner):
    from coach.services import assessments

    not_derived = client.get("/api/profile/amara").json()
    learner = LearnerProfile.objects.get()
    assert learner.extended_assessment is None

    assessments.derive(learner)
    learner.save()

    assert client.get("/api/profile/amara").json() == not_derived
    assert len(not_derived["onboarding_assessment"]["sections"]) == 5


def test_tracks_are_the_inferred_ones_where_none_are_stored(client):
    inference = {"generated_at": cast.NOON, "tracks": [{"track_id": "t", "label": "T"}]}
    cast.learner(cast.FELIX, goal_inference=inference)

    assert [track["track_id"] for track in client.get("/api/profile/felix").json()["foundation_tracks"]] == [
        "t"
    ]


def test_reading_a_profile_writes_nothing(client, full_learner):
    before = LearnerProfile.objects.values().get()

    client.get("/api/profile/amara")
    client.get("/api/onboarding/amara")

    assert LearnerProfile.objects.values().get() == before
