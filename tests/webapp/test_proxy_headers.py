"""Prefix, scheme and host behind a proxy: of links, redirects and refusals."""

import pytest

from tests.webapp.running_app import HTML, photo
from webapp.app import create_app
from webapp.proxy_headers import TrustedProxies, parse_prefix
from webapp.requests.hosts import AllowedHosts

PROXIES = TrustedProxies.parse("10.0.0.0/8, 192.168.1.7, fd00::/8")
HOSTS = AllowedHosts.parse("photos.example.com, a.example")
PROXY, OTHER = {"REMOTE_ADDR": "10.1.2.3"}, {"REMOTE_ADDR": "203.0.113.9"}


@pytest.fixture(scope="module")
def client(kinds):
    app = create_app(kinds, TRUSTED_PROXIES=PROXIES, ALLOWED_HOSTS=HOSTS)
    return app.test_client()


@pytest.fixture(scope="module")
def mounted(kinds):
    app = create_app(kinds, TRUSTED_PROXIES=PROXIES, PREFIX="/cats")
    return app.test_client()


def forwarded(**headers: str) -> dict[str, str]:
    return {f"X-Forwarded-{name}": value for name, value in headers.items()}


HTTPS = forwarded(Proto="https", Host="photos.example.com", Prefix="/cats")


def page(client, headers=None, base=PROXY, path="/") -> str:
    given = {**HTML, **(headers or {})}
    return client.get(path, headers=given, environ_base=base).text


def test_links_scripts_and_forms_are_below_the_prefix(client):
    text = page(client, HTTPS)
    for address in ('action="/cats/predict"', 'src="/cats/static/page.js"'):
        assert address in text
    for attribute in ("href", "src", "action", "data-why", "formaction"):
        addresses = [part.split('"')[0] for part in text.split(f' {attribute}="')[1:]]
        assert all(address.startswith("/cats/") for address in addresses)


def test_curl_line_has_the_scheme_host_and_prefix_of_the_client(client):
    text = page(client, HTTPS)
    assert "curl -F image=@photo.jpg https://photos.example.com/cats/predict" in text
    assert "https://photos.example.com/cats/v1/models/" in text


def test_headers_of_others_are_ignored(client):
    text = page(client, HTTPS, base=OTHER)
    assert "http://localhost/predict" in text
    assert "photos.example.com" not in text


@pytest.mark.parametrize("path", ["/cats/healthz", "/healthz"])
def test_a_proxy_may_strip_the_prefix_or_not(mounted, path):
    assert mounted.get(path).json == {"status": "ok"}


@pytest.mark.parametrize("path", ["/", "/cats", "/cats/"])
def test_the_page_is_at_the_prefix(mounted, path):
    assert 'action="/cats/predict"' in page(mounted, path=path)


def test_a_path_that_only_begins_like_the_prefix_is_not_below_it(mounted):
    assert mounted.get("/catsuits").json["detail"] == (
        "There is nothing at /cats/catsuits: the page is at /cats/."
    )


def test_prefix_of_the_header_replaces_the_option(mounted):
    assert 'action="/dogs/predict"' in page(mounted, forwarded(Prefix="/dogs/"))


def test_contract_names_the_prefix(mounted, client):
    assert mounted.get("/openapi.json").json["servers"] == [{"url": "/cats"}]
    assert "servers" not in client.get("/openapi.json").json


def test_the_last_value_counts_that_the_nearest_proxy_added(client):
    headers = forwarded(Host="evil.test, photos.example.com", Proto="http, HTTPS")
    assert "https://photos.example.com/predict" in page(client, headers)


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        (forwarded(Port="8443", Proto="https"), "https://localhost:8443/predict"),
        (forwarded(Port="443", Proto="https"), "https://localhost/predict"),
        (forwarded(Port="81", Host="a.example:80"), "http://a.example:81/predict"),
        (forwarded(Host="[fd00::1]:81"), "http://[fd00::1]:81/predict"),
        (forwarded(Host=""), "http://localhost/predict"),
    ],
)
def test_port_belongs_to_the_host(client, headers, address):
    assert f"photo.jpg {address}<" in page(client, headers)


@pytest.mark.parametrize(
    "headers",
    [
        forwarded(Proto="gopher"),
        forwarded(Host="a.example/evil"),
        forwarded(Host='"><script>'),
        forwarded(Host="."),
        forwarded(Host="a.example:0"),
        forwarded(Port="80a"),
        forwarded(Port="99999"),
        forwarded(Prefix="//evil.test"),
        forwarded(Prefix="/a/../b"),
        forwarded(Prefix="cats"),
        forwarded(Prefix="/v1"),
    ],
    ids=str,
)
def test_headers_that_are_none_get_one_sentence(client, headers):
    answer = client.get("/healthz", headers=headers, environ_base=PROXY)
    assert answer.status_code == 400
    (value,) = headers.values()
    assert value in answer.json["detail"]


def test_the_list_of_hosts_applies_to_the_host_that_a_trusted_proxy_names(client):
    other = {"Host": "evil.test"}
    listed, odd = forwarded(Host="a.example"), forwarded(Host="evil.test")
    found = {
        "trusted, listed": client.get(
            "/v1/models", headers=listed | other, environ_base=PROXY
        ),
        "trusted, not listed": client.get(
            "/v1/models", headers=odd, environ_base=PROXY
        ),
        "of others": client.get(
            "/v1/models", headers=listed | other, environ_base=OTHER
        ),
    }
    assert [answer.status_code for answer in found.values()] == [200, 400, 400]


def post(client, base=PROXY, **headers: str) -> int:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = client.post(
        "/predict?model=unit", data=photo(), headers=sent, environ_base=base
    )
    return answer.status_code


def test_our_own_page_may_post_through_the_proxy(client):
    origin = "https://photos.example.com"
    assert post(client, Origin=origin, **HTTPS) != 403
    assert post(client, Origin="https://evil.test", **HTTPS) == 403
    assert post(client, Origin=origin, base=OTHER, **HTTPS) == 403


@pytest.mark.parametrize(
    ("address", "is_trusted"),
    [
        ("10.255.0.1", True),
        ("192.168.1.7", True),
        ("192.168.1.8", False),
        ("::ffff:10.0.0.1", True),
        ("fd00::5", True),
        ("::1", False),
        ("localhost", False),  # how waitress names the client of a unix socket
        ("", False),
    ],
)
def test_only_named_networks_are_trusted(address, is_trusted):
    assert PROXIES.trusts(address) is is_trusted


def test_the_unix_socket_is_trusted_by_name():
    assert TrustedProxies.parse("unix").trusts("localhost")
    assert not TrustedProxies.parse("unix").trusts("127.0.0.1")


@pytest.mark.parametrize(
    ("text", "prefix"), [("", ""), ("/", ""), ("/cats/", "/cats"), ("/a/b.c", "/a/b.c")]
)
def test_prefix_has_no_slash_at_its_end(text, prefix):
    assert parse_prefix(text) == prefix


def test_no_route_of_the_app_may_begin_a_prefix(kinds):
    for rule in create_app(kinds).url_map.iter_rules():
        first = rule.rule.split("/")[1]
        if first:
            with pytest.raises(ValueError, match="address of the app"):
                parse_prefix(f"/{first}/more")
