"""A page of another site, in a real browser, against the service; and our own /docs."""

import pytest

from coach.models import SessionAttachment
from coach.models.sessions import digest

pytestmark = pytest.mark.django_db(transaction=True)

ATTACK = """async (address) => {
    const answers = [];
    for (const [path, body] of [["/api/session/reset", "{}"], ["/api/onboarding/plan", '{"username":"eve","goal":"x"}']])
        for (const mode of ["no-cors", "cors"])
            try { answers.push((await fetch(address + path, {method: "POST", mode, body})).status); }
            catch (error) { answers.push("refused"); }
    return answers;
}"""
OURS = """async () => (await fetch("/api/session/reset", {
    method: "POST", headers: {"Content-Type": "application/json"}, body: "{}"
})).status"""


@pytest.fixture
def attached(db):
    attachment = '{"file_id":"f","name":"n","mime_type":"text/plain","size":1}'
    SessionAttachment.objects.create(session_key=digest("s"), file_key=digest("f"), attachment=attachment)


def test_a_page_of_another_site_changes_nothing(chromium, live_server, attached):
    page = chromium.new_page()
    # The same machine under another name is another site.
    page.route(
        "http://evil.example/*", lambda route: route.fulfill(body="<p>a page", content_type="text/html")
    )
    page.goto("http://evil.example/")
    answers = page.evaluate(ATTACK, live_server.url)
    page.close()

    assert 204 not in answers
    assert 200 not in answers
    assert SessionAttachment.objects.count() == 1


def test_the_documentation_page_can_try_a_request(chromium, live_server, attached):
    page = chromium.new_page()
    page.goto(f"{live_server.url}/docs")
    status = page.evaluate(OURS)
    page.close()

    assert status == 204
    assert not SessionAttachment.objects.exists()
