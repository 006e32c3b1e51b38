"""Texts of a request reach no header of its answer, and pages only as text."""

import pytest

from tests.webapp.running_app import HTML, browser_form, photo

SPLIT = "x\r\nX-Injected: 1\r\n\r\n<script>"
ADDRESSES = (
    *("/?model=", "/?drawing=", "/?top=", "/predict?model=", "/explain?model="),
    *(
        "/v1/models/",
        "/v2/models/",
        "/static/",
        "/nowhere/",
        "/v1/models/whole/labels/",
    ),
)
NAMES = ("X_REQUEST_ID", "ACCEPT", "ORIGIN", "REFERER", "USER_AGENT", "X_FORWARDED_FOR")
CONTROL = "\u202egnp\x1b[31m\ud800\x00\n"


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("headers", [{}, HTML], ids=["JSON", "HTML"])
def test_a_line_break_in_an_address_adds_no_header(kinds_client, address, headers):
    method = "POST" if address.startswith(("/predict", "/explain")) else "GET"
    target = address + SPLIT.replace("\r", "%0d").replace("\n", "%0a").replace(
        " ", "%20"
    )
    answer = kinds_client.open(target, method=method, data=photo(), headers=headers)
    assert answer.status_code < 500
    assert_harmless(answer)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("path", ["/", "/predict", "/v1/models/whole", "/nowhere"])
def test_a_line_break_in_a_header_is_not_repeated(kinds_client, name, path):
    answer = kinds_client.get(path, environ_overrides={f"HTTP_{name}": SPLIT})
    assert answer.status_code < 500
    assert_harmless(answer)


def assert_harmless(answer) -> None:
    assert "X-Injected" not in answer.headers
    values = [value for _, value in answer.headers]
    assert not any(
        "\r" in value or "\n" in value or "<script>" in value for value in values
    )
    if answer.mimetype == "text/html":
        assert "<script>" not in answer.text


@pytest.mark.parametrize("given", ["a\n", "a b", "é", "a" * 65, "../a", "", "a;b"])
def test_an_odd_id_of_a_request_is_replaced(kinds_client, given):
    headers = {"HTTP_X_REQUEST_ID": given}
    answer = kinds_client.get("/v1/models", environ_overrides=headers)
    assert answer.headers["X-Request-ID"] != given
    assert answer.headers["X-Request-ID"].isalnum()


@pytest.mark.parametrize("query", ["", "?fragment=1"])
def test_a_file_name_is_printable_on_the_page(kinds_client, query):
    form = browser_form(
        [("image", f"cat{CONTROL[:-2]}.png".replace("\ud800", ""), photo())]
    )
    page = kinds_client.post(f"/predict{query}", **form, headers=HTML).text
    assert not {*"\u202e\x1b\x00"} & {*page}


def test_the_name_of_an_unknown_model_is_printable_on_the_page(kinds_client):
    query = {"model": CONTROL.replace("\ud800", "")}
    page = kinds_client.get("/", query_string=query, headers=HTML).text
    assert r"served here as \u202egnp\x1b[31m" in page
    assert not {*"\u202e\x1b\x00"} & {*page}
