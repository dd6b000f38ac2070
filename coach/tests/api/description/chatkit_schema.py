"""The ChatKit protocol as the SDK's types define it, reduced to what is served, as parts of an OpenAPI description.

python -m coach.tests.api.description.chatkit_schema > coach/api/description/chatkit.json
"""

from __future__ import annotations

import functools
import json
import re
import warnings
from typing import Any

from pydantic import TypeAdapter

# What this service refuses, and what it never sends.
REFUSED = {"attachments.create", "attachments.delete", "input.transcribe"}
SENT_ITEMS = {"UserMessageItem", "AssistantMessageItem", "WidgetItem"}
SENT_EVENTS = {
    "ThreadCreatedEvent",
    "ThreadUpdatedEvent",
    "ThreadItemAddedEvent",
    "ThreadItemUpdatedEvent",
    "ThreadItemDoneEvent",
    "ThreadItemRemovedEvent",
    "ThreadItemReplacedEvent",
    "StreamOptionsEvent",
    "ErrorEvent",
}
# Members that the SDK leaves out of what clients get.
UNSENT = {"metadata"}
PREFIX = "ChatKit"
WIDGET = {
    "type": "object",
    "description": "A widget as the ChatKit client draws it; `type` says which.",
    "required": ["type"],
    "properties": {"type": {"type": "string", "description": "The kind of widget."}},
    "additionalProperties": True,
}
NEVER_SENT = {"type": "object", "description": "Not sent by this service.", "additionalProperties": True}
DESCRIPTIONS = {
    "Action": "An action of a widget, as the widget names it.",
    "ErrorCode": "What kind of error it is.",
    "ItemPage": "Items of a thread.",
    "ThreadPage": "Threads.",
    "Request": "A request of the ChatKit protocol.",
    "Event": "One event of a stream.",
    "Document": "The answer to a request that is not streamed. Feedback and deleting are answered by an empty object.",
}


@functools.cache
def schemas() -> dict[str, Any]:
    """The schemas by name, each with the prefix."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from chatkit import types

        document = types.Thread | types.Page[types.Thread] | types.Page[types.ThreadItem]
        asked = TypeAdapter(types.ChatKitReq).json_schema()
        sent = events().json_schema(mode="serialization")
        documents = TypeAdapter(document | types.SyncCustomActionResponse).json_schema(mode="serialization")
    asked["discriminator"]["mapping"] = {
        kind: name for kind, name in asked["discriminator"]["mapping"].items() if kind not in REFUSED
    }
    asked["oneOf"] = [{"$ref": name} for name in asked["discriminator"]["mapping"].values()]
    documents["anyOf"].append({"type": "object", "additionalProperties": False})
    found = {**asked.pop("$defs")}
    for definition in found.values():
        _require_constants(definition)
    served = {**sent.pop("$defs"), **documents.pop("$defs"), "Event": sent, "Document": documents}
    served["Widget"] = WIDGET
    served["WidgetItem"]["properties"]["widget"] = {"$ref": "#/$defs/Widget"}
    served["Annotation"] = NEVER_SENT
    served["UserMessageItem"]["properties"]["attachments"] = {"type": "array", "items": NEVER_SENT}
    for definition in served.values():
        _reduce(definition)
    found = {**served, **found, "Request": asked}
    found = _named(_reachable(found))
    for name, text in DESCRIPTIONS.items():
        found[PREFIX + name]["description"] = text
    return found


@functools.cache
def events() -> TypeAdapter:
    """The SDK's own type of events."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from chatkit import types

        return TypeAdapter(types.ThreadStreamEvent)


def _require_constants(definition: dict[str, Any]) -> None:
    for name, member in definition.get("properties", {}).items():
        if "const" in member and name not in definition.get("required", []):
            definition.setdefault("required", []).append(name)


def _reduce(part: Any) -> None:
    """Leave out what is never sent: null members, other items and events, and the parts of widgets."""
    if isinstance(part, list):
        for element in part:
            _reduce(element)
        return
    if not isinstance(part, dict):
        return
    if "discriminator" in part:
        mapping = part["discriminator"]["mapping"]
        kept = {kind: ref for kind, ref in mapping.items() if _is_sent(ref.rpartition("/")[2])}
        part["discriminator"]["mapping"] = kept
        part["oneOf"] = [{"$ref": ref} for ref in kept.values()]
    for union in {"anyOf", "oneOf"} & part.keys():
        part[union] = [kind for kind in part[union] if _is_sent(kind.get("$ref", "").rpartition("/")[2])]
    if isinstance(members := part.get("properties"), dict):
        for member in members.values():
            if {"type": "null"} in member.get("anyOf", []):
                member["anyOf"].remove({"type": "null"})
                member["default"] = None
                if len(member["anyOf"]) == 1:
                    member |= member.pop("anyOf")[0]
        part["required"] = [
            name
            for name, member in members.items()
            if name not in UNSENT and member.get("default", 0) is not None
        ]
    for value in part.values():
        _reduce(value)


def _is_sent(name: str) -> bool:
    if name.endswith("Item"):
        return name in SENT_ITEMS
    if name.endswith("Event"):
        return name in SENT_EVENTS
    return not re.search("Widget|Workflow|GeneratedImage|AnnotationAdded", name)


def _reachable(found: dict[str, Any]) -> dict[str, Any]:
    names: list[str] = ["Request", "Event", "Document"]
    for name in names:
        names.extend(
            {ref for ref in re.findall(r'"#/\$defs/(\w+)"', json.dumps(found[name])) if ref not in names}
        )
    return {name: found[name] for name in sorted(set(names))}


def _named(found: dict[str, Any]) -> dict[str, Any]:
    """Under names that no other schema has, and that can be read."""
    names = {name: PREFIX + _short(name) for name in found}
    assert len(set(names.values())) == len(names)
    text = re.sub(r"#/\$defs/(\w+)", lambda ref: "#/components/schemas/" + names[ref[1]], json.dumps(found))
    return {names[name]: schema for name, schema in json.loads(text).items()}


def _short(name: str) -> str:
    if name.startswith("Page_"):
        return "ThreadPage" if "Thread_" in name[:13] else "ItemPage"
    return name.removeprefix("ChatKit").partition("_")[0]


def parts() -> dict[str, Any]:
    """What is merged into the description: the schemas, and what the operation takes and answers."""
    ref = "#/components/schemas/" + PREFIX
    # One server-sent event, as later versions of OpenAPI model a stream.
    data = {
        "type": "string",
        "description": "One event of the protocol, as JSON.",
        "contentMediaType": "application/json",
        "contentSchema": {"$ref": ref + "Event"},
    }
    stream = {
        "type": "object",
        "description": "One server-sent event; the stream is a sequence of them.",
        "required": ["data"],
        "properties": {"data": data},
    }
    content = {
        "application/json": {"schema": {"$ref": ref + "Document"}},
        "text/event-stream": {"schema": stream},
    }
    operation = {
        "requestBody": {"content": {"application/json": {"schema": {"$ref": ref + "Request"}}}},
        "responses": {"200": {"description": "A document or a stream of events.", "content": content}},
    }
    return {"operations": {"sendChatkitRequest": operation}, "schemas": schemas()}


if __name__ == "__main__":
    print(json.dumps(parts(), indent=1, ensure_ascii=False))
