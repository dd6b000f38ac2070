"""A learner: the profile as stored, and the two views of it that clients read."""

import datetime as dt

from coach.documents.assessment import Assessment, GradingResult
from coach.documents.base import Document, Identifier, Moment, Whole
from coach.documents.curriculum import Curriculum, EloPlan, GoalInference, Track
from coach.documents.schedule import Schedule, ServedSchedule
from coach.documents.submissions import ServedSubmission

DEFAULT_MEMORY_INDEX_ID = "vs_68e81d741f388191acdaabce2f92b7d5"


class Note(Document):
    """Something to remember about a learner; ids are unique within one learner."""

    note_id: Identifier
    note: str
    tags: list[str] = []
    created_at: Moment


class Profile(Document):
    """Everything that is stored of a learner, except submissions and attachments.

    `elo_snapshot` maps category keys to ratings; the order of its members means something.
    `schedule_adjustments` maps item ids to day offsets.
    """

    username: str
    goal: str = ""
    use_case: str = ""
    strengths: str = ""
    timezone: str | None = None
    knowledge_tags: list[str] = []
    recent_sessions: list[str] = []
    memory_records: list[Note] = []
    elo_snapshot: dict[str, Whole] = {}
    memory_index_id: str = DEFAULT_MEMORY_INDEX_ID
    last_updated: Moment
    elo_category_plan: EloPlan | None = None
    curriculum_plan: Curriculum | None = None
    curriculum_schedule: Schedule | None = None
    schedule_adjustments: dict[str, Whole] = {}
    onboarding_assessment: Assessment | None = None
    onboarding_assessment_result: GradingResult | None = None
    goal_inference: GoalInference | None = None
    foundation_tracks: list[Track] = []


class SkillRating(Document):
    category: str
    rating: int


class ServedProfile(Document):
    """A learner as clients see one; the order of the members is that of the contract."""

    username: str
    goal: str
    use_case: str
    strengths: str
    timezone: str | None
    knowledge_tags: list[str]
    recent_sessions: list[str]
    memory_records: list[Note]
    skill_ratings: list[SkillRating]
    memory_index_id: str
    last_updated: dt.datetime
    elo_category_plan: EloPlan | None
    curriculum_plan: Curriculum | None
    curriculum_schedule: ServedSchedule | None
    onboarding_assessment: Assessment | None
    onboarding_assessment_result: GradingResult | None
    goal_inference: GoalInference | None
    foundation_tracks: list[Track]
    assessment_submissions: list[ServedSubmission]


class OnboardingStatus(Document):
    """How far a learner's onboarding has come."""

    username: str
    plan_ready: bool
    assessment_ready: bool
    generated_at: dt.datetime | None
