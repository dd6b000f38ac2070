"""How views describe themselves to the OpenAPI page: documents in, documents out, the contract's errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from pydantic import BaseModel

from coach.documents.schedule import NO_PROGRESS


class Problem(BaseModel):
    """What was wrong, for people."""

    detail: str


class Fault(BaseModel):
    """One thing that is wrong with a request, and where."""

    type: str
    loc: list[str | int]
    msg: str


class Faults(BaseModel):
    """What is wrong with a request: one text, or one entry for each fault."""

    detail: str | list[Fault]


_MEANINGS = {
    400: "It cannot be done for this learner.",
    404: "There is no such learner, or the learner has no such thing.",
    409: "The learner's state does not allow it, or the first request with the key is still at work.",
    413: "The body is too large.",
    422: "The request does not have the right shape.",
    429: "Too many requests.",
    502: "The language model is not configured or gave no usable answer.",
    503: "A part of the service is not available at the moment.",
}


def describe(
    operation: str,
    summary: str,
    *,
    answers: Any = None,
    status: int = 200,
    body: Any = None,
    errors: Iterable[int] = (),
    parameters: Iterable[OpenApiParameter] = (),
) -> Callable[[Any], Any]:
    """Describe a method under a name like `listSubmissions`.

    It says what the method answers (a document class, `bytes`, `str`, or nothing), and its errors.
    """
    responses: dict[Any, Any] = {
        status: answers if answers is not None else OpenApiResponse(description="Done; no body.")
    }
    if answers is bytes:
        responses = {(status, "application/octet-stream"): OpenApiTypes.BINARY}
    elif answers is str:
        responses = {(status, "text/plain"): OpenApiTypes.STR}
    for code in errors:
        shape = Faults if code == 422 else Problem
        responses[code] = OpenApiResponse(response=shape, description=_MEANINGS[code])

    def decorate(method: Any) -> Any:
        described = extend_schema(
            operation_id=operation,
            summary=summary,
            description=f"{summary}.",
            request={"application/json": body} if isinstance(body, type) else body,
            responses=responses,
            parameters=list(parameters),
            tags=[method.__module__.rpartition(".")[2]],
            auth=[],
        )
        return described(method)

    return decorate


# A route beside an attachment's id, which removes the attachment that is called like it.
no_delete = extend_schema_view(delete=extend_schema(exclude=True))


def complete(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """A hook of the generator: says what holds for all operations and members."""
    operations = [operation for path in result["paths"].values() for operation in path.values()]
    components = result["components"]["schemas"]
    sent: set[str] = set()
    for operation in operations:
        if "requestBody" in operation:
            operation["requestBody"]["required"] = True
            _collect(operation["requestBody"], components, sent)
    for name, component in components.items():
        _settle_members(component, is_answer=name not in sent)
    for path in result["paths"].values():
        if "post" in path:
            path["post"].setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
            path["post"]["responses"].setdefault("409", {"description": _MEANINGS[409], "content": _PROBLEM})
    _settle_access(result, operations)
    result["servers"] = [{"url": "/", "description": "The server that this description came from."}]
    result["tags"] = [{"name": name, "description": words} for name, words in TAGS.items()]
    return result


def _collect(part: Any, components: dict[str, Any], found: set[str]) -> None:
    """The names of the components that a part of the description refers to, at any depth."""
    if isinstance(part, list):
        for element in part:
            _collect(element, components, found)
    elif isinstance(part, dict):
        name = str(part.get("$ref", "")).rpartition("/")[2]
        if name and name not in found:
            found.add(name)
            _collect(components[name], components, found)
        for value in part.values():
            _collect(value, components, found)


def _settle_members(component: dict[str, Any], *, is_answer: bool) -> None:
    """Answers have every member; generators take a null default of a request for a member that must be sent."""
    members = component.get("properties", {})
    for member in members.values():
        if is_answer or member.get("default", ...) is None:
            member.pop("default", None)
    if is_answer and members:
        component["required"] = [name for name in members if name not in NO_PROGRESS]


def _settle_access(result: dict[str, Any], operations: list[dict[str, Any]]) -> None:
    result["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "A token of `manage.py api_tokens`."}
    }
    bearer: list[dict[str, list[str]]] = [{"bearer": []}]
    result["security"] = bearer if settings.REQUIRE_API_TOKEN else [{}, *bearer]
    for operation in operations:
        operation.pop("security", None)
        if "health" in operation["tags"]:
            operation["security"] = []
            continue
        for status, words in _REFUSALS.items():
            operation["responses"].setdefault(status, {"description": words, "content": _PROBLEM})


_REFUSALS = {
    "401": "A token is demanded, or the one presented is not usable.",
    "403": "The token does not allow it.",
}
_PROBLEM = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

_IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "The same request with the same key is carried out once, and gets the first answer again for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}

TAGS = {
    "profiles": "A learner's profile and its parts, as stored.",
    "schedules": "A learner's schedule, and what is launched and completed of it.",
    "onboarding": "The plan, and how far onboarding has come.",
    "submissions": "Answers to the assessment.",
    "attachments": "Files and links that a learner adds to a submission.",
    "sessions": "Lessons, quizzes, milestones and chat.",
    "chatkit": "The ChatKit protocol and its files.",
    "developer": "Routes for developers; served only where the operator says so.",
    "health": "Probes.",
    "metrics": "Counts and durations.",
}

REFRESH = OpenApiParameter("refresh", bool, description="Generate the schedule again.", default=False)
LIMIT = OpenApiParameter(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": 200},
    description="How many submissions a page has. Without it, and without `after`, all are answered.",
)
AFTER = OpenApiParameter("after", str, description="The cursor of the `Link` header of the page before.")
USERNAME = OpenApiParameter("username", str, description="Only this learner's submissions.")
