"""The page loads nothing from other sites, and other sites cannot post to it."""

import pytest
from playwright.sync_api import expect

from tests.browser.page_actions import RED_CORNER, answers, choose, submit

pytestmark = pytest.mark.slow


def test_page_is_one_document_its_modules_one_style_sheet_and_its_pictures(page, url):
    requests = []
    page.on("request", lambda request: requests.append(request))
    page.goto(url, wait_until="networkidle")
    kinds = [request.resource_type for request in requests]
    once = ("document", "script", "stylesheet")
    assert [kinds.count(kind) for kind in once] == [1, 3, 1]
    assert {*kinds} <= {*once, "image", "other"}
    assert all(request.url.startswith(url) for request in requests)


def test_explanation_obeys_the_content_security_policy(page):
    choose(page, RED_CORNER)
    page.get_by_role("button", name="Show why").click()
    expect(page.locator(".heat")).to_be_visible()
    assert page.complaints == []


def test_page_works_over_http_at_an_address_that_is_not_localhost(page, url):
    page.goto(url.replace("127.0.0.1", "a.machine.test"))
    choose(page, RED_CORNER)  # here browsers send no Sec-Fetch-Site
    expect(answers(page).get_by_role("heading")).to_have_text("cat")


def test_form_works_over_http_at_an_address_that_is_not_localhost(open_page, url):
    page = open_page(java_script_enabled=False)
    page.goto(url.replace("127.0.0.1", "a.machine.test"))
    submit(page, RED_CORNER)
    expect(page.get_by_role("heading", level=1)).to_have_text("cat")


def test_a_name_that_is_made_to_lead_here_reads_nothing(page, url):
    rebound = url.replace("127.0.0.1", "rebound.machine.test")
    answer = page.goto(rebound)
    assert (answer.status, "--allowed-hosts" in answer.text()) == (400, True)
    script = "path => fetch(path).then(answer => answer.text())"
    read = [page.evaluate(script, path) for path in ("/v1/models", "/metrics", "/")]
    assert not any("tiny" in text for text in read)


def test_another_page_cannot_frame_this_one(page, url):
    page.route(
        "http://evil.test/",
        lambda route: route.fulfill(
            content_type="text/html", body=f'<iframe src="{url}"></iframe>'
        ),
    )
    page.goto("http://evil.test/", wait_until="networkidle")
    (frame,) = page.main_frame.child_frames
    assert not frame.url.startswith("http://127")


def test_another_site_cannot_post_a_form(page, url):
    page.route(
        "http://evil.test/",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<form method="post" action="{url}predict"><button>Go</button>',
        ),
    )
    page.goto("http://evil.test/")
    with page.expect_response(f"{url}predict") as answer:
        page.get_by_role("button").click()
    assert answer.value.status == 403


def test_links_to_other_sites_send_no_referer(page):
    requests = []
    page.route(
        "http://elsewhere.test/",
        lambda route: (requests.append(route.request), route.fulfill(body="")),
    )
    page.evaluate("location.href = 'http://elsewhere.test/'")
    page.wait_for_url("http://elsewhere.test/")
    assert [request.headers.get("referer") for request in requests] == [None]
