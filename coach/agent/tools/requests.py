"""What the coach is asked: one document for each purpose, made by the services, read by model and offline coach."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from coach.documents.assessment import Assessment
from coach.documents.curriculum import Category, EloPlan
from coach.documents.profile import Profile
from coach.documents.requests import ChatAttachment, HistoryEntry
from coach.documents.schedule import ScheduleItem
from coach.documents.sessions import TopicKind
from coach.documents.submissions import ServedSubmission


@dataclass(frozen=True)
class LearnerTools:
    """What the model may do with one learner, as plain functions on documents.

    `username` names the learner, in normal form; without one none of them may be called. `refused` notes that the model
    named somebody else. Each of the others raises usernames.UnusableUsername for a name that nobody can have, and holds
    no database connection once it returns.
    """

    username: str | None
    refused: Callable[[], None]
    profile: Callable[[str], dict[str, Any] | None]
    update: Callable[[str, dict[str, Any]], dict[str, Any]]
    remember: Callable[[str, str, Sequence[str]], str]
    set_plan: Callable[[str, Sequence[Category], str | None, str | None], EloPlan]
    # All learners in place of one, which the settings may allow where a request names none.
    any_learner: bool = False

    def may_name(self, username: str) -> bool:
        return self.any_learner or username == self.username


@dataclass(frozen=True)
class LearnerGoals:
    """What a learner wants, in their own words."""

    username: str
    goal: str
    use_case: str
    strengths: str

    @property
    def words(self) -> str:
        """Everything that they say."""
        return ". ".join((self.goal, self.use_case, self.strengths))


@dataclass(frozen=True)
class GradeRequest:
    goals: LearnerGoals
    plan: EloPlan | None
    assessment: Assessment
    submission: ServedSubmission


@dataclass(frozen=True)
class TopicRequest:
    """Work on a topic. `learner` is the named one, if any; the model gets nothing of it but the schedule.

    `item` is the item of the schedule that was launched, if the topic comes from one.
    """

    kind: TopicKind
    topic: str
    learner: Profile | None
    item: ScheduleItem | None = None


@dataclass(frozen=True)
class ChatRequest:
    """A message and what goes along with it. `effort` is settled; `model` is the one asked for, or empty."""

    message: str
    history: Sequence[HistoryEntry]
    learner: Profile | None
    attachments: Sequence[ChatAttachment]
    model: str
    effort: str
    web: bool
