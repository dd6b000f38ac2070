"""How views describe themselves to the OpenAPI page: documents in, documents out, the contract's errors."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view

from coach.documents import authored

_OPERATIONS = authored.beside(__file__)
# The body of operations that take a file.
FORM = {"multipart/form-data": _OPERATIONS.pop("form")}


def describe(operation: str, *, answers: Any = None, body: Any = None) -> Callable[[Any], Any]:
    """Describe a method as the operation of that name in schema.toml.

    It says what the method takes and answers: a document class, `bytes`, `str`, or nothing.
    """
    words = _OPERATIONS[operation]
    status = words.get("status", 200)
    responses: dict[Any, Any] = {
        status: answers if answers is not None else OpenApiResponse(description="Done; no body.")
    }
    if answers is bytes:
        responses = {(status, "application/octet-stream"): OpenApiTypes.BINARY}
    elif answers is str:
        responses = {(status, "text/plain"): OpenApiTypes.STR}
    responses |= {
        code: OpenApiResponse(description="See the components.") for code in words.get("errors", ())
    }

    def decorate(method: Any) -> Any:
        described = extend_schema(
            operation_id=operation,
            summary=words["summary"],
            description=words["description"],
            request={"application/json": body} if isinstance(body, type) else body,
            responses=responses,
            parameters=[OpenApiParameter(**given) for given in words.get("parameters", ())],
            tags=[method.__module__.rpartition(".")[2]],
            auth=[],
        )
        return described(method)

    return decorate


# A route beside an attachment's id, which removes the attachment that is called like it.
no_delete = extend_schema_view(delete=extend_schema(exclude=True))
