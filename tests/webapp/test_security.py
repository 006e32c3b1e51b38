"""Pages of other origins: refused, unless the option lists them."""

import pytest

from tests.webapp.running_app import photo
from webapp.app import create_app

LISTED, OTHER = "https://www.example.com", "https://evil.test"
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture(scope="module")
def client(kinds):
    return create_app(kinds, CORS_ORIGINS=frozenset([LISTED])).test_client()


def post(client, origin: str):
    headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
    return client.post("/predict", data=photo(), headers=headers)


def test_no_other_origin_is_allowed_by_default(kinds_client):
    answer = post(kinds_client, LISTED)
    assert (answer.status_code, ALLOWED in answer.headers) == (403, False)


def test_a_listed_origin_may_post_and_read_the_answer(client):
    answer = post(client, LISTED)
    assert answer.status_code != 403
    assert answer.headers[ALLOWED] == LISTED
    assert "Origin" in answer.headers["Vary"]
    assert "X-Request-ID" in answer.headers["Access-Control-Expose-Headers"]


def test_an_origin_that_is_not_listed_is_refused(client):
    answer = post(client, OTHER)
    assert (answer.status_code, ALLOWED in answer.headers) == (403, False)


def test_errors_can_be_read_by_a_listed_origin(client):
    answer = client.get("/nothing", headers={"Origin": LISTED})
    assert (answer.status_code, answer.headers[ALLOWED]) == (404, LISTED)


def test_a_preflight_is_answered_with_the_methods_of_the_route(client):
    wanted = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = client.options("/predict", headers={"Origin": LISTED, **wanted})
    assert answer.status_code == 200
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type"


def test_a_star_allows_all_origins(kinds):
    client = create_app(kinds, CORS_ORIGINS=frozenset("*")).test_client()
    assert post(client, OTHER).headers[ALLOWED] == "*"
