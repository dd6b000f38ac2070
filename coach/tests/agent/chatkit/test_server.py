import datetime as dt
import json

import jsonschema
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from coach.models import ChatItem, ChatThread, MemoryRecord
from coach.tests.api.description import chatkit_schema

pytestmark = [
    # Every request has a thread of its own for the database.
    pytest.mark.django_db(transaction=True),
    # The package warns of its own classes whenever it reads a widget.
    pytest.mark.filterwarnings("ignore:Direct usage of named widget:DeprecationWarning"),
]

client = Client()
FORMATS = jsonschema.FormatChecker(())


@FORMATS.checks("date-time", raises=ValueError)
def has_offset(text):
    return dt.datetime.fromisoformat(text).tzinfo is not None


def ask(request, status=200, /, **params):
    answer = client.post("/chatkit", {"type": request, "params": params}, content_type="application/json")
    assert answer.status_code == status
    return answer


def stream(request, /, **params):
    answer = ask(request, **params)
    assert answer.headers["Content-Type"] == "text/event-stream"
    lines = b"".join(answer.streaming_content).decode().split("\n\n")
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line]
    for event in events:
        described("Event", event)
        chatkit_schema.events().validate_python(event)
    return events


def described(name, document):
    """Hold a document to the schema that clients are given (chatkit_schema.py)."""
    schemas = {"components": {"schemas": chatkit_schema.schemas()}}
    schema = {"$ref": f"#/components/schemas/ChatKit{name}", **schemas}
    jsonschema.Draft202012Validator(schema, format_checker=FORMATS).validate(document)


def message(text, **more):
    content = [{"type": "input_text", "text": text}] if text else []
    return {"content": content, "attachments": [], "inference_options": {}, **more}


def begin(text="hello"):
    events = stream("threads.create", input=message(text))
    return events[0]["thread"]["id"], events


def act(thread_id, kind, payload=None):
    events = stream("threads.custom_action", thread_id=thread_id, action={"type": kind, "payload": payload})
    assert events[0]["type"] == "stream_options"
    return events[1:]


def words(events):
    return [part["text"] for event in events for part in event.get("item", {}).get("content", [])]


def card(events):
    return events[-1]["item"]["widget"]


def texts(widget):
    found = [widget.get("value") or widget.get("label") or ""]
    children = widget.get("children") or []
    return found + [text for child in children for text in texts(child)]


@pytest.fixture(autouse=True)
def talking(model):
    model.script.load([{"when": {"stream": True}, "answer": {"text": "Hello, friend"}, "times": 0}])


# --- messages -----------------------------------------------------------------------------------------


def test_a_first_message_is_answered_in_the_order_of_the_protocol():
    _, events = begin()

    assert [event["type"] for event in events] == [
        "thread.created",
        "thread.item.done",
        "stream_options",
        "thread.item.added",
        *["thread.item.updated"] * 4,
        "thread.item.done",
        "thread.item.done",
    ]
    assert [event["update"]["type"].rpartition(".")[2] for event in events if "update" in event] == [
        "added",
        "text_delta",
        "text_delta",
        "done",
    ]
    assert words(events) == ["hello", "Hello, friend"]
    assert card(events)["type"] == "Card"


def test_only_the_newest_message_is_asked(model):
    thread_id, _ = begin("first words")
    stream("threads.add_user_message", thread_id=thread_id, input=message("second words"))

    asked = [request for request in model.requests if request["route"] == "responses"]
    assert [request["stream"] for request in asked] == [True, True]
    assert "first words" not in asked[1]["text"]
    assert "second words" in asked[1]["text"]


def test_an_envelope_is_shown_by_what_it_displays(model):
    model.script.load(
        [{"when": {"stream": True}, "answer": {"json": {"display": "Only this", "widgets": []}}}]
    )

    assert words(begin()[1]) == ["hello", "Only this"]


def test_functions_are_carried_out_in_between(model):
    call = {"name": "learner_memory_write", "arguments": {"username": "nova", "note": "likes tea"}}
    model.script.load(
        [
            {"when": {"stream": True}, "answer": {"calls": [call]}},
            {"when": {"stream": True}, "answer": {"text": "Noted."}},
        ]
    )

    assert words(begin()[1]) == ["hello", "Noted."]
    assert MemoryRecord.objects.get().note == "likes tea"


def test_a_thread_without_content_gets_just_the_card(model):
    _, events = begin(text="")

    assert [event["type"] for event in events] == [
        "thread.created",
        "thread.item.done",
        "stream_options",
        "thread.item.done",
    ]
    assert model.requests == []


@pytest.mark.parametrize(
    "answer", [{"status": 500}, {"raw": "data: {"}, {"json": {"display": 5}}, {"raw": ""}], ids=str
)
def test_a_failure_inside_the_stream_is_an_event(model, answer):
    model.script.load([{"when": {"stream": True}, "answer": answer, "times": 0}])
    thread_id, events = begin()

    assert events[-1] == {"type": "error", "code": "stream.error", "allow_retry": True}
    assert ChatItem.objects.get(thread__thread_id=thread_id).kind == "user_message"


@pytest.mark.parametrize("answer", [{"status": 500}, {"json": {"display": 5}}, {"json": {"display": None}}])
def test_a_failure_leaves_no_empty_item_with_the_client(model, answer):
    model.script.load([{"when": {"stream": True}, "answer": answer, "times": 0}])
    _, events = begin()
    kept = {event["item"]["id"] for event in events if event["type"] == "thread.item.added"}

    assert (
        kept - {event.get("item_id") for event in events if event["type"] == "thread.item.removed"} == set()
    )
    assert events[-1]["type"] == "error"


def test_nobody_to_ask_is_an_event_too(settings):
    settings.OPENAI_API_KEY = ""

    assert begin()[1][-1]["type"] == "error"


def test_the_offline_coach_answers_here_too(settings):
    settings.AGENT = "offline"

    assert "offline coach" in words(begin()[1])[1]


def test_a_message_can_be_answered_again():
    thread_id, events = begin()
    retried = stream("threads.retry_after_item", thread_id=thread_id, item_id=events[1]["item"]["id"])

    assert words(retried) == ["Hello, friend"]
    kinds = ChatItem.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["user_message", "assistant_message", "widget"]


def test_a_client_that_goes_away_leaves_what_was_said(model):
    model.script.load([{"when": {"stream": True}, "answer": {"text": "one two three"}}])
    answer = ask("threads.create", input=message("hello"))
    events = iter(answer.streaming_content)
    seen = b""
    while b"two" not in seen:
        seen += next(events)
    answer.close()

    items = [json.loads(item) for item in ChatItem.objects.order_by("id").values_list("item", flat=True)]
    assert [item["type"] for item in items] == ["user_message", "assistant_message", "sdk_hidden_context"]
    assert items[1]["content"][0]["text"].startswith("one two")


@pytest.mark.parametrize("events", range(1, 9))
def test_whenever_a_client_goes_away_no_question_is_without_an_answer(model, events):
    model.script.load([{"when": {"stream": True}, "answer": {"text": "one two three"}, "times": 0}])
    answer = ask("threads.create", input=message("hello"))
    stream = iter(answer.streaming_content)
    for _ in range(events):
        next(stream)
    answer.close()

    items = [json.loads(item) for item in ChatItem.objects.order_by("id").values_list("item", flat=True)]
    said = [(item["type"], item["content"][0]["text"]) for item in items if item["type"].endswith("message")]
    # The question may be stored before the client has read the second event.
    both = ["user_message", "assistant_message"]
    assert [kind for kind, _ in said] in ([both] if events > 1 else [[], both])
    assert all(text for _, text in said)


def test_a_tripped_guard_is_a_hidden_item_and_a_refusal(model):
    thread_id, events = begin("my SSN is 123-45-6789")

    assert not [request for request in model.requests if request["route"] == "responses"]
    assert words(events)[1].startswith("I cannot help")
    assert "hidden_context_item" in ChatItem.objects.values_list("kind", flat=True)
    listed = ask("items.list", thread_id=thread_id).json()
    assert "hidden_context_item" not in [item["type"] for item in listed["data"]]


# --- preferences and actions --------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["toggle_web", "chat.toggleWeb"])
def test_the_web_is_flipped_and_used(model, action):
    thread_id, _ = begin()
    events = act(thread_id, action)
    stream("threads.add_user_message", thread_id=thread_id, input=message("again"))

    assert words(events) == ["Web search is on now."]
    assert "web_search" in model.requests[-1]["tools"]


@pytest.mark.parametrize("names", [("toggle_tone", "set_level"), ("chat.toggleTone", "chat.setLevel")])
def test_the_level_is_picked_and_used(model, names):
    picker, setter = names
    thread_id, _ = begin()
    shown = texts(card(act(thread_id, picker)))
    events = act(thread_id, setter, {"level": "low"})
    stream("threads.add_user_message", thread_id=thread_id, input=message("again"))

    assert {"Minimal", "Low", "Medium", "High"} <= set(shown)
    assert words(events) == ["The level is low now."]
    assert "Minimal" not in texts(card(events))
    assert (model.requests[-1]["model"], model.requests[-1]["effort"]) == ("gpt-5-mini", "low")


@pytest.mark.parametrize("payload", [{"level": "extreme"}, {"level": 5}, {}, None, "low"])
def test_another_level_does_nothing_but_the_card(payload):
    thread_id, _ = begin()
    events = act(thread_id, "set_level", payload)

    assert [event["item"]["type"] for event in events] == ["widget"]
    assert ChatThread.objects.get().preferred.level == "medium"


def test_uploaded_files_are_added_once_and_told_to_the_model(model):
    model.script.load(
        [{"when": {"route": "files"}, "answer": {"file_id": "file-1"}}, {"answer": {"text": "x"}, "times": 0}]
    )
    file = SimpleUploadedFile("n.txt", b"eggs", content_type="text/plain")
    file_id = client.post("/api/chatkit/upload", {"file": file}).json()["file_id"]
    thread_id, _ = begin()
    files = {"files": [{"file_id": file_id}, {"file_id": file_id}, {"file_id": "unknown"}, 5]}
    assert words(act(thread_id, "files_uploaded", files)) == ["Added: n.txt."]
    assert words(act(thread_id, "chat.add", files)) == ["There was no new file to add."]
    stream("threads.add_user_message", thread_id=thread_id, input=message("see"))

    assert "file-1" in model.requests[-1]["text"]
    assert len(ChatThread.objects.get().preferred.files) == 1


@pytest.mark.parametrize("kind", ["start_lesson", "start_quiz", "milestone"])
def test_topics_get_a_message(kind):
    thread_id, _ = begin()

    assert "joins" in words(act(thread_id, kind, {"topic": "joins", "name": "joins"}))[0]


def test_an_action_that_nobody_knows_does_nothing():
    thread_id, _ = begin()

    assert act(thread_id, "launch") == []


def test_the_cards_own_buttons_are_all_known():
    thread_id, events = begin()
    buttons = [child for child in card(events)["children"][-1]["children"] if child["type"] == "Button"]

    assert len(buttons) == 3
    for button in buttons:
        assert act(thread_id, button["onClickAction"]["type"], button["onClickAction"]["payload"])


# --- threads ------------------------------------------------------------------------------------------


def test_threads_are_paged_in_both_orders():
    made = [begin()[0] for _ in range(3)]
    first = ask("threads.list", limit=2).json()
    second = ask("threads.list", limit=2, after=first["after"]).json()
    rising = ask("threads.list", order="asc").json()

    assert [thread["id"] for thread in (*first["data"], *second["data"])] == made[::-1]
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert [thread["id"] for thread in rising["data"]] == made


def test_items_are_paged_in_both_orders():
    thread_id, _ = begin()
    first = ask("items.list", thread_id=thread_id, limit=2, order="asc").json()
    second = ask("items.list", thread_id=thread_id, limit=2, order="asc", after=first["after"]).json()
    falling = ask("items.list", thread_id=thread_id).json()

    kinds = [item["type"] for item in (*first["data"], *second["data"])]
    assert kinds == ["user_message", "assistant_message", "widget"]
    assert [item["type"] for item in falling["data"]] == kinds[::-1]


def test_an_unknown_cursor_is_refused():
    thread_id, _ = begin()

    assert ask("threads.list", 404, after="thr_nope").json()["detail"]
    assert ask("items.list", 404, thread_id=thread_id, after="itm_nope").json()["detail"]


def test_a_thread_is_read_renamed_and_deleted():
    thread_id, _ = begin()
    assert len(ask("threads.get_by_id", thread_id=thread_id).json()["items"]["data"]) == 3
    assert ask("threads.update", thread_id=thread_id, title="Joins").json()["title"] == "Joins"
    assert "Joins" in texts(card(act(thread_id, "toggle_tone")))

    assert ask("threads.delete", thread_id=thread_id).json() == {}
    assert not ChatThread.objects.exists()
    assert not ChatItem.objects.exists()


def test_threads_outlive_the_process_that_made_them():
    thread_id, _ = begin()

    # Nothing of it is kept in memory: another server object reads it from the database.
    assert ask("threads.get_by_id", thread_id=thread_id).json()["id"] == thread_id


def test_a_synchronous_action_draws_the_card_anew():
    thread_id, events = begin()
    action = {"type": "set_level", "payload": {"level": "high"}}
    answer = ask(
        "threads.sync_custom_action", thread_id=thread_id, item_id=events[-1]["item"]["id"], action=action
    )

    assert "Level: High" in texts(answer.json()["updated_item"]["widget"])


def test_feedback_is_taken():
    thread_id, events = begin()

    assert (
        ask("items.feedback", thread_id=thread_id, item_ids=[events[1]["item"]["id"]], kind="positive").json()
        == {}
    )


# --- what is refused ----------------------------------------------------------------------------------


def test_attachments_inside_messages_are_refused():
    ask("threads.create", 400, input=message("hi", attachments=["a"]))

    assert not ChatThread.objects.exists()


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("threads.get_by_id", {"thread_id": "nope"}),
        ("threads.add_user_message", {"thread_id": "nope", "input": message("hi")}),
        ("threads.custom_action", {"thread_id": "nope", "action": {"type": "toggle_web"}}),
        ("items.list", {"thread_id": "nope"}),
    ],
)
def test_a_thread_that_is_not_there(kind, params):
    ask(kind, 404, **params)


@pytest.mark.parametrize("kind", ["threads.custom_action", "threads.sync_custom_action"])
def test_an_item_that_is_not_there(kind):
    thread_id, _ = begin()

    ask(kind, 404, thread_id=thread_id, item_id="nope", action={"type": "toggle_web"})


def test_the_output_of_a_tool_that_was_never_called():
    thread_id, _ = begin()

    ask("threads.add_client_tool_output", 400, thread_id=thread_id, result={})


def test_the_answers_to_questions_that_were_never_asked():
    thread_id, events = begin()

    item_id = events[-1]["item"]["id"]
    ask("threads.add_structured_input", 400, thread_id=thread_id, item_id=item_id, input={})
    ask("threads.add_structured_input", 404, thread_id=thread_id, item_id="nope", input={})


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"type": "threads.nope"}', b'{"type": "threads.list"}', b"\xff"]
)
def test_what_is_no_request_of_the_protocol(body):
    assert client.post("/chatkit", body, content_type="application/json").status_code == 422


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("attachments.create", {"name": "n", "size": 1, "mime_type": "text/plain"}),
        ("attachments.delete", {"attachment_id": "a"}),
        ("input.transcribe", {"audio_base64": "", "mime_type": "audio/webm"}),
    ],
)
def test_what_the_protocol_has_and_this_service_has_not(kind, params):
    ask(kind, 400, **params)


def test_a_failure_is_reported_without_a_word_of_the_message(model, caplog):
    model.script.load([{"when": {"stream": True}, "answer": {"json": {"display": 5}}, "times": 0}])
    with caplog.at_level("DEBUG"):
        begin("my secret plan")

    reported = [
        record.members for record in caplog.records if getattr(record, "event", "") == "chat_stream_failed"
    ]
    assert reported == [{"error": "UnusableAnswer"}]
    own = [
        record for record in caplog.records if not record.name.startswith(("openai", "httpx2", "httpcore2"))
    ]
    assert not any("secret" in str(vars(record)) for record in own)
