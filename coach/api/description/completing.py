"""A hook of the generator: what the description says of all operations and schemas alike."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings

from coach.documents import authored
from coach.documents.base import LARGEST_COUNT
from coach.documents.schedule import NO_PROGRESS

Json = dict[str, Any]

_FOLDER = Path(__file__).parent
# What an operation may answer whatever it does: any that needs a token, and any with a body.
_WITH_TOKEN = ("401", "403", "503")
_WITH_BODY = ("400", "408", "409", "413", "422")
# What an answer carries whose operation may also answer with such a status.
_HEADERS = {"304": ("ETag",), "429": ("RateLimit", "RateLimit-Policy")}


def complete(result: Json, **context: Any) -> Json:
    """The description with words, errors, headers, examples, access, and the ChatKit protocol."""
    words = authored.beside(__file__, "words.toml")
    examples, components, chatkit = (
        json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("examples", "components", "chatkit")
    )
    paths = {
        path: item
        for path, item in result["paths"].items()
        if settings.DEBUG_ENDPOINTS or not path.startswith("/api/developer/")
    }
    operations = [operation for path in paths.values() for operation in path.values()]
    for operation in operations:
        name = operation["operationId"]
        _complete_operation(operation, words["parameters"], examples.get(name, {}))
        for more in (components, chatkit):
            _merge(operation, more["operations"].get(name, {}))
    schemas = {**result["components"]["schemas"], **components["schemas"], **chatkit["schemas"]}
    sent = set(_referred([operation.get("requestBody") for operation in operations], schemas))
    used = {*sent, *_referred([paths, components["responses"]], schemas)}
    for name in used:
        _complete_schema(name, schemas[name], words, is_answer=name not in sent)
    bearer: list[dict[str, list[str]]] = [{"bearer": []}]
    tags = {tag for operation in operations for tag in operation["tags"]}
    return {
        **result,
        "paths": paths,
        "components": {
            **{kind: components[kind] for kind in ("parameters", "headers", "responses", "securitySchemes")},
            "schemas": {name: schemas[name] for name in sorted(used)},
        },
        "security": bearer if settings.REQUIRE_API_TOKEN else [{}, *bearer],
        "servers": [{"url": "/", "description": "The server that this description came from."}],
        "tags": [{"name": tag, "description": words["tags"][tag]} for tag in words["tags"] if tag in tags],
    }


def _merge(part: Json, changes: Json) -> None:
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(part.get(name), dict) and "$ref" not in value:
            _merge(part[name], value)
        else:
            part[name] = value


def _complete_operation(operation: Json, words: Json, example: Json) -> None:
    for parameter in operation.get("parameters", []):
        parameter.setdefault("description", words.get(parameter["name"], ""))
        if parameter["name"] in example.get("parameters", {}):
            parameter["example"] = example["parameters"][parameter["name"]]
    responses = operation["responses"]
    answer = next(status for status in responses if status[0] == "2")
    content = responses[answer].get("content", {}).get("application/json")
    statuses = [status for status in responses if status[0] in "45"]
    if "health" in operation["tags"]:
        operation["security"] = []
    else:
        operation.pop("security", None)
        statuses.extend(_WITH_TOKEN)
    if body := operation.get("requestBody"):
        body["required"] = True
        operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/IdempotencyKey"})
        statuses.extend(_WITH_BODY)
        if "body" in example:
            next(iter(body["content"].values()))["example"] = example["body"]
    elif content:
        statuses.append("304")
    if content and "answer" in example:
        content["example"] = example["answer"]
    if headers := [name for status in statuses for name in _HEADERS.get(status, ())]:
        responses[answer]["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
    for status in statuses:
        kind = "409-locked" if (status, operation["operationId"]) == ("409", "launchItem") else status
        responses[status] = {"$ref": f"#/components/responses/{kind}"}


def _referred(part: Any, schemas: Json, found: set[str] | None = None) -> set[str]:
    """The names of the schemas that a part of the description refers to, at any depth."""
    found = set() if found is None else found
    values: Any = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    name = str(part.get("$ref", "")).partition("/schemas/")[2] if isinstance(part, dict) else ""
    if name and name not in found:
        found.add(name)
        _referred(schemas[name], schemas, found)
    for value in values:
        _referred(value, schemas, found)
    return found


def _complete_schema(name: str, schema: Json, words: Json, *, is_answer: bool) -> None:
    """Answers have every member; generators take a member with a default for one that must be sent."""
    is_chatkit = name.startswith("ChatKit")
    by_member = words["chatkit"] if is_chatkit else {**words["members"], **words["members"].get(name, {})}
    schema.pop("title", None)
    if text := words["schemas"].get(name):
        schema["description"] = text
    members = schema.get("properties", {})
    for member, part in members.items():
        part.pop("title", None)
        part.pop("default", None)
        part.setdefault("description", by_member.get(member, ""))
        _drop_limits_of_columns(part)
    if is_answer and members and not is_chatkit and name != "Fault":
        schema["required"] = [member for member in members if member not in NO_PROGRESS]


def _drop_limits_of_columns(part: Any) -> None:
    """A whole number of an answer has the bounds of its column, which say nothing to a client."""
    for kind in (part, *part.get("anyOf", ())):
        for limit in ("maximum", "minimum"):
            if abs(kind.get(limit, 0)) >= LARGEST_COUNT:
                del kind[limit]
