"""Hosts that links can be made with, and the refusal of others."""

import pytest
from werkzeug.test import create_environ, run_wsgi_app

from tests.webapp.running_app import HTML
from webapp.requests.hosts import is_host

HOSTS = ["localhost", "my_app:5000", "a.example.", "10.0.0.1", "[::1]:80", "[fd00::1]"]
ODD = [".", "a..b", "a" * 64, "xn--zz", "[1::2::3]", "[::1", "a:0", "a:65536", "a/b"]


@pytest.mark.parametrize("host", HOSTS)
def test_the_page_has_links_with_the_host(kinds_client, host):
    assert is_host(host)
    page = kinds_client.get("/", headers={**HTML, "Host": host})
    assert page.status_code == 200
    assert f"http://{host.removesuffix(':80')}/predict" in page.text


def test_a_program_may_ask_for_a_host_with_an_underscore(kinds_client):
    answer = kinds_client.get("/healthz", headers={"Host": "my_app:5000"})
    assert answer.status_code == 200


@pytest.mark.parametrize("host", ODD)
@pytest.mark.parametrize("accept", [HTML, {}], ids=["HTML", "JSON"])
def test_a_host_that_is_none_gets_a_sentence(kinds_client, host, accept):
    assert not is_host(host)
    environ = create_environ("/", headers=accept) | {"HTTP_HOST": host}
    body, status, _ = run_wsgi_app(kinds_client.application, environ)
    assert status == "400 BAD REQUEST"
    assert b"There is no host" in b"".join(body)
