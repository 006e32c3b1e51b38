"""Pages of other sites: their posts are refused, and nothing is framed or read.

Unless the option lists their origin.
"""

import pytest

from tests.webapp.running_app import HTML, browser_form, photo
from webapp.app import create_app
from webapp.requests.hosts import AllowedHosts

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


def test_a_preflight_of_an_origin_that_is_not_listed_allows_nothing(client):
    wanted = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
        "Access-Control-Request-Private-Network": "true",
    }
    for path in ("/predict", "/v1/models/grey:predict", "/v2/models/grey/infer"):
        answer = client.options(path, headers={"Origin": OTHER, **wanted})
        assert "Access-Control-Allow" not in str(answer.headers)


def test_a_preflight_never_opens_a_private_network_to_pages_of_the_internet(client):
    wanted = {"Access-Control-Request-Private-Network": "true"}
    answer = client.options("/predict", headers={"Origin": LISTED, **wanted})
    assert "Access-Control-Allow-Private-Network" not in answer.headers


# Posts of other sites' pages, on every route and in every form that needs no preflight

FORMS = {
    "a form": "application/x-www-form-urlencoded",
    "a form with files": "multipart/form-data; boundary=x",
    "a form as text": "text/plain",
    "JSON as text": "text/plain; charset=utf-8",
    "no type": None,
    "JSON, as old plug-ins sent it": "application/json",
}
FOREIGN = {
    "cross-site": {"Sec-Fetch-Site": "cross-site", "Origin": OTHER},
    "cross-site without an Origin": {"Sec-Fetch-Site": "cross-site"},
    "another port of this machine": {"Sec-Fetch-Site": "same-site"},
    "a name that no browser has yet": {"Sec-Fetch-Site": "near-site"},
    "no Sec-Fetch-Site, as over http": {"Origin": OTHER},
    "a sandboxed frame or a file": {"Origin": "null"},
    "another port": {"Origin": "http://localhost:8080"},
    "a host that begins alike": {"Origin": "http://localhost.evil.test"},
    "a host that ends alike": {"Origin": "http://evil.test/localhost"},
    "a user that is called alike": {"Origin": "http://localhost@evil.test"},
    "a browser before 2020": {"Referer": "http://evil.test/page"},
    "an address in the query": {"Referer": "http://evil.test/?http://localhost/"},
}
OWN = {
    "the page": {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
    "a bookmark": {"Sec-Fetch-Site": "none"},
    "the page over http": {"Origin": "http://localhost"},
    "a host in capitals": {"Origin": "http://LOCALHOST"},
    "a browser before 2020": {"Referer": "http://localhost/?model=grey"},
    "a program": {},
}


def routes(client, method: str) -> list[str]:
    """An address of each route that answers the method."""
    values = {"name": "grey", "version": 1, "label": "stable", "filename": "page.css"}
    rules = client.application.url_map.iter_rules()
    adapter = client.application.url_map.bind("localhost")
    found = []
    for rule in rules:
        if method in rule.methods:
            given = {name: values[name] for name in rule.arguments}
            found.append(adapter.build(rule.endpoint, given, method))
    return found


@pytest.mark.parametrize("sender", FOREIGN)
def test_every_route_refuses_the_posts_of_other_sites(kinds_client, sender):
    for path in routes(kinds_client, "POST"):
        for kind in FORMS.values():
            answer = kinds_client.post(
                path, data=b"{}", content_type=kind, headers=FOREIGN[sender]
            )
            assert answer.status_code == 403, (path, kind)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "ODD"])
def test_other_methods_of_other_sites_are_refused(kinds_client, method):
    headers = {"Origin": OTHER, "X-HTTP-Method-Override": "GET"}
    answer = kinds_client.open("/predict", method=method, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("sender", OWN)
def test_the_own_page_and_programs_may_post(kinds_client, sender):
    form = browser_form([("image", "a.png", photo())], model="grey")
    answer = kinds_client.post("/predict", headers=OWN[sender], **form)
    assert answer.status_code == 200


def test_a_page_at_a_name_with_an_underscore_may_post(kinds):
    app = create_app(kinds, ALLOWED_HOSTS=AllowedHosts.parse("my_app"))
    headers = {"Host": "my_app:5000", "Origin": "http://my_app:5000"}
    answer = app.test_client().post(
        "/predict?model=grey", data=photo(), headers=headers
    )
    assert answer.status_code == 200


def test_what_every_site_may_get_changes_nothing(kinds, kinds_client):
    def state():
        loaded = [(one.name, one.version, id(one.model)) for one in kinds.newest()]
        return loaded, kinds.failures()

    before = state()
    for path in routes(kinds_client, "GET"):
        for query in ("", "?model=price&unload=1&_method=POST&load=1"):
            headers = {"X-HTTP-Method-Override": "POST", **FOREIGN["cross-site"]}
            answer = kinds_client.get(path + query, headers=headers)
            assert answer.status_code in (200, 404), path
            assert "Set-Cookie" not in answer.headers
    assert state() == before


@pytest.mark.parametrize("accept", [HTML, {}], ids=["HTML", "JSON"])
def test_no_answer_can_be_framed_sniffed_or_read_by_other_sites(kinds_client, accept):
    for path in (*routes(kinds_client, "GET"), "/nowhere", "/predict"):
        headers = kinds_client.get(path, headers=accept).headers
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'self';" in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert ALLOWED not in headers


def test_a_template_in_a_request_is_not_rendered(kinds_client):
    query = {"model": "{{ 7 * 7 }}{% print(config) %}"}
    html = kinds_client.get("/", query_string=query, headers=HTML).text
    assert "{{ 7 * 7 }}{% print(config) %}" in html
    assert "MAX_CONTENT_LENGTH" not in html
