"""How views describe themselves to the OpenAPI page: documents in, documents out, the contract's errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import BaseModel


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
    409: "The learner's state does not allow it.",
    413: "The body is too large.",
    422: "The request does not have the right shape.",
    429: "Too many requests.",
    502: "The language model is not configured or gave no usable answer.",
    503: "A part of the service is not available at the moment.",
}


def describe(
    summary: str,
    *,
    answers: Any = None,
    status: int = 200,
    body: Any = None,
    errors: Iterable[int] = (),
    parameters: Iterable[OpenApiParameter] = (),
) -> Callable[[Any], Any]:
    """Describe a method: what it answers (a document class, `bytes`, `str`, or nothing), and its errors."""
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
            summary=summary,
            description=summary,
            request={"application/json": body} if isinstance(body, type) else body,
            responses=responses,
            parameters=list(parameters),
            tags=[method.__module__.rpartition(".")[2]],
            auth=[],
        )
        return described(method)

    return decorate


def require_bodies(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """A hook of the generator: where a route takes a body, it needs one."""
    for path in result["paths"].values():
        for operation in path.values():
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
    return result


REFRESH = OpenApiParameter("refresh", bool, description="Generate the schedule anew.", default=False)
USERNAME = OpenApiParameter("username", str, description="Only this learner's submissions.")
