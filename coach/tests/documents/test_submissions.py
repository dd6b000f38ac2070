import pytest

from coach.documents import submissions


def served(metadata=None, attachments=()):
    document = submissions.Submission.model_validate(
        {
            "submission_id": "s",
            "username": "amara",
            "metadata": metadata or {},
            "attachments": list(attachments),
        }
    )
    return [
        (attachment.name, attachment.kind, attachment.url, attachment.source)
        for attachment in submissions.served(document).attachments
    ]


def test_a_file_without_a_url_gets_its_download():
    own = {"attachment_id": "att_1", "name": "a.txt", "source": "structured"}

    assert served(attachments=[own]) == [
        ("a.txt", "file", "/api/onboarding/amara/assessment/attachments/att_1/download", "structured")
    ]


def test_the_same_attachment_is_shown_once():
    own = {
        "attachment_id": "l",
        "kind": "link",
        "name": "Plan",
        "url": "https://x.example",
        "source": "structured",
    }
    again = '[{"name": " Plan ", "url": " https://x.example "}]'

    assert served({"attachments": again}, [own]) == [("Plan", "link", "https://x.example", "structured")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('["a.txt"]', [("a.txt", "file", None)]),
        ('[{"filename": "b.md", "href": "http://b.example"}]', [("b.md", "link", "http://b.example")]),
        ('[{"url": "https://only.example"}]', [("https://only.example", "link", "https://only.example")]),
        ('[{"name": "n", "kind": "NOTE"}]', [("n", "note", None)]),
        ('[{"name": "n", "kind": "video"}]', [("n", "file", None)]),
        ('[{"name": "n", "url": 5}]', [("n", "file", None)]),
        ('[{"kind": "file"}, 5, null, ["x"]]', []),
        (
            '[{"name": " ", "url": " https://b.example "}]',
            [("https://b.example", "link", "https://b.example")],
        ),
        ('[{"name": "n", "url": "  "}]', [("n", "file", "")]),
        ('{"r": "https://r.example"}', [("r", "link", "https://r.example")]),
        ('{"r": "HTTPS://r.example"}', [("r", "file", "HTTPS://r.example")]),
        ('{"r": "  "}', [("r", "file", "")]),
        ('{" ": "https://b.example"}', [("https://b.example", "link", "https://b.example")]),
        ('{" ": 4, "n": 5}', [("4", "file", None), ("n", "file", None)]),
        ("42", [("42", "file", None)]),
        ('"quoted"', [('"quoted"', "file", None)]),
        ("a, ,b", [("a", "file", None), ("b", "file", None)]),
        ("[broken", [("[broken", "file", None)]),
        ("[" * 100_000, [("[" * 100_000, "file", None)]),
    ],
)
def test_a_list_in_the_metadata_is_read(text, expected):
    assert [found[:3] for found in served({"attachments": text})] == expected


def test_prefixed_keys_are_read_and_manifests_a_second_time():
    found = served({"File:x": " x.bin ", "attachment_links": "one,two", "attachment:": "   ", "filex": "no"})

    assert found == [
        ("one", "file", None, "attachment_links"),
        ("two", "file", None, "attachment_links"),
        ("x.bin", "file", None, "File:x"),
        ("one,two", "file", None, "attachment_links"),
    ]


def test_words_are_counted_where_the_store_did_not():
    response = {"task_id": "t", "response": " two\nwords ", "category_key": "c", "task_type": "code"}
    document = submissions.Submission.model_validate(
        {"submission_id": "s", "username": "u", "responses": [response, {**response, "word_count": 7}]}
    )

    assert [entry.word_count for entry in submissions.served(document).responses] == [2, 7]
