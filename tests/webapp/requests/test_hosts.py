"""Hosts that links can be made with and that are listed, and the refusal of others."""

import socket

import pytest
from werkzeug.test import create_environ, run_wsgi_app

from tests.webapp.running_app import HTML
from webapp.app import create_app
from webapp.requests.hosts import ANY, AllowedHosts, is_host

HOSTS = ["localhost", "my_app:5000", "a.example.", "10.0.0.1", "[::1]:80", "[fd00::1]"]
ODD = [".", "a..b", "a" * 64, "xn--zz", "[1::2::3]", "[::1", "a:0", "a:65536", "a/b"]
LISTED = AllowedHosts.parse("www.a.example, .b.example,bücher.example")
ALWAYS = ["", "localhost", "localhost:5000", "LOCALHOST.", "a.localhost"]
ALWAYS += ["127.0.0.1", "127.8.0.1:80", "192.168.1.5:5000", "8.8.8.8"]
ALWAYS += ["[::1]", "[::1]:5000", "[fd00::1]", "[::ffff:10.0.0.1]"]
NEVER = ["evil.test", "127.0.0.1.evil.test", "localhost.evil.test", "evil-localhost"]
NEVER += ["127.1", "2130706433", "0x7f.1", "a.example", "evil.test:80", "www-a.example"]


@pytest.fixture(scope="module")
def any_host(kinds):
    return create_app(kinds, ALLOWED_HOSTS=AllowedHosts.parse(ANY)).test_client()


@pytest.mark.parametrize("host", HOSTS)
def test_the_page_has_links_with_the_host(any_host, host):
    assert is_host(host)
    page = any_host.get("/", headers={**HTML, "Host": host})
    assert page.status_code == 200
    assert f"http://{host.removesuffix(':80')}/predict" in page.text


def test_a_program_may_ask_for_a_host_with_an_underscore(any_host):
    answer = any_host.get("/models", headers={"Host": "my_app:5000"})
    assert answer.status_code == 200


def ask(client, host: str, path: str = "/", **headers) -> tuple[str, str]:
    """The status and the body of a GET whose Host header is exactly that."""
    environ = create_environ(path, headers=headers) | {"HTTP_HOST": host}
    body, status, _ = run_wsgi_app(client.application, environ)
    return status, b"".join(body).decode()


@pytest.mark.parametrize("host", ODD)
@pytest.mark.parametrize("accept", [HTML, {}], ids=["HTML", "JSON"])
def test_a_host_that_is_none_gets_a_sentence(any_host, host, accept):
    assert not is_host(host)
    status, body = ask(any_host, host, **accept)
    assert status == "400 BAD REQUEST"
    assert "There is no host" in body


@pytest.mark.parametrize("host", ALWAYS)
def test_addresses_and_localhost_are_always_allowed(kinds_client, host):
    assert AllowedHosts().allows(host)
    assert ask(kinds_client, host, "/v1/models")[0] == "200 OK"


@pytest.mark.parametrize("host", NEVER)
def test_a_name_that_is_not_listed_is_refused(kinds_client, host):
    assert not LISTED.allows(host)
    status, body = ask(kinds_client, host, "/models")
    assert status == "400 BAD REQUEST"
    assert f"does not answer to the host '{host}'" in body
    assert "--allowed-hosts (FREEZE_SERVE_ALLOWED_HOSTS)" in body


@pytest.mark.parametrize(
    "host",
    [
        *("www.a.example", "WWW.A.EXAMPLE:8443", "www.a.example."),
        *("b.example", "x.b.example", "x.y.B.example:1", "xn--bcher-kva.example"),
    ],
)
def test_listed_names_and_those_below_a_listed_domain_are_allowed(host):
    assert LISTED.allows(host)
    assert AllowedHosts.parse(ANY).allows(host)


@pytest.mark.parametrize("host", ["b.example.evil.test", "xb.example", ".b.example.c"])
def test_a_name_that_only_resembles_a_listed_domain_is_refused(host):
    assert not LISTED.allows(host)


@pytest.mark.parametrize("path", ["/", "/models", "/v1/models", "/nowhere", "/readyz"])
def test_the_refusal_names_no_model_to_a_page_whose_name_leads_here(kinds_client, path):
    status, body = ask(kinds_client, "evil.test", path, **HTML)
    assert status == "400 BAD REQUEST"
    assert not any(
        model in body for model in kinds_client.get("/readyz").json["models"]
    )


def test_every_route_refuses_except_the_probes_that_say_only_yes(kinds_client):
    answered = set()
    for rule in kinds_client.application.url_map.iter_rules():
        path = rule.rule.partition("<")[0]
        if (
            "GET" in rule.methods
            and ask(kinds_client, "evil.test", path)[0][:3] != "400"
        ):
            answered.add(path)
    assert answered == {"/healthz", "/v2/health/live", "/v2/health/ready"}


@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS", "HEAD", "DELETE"])
def test_other_methods_are_refused_too(kinds_client, method):
    headers = {"Host": "evil.test"}
    assert (
        kinds_client.open("/predict", method=method, headers=headers).status_code == 400
    )


def test_the_name_of_the_machine_is_allowed_if_other_machines_can_connect():
    own = AllowedHosts().with_own_names("0.0.0.0").names
    assert socket.gethostname().lower() in own
    assert AllowedHosts().with_own_names("::").names == own


def test_a_name_that_the_server_listens_on_is_allowed():
    assert AllowedHosts().with_own_names("photos.lan").allows("photos.lan:5000")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "[::1]", "localhost", "unix:/s"])
def test_the_name_of_the_machine_is_not_allowed_on_loopback(host):
    assert LISTED.with_own_names(host) == LISTED


@pytest.mark.parametrize(
    "text", ["a:80", "http://a", "*.a.example", "..a", "a b", "a/b", "a,[::g]"]
)
def test_what_is_no_host_name_is_not_listed(text):
    with pytest.raises(ValueError, match="is not a host name"):
        AllowedHosts.parse(text)
