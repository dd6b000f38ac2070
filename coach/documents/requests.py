"""The bodies that clients send. Members are checked in the order in which they are declared."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from coach.documents.assessment import AssessmentStatus

# A list or an object of a request has at most so many members: what is worked out for each must stay bounded.
MOST_MEMBERS = 10_000
# Each is a row that is looked up and written.
MOST_ATTACHMENTS = 100


def _at_most(most: int) -> BeforeValidator:
    """Before the members are looked at: otherwise each of a million would be reported."""

    def counted(value: Any) -> Any:
        if isinstance(value, list | dict) and len(value) > most:
            raise ValueError(f"at most {most} members are taken, not {len(value)}")
        return value

    return BeforeValidator(counted)


E = TypeVar("E")
Bounded = Annotated[E, _at_most(MOST_MEMBERS)]
Filled = Annotated[str, Field(min_length=1)]


class RequestBody(BaseModel):
    """A body; unknown members are ignored, and flags and whole numbers are read leniently (`1`, `"yes"`, `true`)."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ScheduleAdjustment(RequestBody):
    item_id: Filled
    days: Annotated[int, Field(ge=1, le=21)] = 1
    target_day_offset: Annotated[int, Field(ge=0, le=42)] | None = None
    reason: Annotated[str, Field(max_length=160)] | None = None


class ItemRequest(RequestBody):
    """Which item of whose schedule."""

    username: Filled
    item_id: Filled


class ItemCompletion(ItemRequest):
    session_id: str | None = None


class ItemLaunch(ItemCompletion):
    force: bool = False


class PlanRequest(RequestBody):
    username: Filled
    goal: Filled
    use_case: str = ""
    strengths: str = ""
    force: bool = False
    timezone: str | None = None


class StatusChange(RequestBody):
    status: AssessmentStatus


class ResponseEntry(RequestBody):
    task_id: Filled
    response: Filled


class SubmissionRequest(RequestBody):
    responses: Bounded[Annotated[list[ResponseEntry], Field(min_length=1)]]
    metadata: Bounded[dict[str, str]] = {}


class LinkRequest(RequestBody):
    name: str | None = None
    url: Filled
    description: str | None = None


class ResetRequest(RequestBody):
    username: Filled


class TopicRequest(RequestBody):
    """What lesson, quiz and milestone are asked with."""

    topic: Filled
    session_id: str | None = None
    metadata: Bounded[dict[str, Any]] = {}


class HistoryEntry(RequestBody):
    role: Literal["user", "assistant"]
    text: str


class ChatAttachment(RequestBody):
    file_id: Filled
    name: Filled
    mime_type: Filled
    size: Annotated[int, Field(ge=0)]
    preview: str | None = None
    openai_file_id: str | None = None


class ChatRequest(RequestBody):
    message: Filled
    session_id: str | None = None
    history: Bounded[list[HistoryEntry]] = []
    metadata: Bounded[dict[str, Any]] = {}
    web_enabled: bool | None = None
    reasoning_level: str | None = None
    model: str | None = None
    attachments: Annotated[list[ChatAttachment], _at_most(MOST_ATTACHMENTS)] = []


class SessionReset(RequestBody):
    session_id: str | None = None
