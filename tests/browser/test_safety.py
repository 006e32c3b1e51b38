"""What the page takes from elsewhere, which is nothing, and who may post to it."""

from playwright.sync_api import expect

from tests.browser.visiting import RED_CORNER, answers, choose


def test_page_is_one_document_one_module_one_style_sheet_and_its_pictures(page, url):
    asked = []
    page.on("request", lambda request: asked.append(request))
    page.goto(url, wait_until="networkidle")
    kinds = [request.resource_type for request in asked]
    once = ("document", "script", "stylesheet")
    assert [kinds.count(kind) for kind in once] == [1, 1, 1]
    assert {*kinds} <= {*once, "image", "other"}
    assert [request.url for request in asked if not request.url.startswith(url)] == []


def test_asking_breaks_no_rule_of_the_policy(page):
    choose(page, RED_CORNER)
    page.get_by_role("button", name="Show why").click()
    expect(page.locator(".heat")).to_be_visible()
    assert page.complaints == []


def test_page_works_under_a_name_that_browsers_do_not_trust(page, url):
    page.goto(url.replace("127.0.0.1", "a.machine.test"))
    choose(page, RED_CORNER)  # over plain HTTP no Sec-Fetch-Site tells who posts
    expect(answers(page).get_by_role("heading")).to_have_text("Cat")


def test_form_works_under_a_name_that_browsers_do_not_trust(plain, url):
    plain.goto(url.replace("127.0.0.1", "a.machine.test"))
    choose(plain, RED_CORNER)
    plain.get_by_role("button", name="Ask", exact=True).click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Cat")


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


def test_no_other_site_is_told_where_a_visitor_comes_from(page):
    told = []
    page.route(
        "http://elsewhere.test/",
        lambda route: (told.append(route.request.headers), route.fulfill(body="")),
    )
    page.evaluate("location.href = 'http://elsewhere.test/'")
    page.wait_for_url("http://elsewhere.test/")
    assert [headers.get("referer") for headers in told] == [None]
