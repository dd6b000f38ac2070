"""The fast read of a profile gives, to the byte, what the plain way gives: models, documents, one serialisation."""

import datetime as dt

import orjson
import pytest

from coach.documents import assessment, curriculum
from coach.documents.submissions import Submission
from coach.models import LearnerProfile
from coach.services import assessments, schedules
from coach.tests import cast

pytestmark = pytest.mark.django_db

TEXTS = ["plain", "Zoë’s", "\u202e", "🙂", '"\\/', "\n\t", " \u2028", ""]
NOTES = [
    {
        "note_id": f"n{number}",
        "note": text,
        "tags": TEXTS[: number % 3],
        "created_at": dt.datetime(2026, 1, 1, 9, 0, 0, number * 1000, dt.UTC),
    }
    for number, text in enumerate(TEXTS * 8)
]


@pytest.fixture
def full():
    learner = cast.learner(cast.AMARA, goal="Zoë’s “goal” 🙂", knowledge_tags=TEXTS[:3], memory_records=NOTES)
    schedules.read(username="amara")
    for number in range(15):
        at = cast.NOON + dt.timedelta(minutes=number)
        document = Submission(
            submission_id=f"s{number}", username="amara", submitted_at=at, metadata={"k": TEXTS[number % 8]}
        )
        cast.submission(learner, document)
    return learner


def plainly(view):
    """The same answer, by models and documents."""
    learner = LearnerProfile.objects.select_related("schedule").get(username="amara")
    profile = learner.to_document()
    text = learner.onboarding_assessment
    if view == "profile":
        plan = curriculum.EloPlan.model_validate_json(learner.elo_category_plan)
        text = assessments.extended(assessment.Assessment.model_validate_json(text), plan)
    rows = learner.submissions.newest_first()[:12] if view == "profile" else []
    parts = {
        "elo_category_plan": learner.elo_category_plan,
        "curriculum_plan": learner.curriculum_plan,
        "curriculum_schedule": learner.schedule.api_json,
        "onboarding_assessment": text,
        "onboarding_assessment_result": learner.onboarding_assessment_result,
        "goal_inference": learner.goal_inference,
    }
    notes = sorted(profile.memory_records, key=lambda note: note.created_at, reverse=True)
    members = {
        **{
            name: getattr(learner, name) for name in ("username", "goal", "use_case", "strengths", "timezone")
        },
        "knowledge_tags": profile.knowledge_tags,
        "recent_sessions": profile.recent_sessions,
        "memory_records": [{**dict(note), "created_at": note.created_at} for note in notes],
        "skill_ratings": [
            {"category": key, "rating": rating} for key, rating in profile.elo_snapshot.items()
        ],
        "memory_index_id": learner.memory_index_id,
        "last_updated": learner.last_updated,
        **{name: orjson.Fragment(part) if part else None for name, part in parts.items()},
        "foundation_tracks": orjson.Fragment(learner.foundation_tracks),
        "assessment_submissions": [orjson.Fragment(row.api_json) for row in rows],
    }
    return orjson.dumps(members, option=orjson.OPT_UTC_Z)


@pytest.mark.parametrize(
    ("view", "path"), [("profile", "/api/profile/amara"), ("onboarding", "/api/onboarding/amara")]
)
def test_a_profile_is_the_same_to_the_byte(client, full, view, path):
    wanted = plainly(view)

    # Also once the database has made its plan, and once the extension is stored.
    for _ in range(7):
        assert client.get(path).content == wanted
    learner = LearnerProfile.objects.get()
    assessments.derive(learner)
    learner.save()
    assert client.get(path).content == wanted


def test_a_schedule_is_the_same_to_the_byte(client, full):
    wanted = LearnerProfile.objects.select_related("schedule").get().schedule.api_json.encode()

    for _ in range(7):
        assert client.get("/api/profile/amara/schedule").content == wanted


def test_a_schedule_is_read_with_one_query(client, full, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert client.get("/api/profile/amara/schedule").status_code == 200
