"""A page of another site, in a real browser, against the service; and our own /docs."""

import pytest

from coach.models import ChatFile

pytestmark = pytest.mark.django_db(transaction=True)

# A form needs no preflight: browsers send it to any site.
UPLOAD = """async (address) => {
    const answers = [];
    for (const mode of ["no-cors", "cors"]) {
        const form = new FormData();
        form.append("file", new Blob(["x"]), "a.txt");
        try { answers.push((await fetch(address + "/api/chatkit/upload", {method: "POST", mode, body: form})).status); }
        catch (error) { answers.push("no answer"); }
    }
    return answers;
}"""


def upload_from(chromium, page_address, service_address):
    page = chromium.new_page()
    page.goto(page_address)
    answers = page.evaluate(UPLOAD, service_address)
    page.close()
    return answers


def test_a_page_of_another_site_changes_nothing(chromium, live_server):
    # The same machine under another name is another site.
    elsewhere = live_server.url.replace("localhost", "127.0.0.1")

    assert upload_from(chromium, f"{elsewhere}/healthz", live_server.url) == [0, 403]
    assert not ChatFile.objects.exists()


def test_the_documentation_page_can_try_a_request(chromium, live_server):
    assert upload_from(chromium, f"{live_server.url}/docs", live_server.url) == [200, 200]
    assert ChatFile.objects.count() == 2
