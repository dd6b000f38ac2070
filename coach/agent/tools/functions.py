"""The eight functions that the model may call: their schemas, and running one of them.

What needs the database goes through a `LearnerTools`; everything else is worked out here. A call that cannot be
carried out is no failure: the model gets a text that says why, and nothing is stored.
"""

import json
import math
from typing import Any

from django.conf import settings
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from coach.agent.errors import UnusableAnswer
from coach.agent.model import reading
from coach.agent.model.answers import PlannedCategory, Stripped
from coach.agent.tools.requests import LearnerTools
from coach.documents import schedule as zones
from coach.documents import usernames
from coach.documents.base import utc_now
from coach.documents.curriculum import Category

USUAL_RATING = 1200
LONGEST_FORMAT = 200


class Faulty(ValueError):
    """The call cannot be carried out; the text is the answer to the model."""


class _Function(BaseModel):
    """A function's arguments, and what a call with them does; the docstring is what the model reads."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)

    def call(self, learner_tools: LearnerTools) -> Any:
        """The result, plain JSON values. Raises Faulty, usernames.UnusableUsername."""
        raise NotImplementedError


class ProgressStart(_Function):
    """Begin counting the steps of a piece of work."""

    total: int

    def call(self, learner_tools: LearnerTools) -> Any:
        return _progress(0, self.total)


class ProgressAdvance(_Function):
    """Go one step on in a piece of work."""

    idx: int
    total: int

    def call(self, learner_tools: LearnerTools) -> Any:
        return _progress(self.idx + 1, self.total)


def _progress(index: int, total: int) -> Any:
    total = max(total, 1)
    index = min(index, total - 1)
    shown = min(index + 1, total)
    return {"progress": {"idx": index, "display": shown, "total": total, "has_next": shown < total}}


class EloUpdate(_Function):
    """Work out new ratings after a task, without storing them."""

    elo: dict[str, float] | None
    skill_weights: dict[str, float] | None
    score: float
    problem_rating: int
    K: int = 24

    def call(self, learner_tools: LearnerTools) -> Any:
        try:
            updated = self._updated(self.elo or {}, self.skill_weights or {})
        except OverflowError:
            updated = {"": math.inf}
        if not all(map(math.isfinite, updated.values())):
            raise Faulty("the numbers are too large to work with")
        return {"updated_elo": updated}

    def _updated(self, ratings: dict[str, float], weights: dict[str, float]) -> dict[str, float]:
        """The weighted skills in order with their new ratings, then the others as they are."""
        whole = sum(max(weight, 0.0) for weight in weights.values()) or 1.0
        updated: dict[str, float] = {}
        for skill, weight in weights.items():
            rating = ratings.get(skill, USUAL_RATING)
            expected = 1 / (1 + 10 ** ((self.problem_rating - rating) / 400))
            updated[skill] = rating + self.K * (max(weight, 0.0) / whole) * (self.score - expected)
        return {**updated, **{key: value for key, value in ratings.items() if key not in updated}}


class LearnerProfileGet(_Function):
    """Read everything that is known of a learner: goal, plan, curriculum, schedule, assessment, notes."""

    username: str

    def call(self, learner_tools: LearnerTools) -> Any:
        profile = learner_tools.profile(self.username)
        return {"found": profile is not None, "profile": profile}


class LearnerProfileUpdate(_Function):
    """Store a learner's own statements; what is not given stays as it is."""

    username: str
    goal: str | None = None
    use_case: str | None = None
    strengths: str | None = None
    timezone: str | None = None
    knowledge_tags: list[str] | None = None

    def call(self, learner_tools: LearnerTools) -> Any:
        members = self.model_dump(exclude={"username"}, exclude_none=True)
        return {"profile": learner_tools.update(self.username, members)}


class LearnerMemoryWrite(_Function):
    """Keep a note about a learner for later sessions."""

    username: str
    note: str
    tags: list[str] | None = None

    def call(self, learner_tools: LearnerTools) -> Any:
        note_id = learner_tools.remember(self.username, self.note, self.tags or ())
        return {"note_id": note_id, "vector_store_id": settings.AGENT_VECTOR_STORE, "status": "queued"}


class LearnerEloCategoryPlanSet(_Function):
    """Replace the skills that a learner is rated in. Curriculum, assessment and schedule stay."""

    username: str
    categories: list[PlannedCategory]
    source_goal: Stripped | None = None
    strategy_notes: Stripped | None = None

    def call(self, learner_tools: LearnerTools) -> Any:
        categories = [Category(**dict(category)) for category in self.categories]
        plan = learner_tools.set_plan(self.username, categories, self.source_goal, self.strategy_notes)
        return {"username": usernames.normalise(self.username), "plan": plan.to_object()}


class CurrentTime(_Function):
    """Tell the time in a time zone; `format` is that of strftime."""

    timezone_name: str | None = None
    format: str | None = None

    def call(self, learner_tools: LearnerTools) -> Any:
        if self.format and len(self.format) > LONGEST_FORMAT:
            raise Faulty(f"a format has at most {LONGEST_FORMAT} characters")
        zone = zones.zone((self.timezone_name or "").strip())
        now = utc_now().astimezone(zone)
        try:
            display = now.strftime(self.format or "%A, %d %B %Y, %H:%M %Z")
        except ValueError as error:
            raise Faulty(f"the format cannot be used: {error}") from None
        return {"timezone": zone.key, "iso_timestamp": now.isoformat(), "display": display}


_FUNCTIONS: dict[str, type[_Function]] = {
    "progress_start": ProgressStart,
    "progress_advance": ProgressAdvance,
    "elo_update": EloUpdate,
    "learner_profile_get": LearnerProfileGet,
    "learner_profile_update": LearnerProfileUpdate,
    "learner_memory_write": LearnerMemoryWrite,
    "learner_elo_category_plan_set": LearnerEloCategoryPlanSet,
    "current_time": CurrentTime,
}


def definitions(*, about_learner: bool) -> list[dict[str, Any]]:
    """The functions as the model's API wants them described; those that name a learner only where there is one."""
    return [
        {
            "type": "function",
            "name": name,
            "description": (shape.__doc__ or "").strip(),
            "parameters": _schema(shape),
            "strict": False,
        }
        for name, shape in _FUNCTIONS.items()
        if about_learner or "username" not in shape.model_fields
    ]


def run(name: str, arguments: str, learner_tools: LearnerTools) -> str:
    """Run a function with the arguments that the model wrote; the result, or what was wrong, as text."""
    try:
        if name not in _FUNCTIONS:
            raise Faulty(f"there is no such function; there are {', '.join(_FUNCTIONS)}")
        function = _read(_FUNCTIONS[name], arguments)
        _check_learner(function, learner_tools)
        result = function.call(learner_tools)
    except (Faulty, usernames.UnusableUsername) as error:
        return f"The call failed and changed nothing: {error}"
    return json.dumps(result, ensure_ascii=False, allow_nan=False)


def _check_learner(function: _Function, learner_tools: LearnerTools) -> None:
    """What a learner wrote may ask the model for somebody else's data.

    Raises Faulty, usernames.UnusableUsername.
    """
    named = getattr(function, "username", None)
    if named is None or learner_tools.may_name(usernames.normalise(named)):
        return
    learner_tools.refused()
    raise Faulty("this conversation has to do with another learner, or with none")


# --- arguments --------------------------------------------------------------------------------------


def _read(shape: type[_Function], arguments: str) -> _Function:
    try:
        value = reading.value(arguments or "{}")
        reading.refuse_unusable_text(value)
        return shape.model_validate(value)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise Faulty("; ".join(faults)) from None
    except UnusableAnswer:
        raise Faulty("the arguments are not JSON that can be stored") from None


class _Untitled(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _schema(shape: type[_Function]) -> dict[str, Any]:
    """The JSON schema of the arguments, without the titles and prose that pydantic adds."""
    schema = shape.model_json_schema(schema_generator=_Untitled)
    schema.pop("description", None)
    for part in (schema, *schema.get("$defs", {}).values()):
        part.pop("title", None)
    return schema
