"""The recipes for nginx and Caddy before the real app: https, paths, limits, drain.

The recipe of webapp/README.md is the one that is run.
"""

import json
import random
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deploy.proxies import HOST, README, RECIPE, ROOT, ask, caddy, nginx
from tests.deploy.tools import needs
from tests.webapp.running_app import APP, photo, running, write_model
from tests.webapp.slow_app import slow
from webapp.options import KEEP_ALIVE

pytestmark = [pytest.mark.slow, needs("nginx", "caddy", "openssl")]

DEPLOY = ROOT / "deploy"
WAYS = {
    "README": (nginx, RECIPE, ""),
    "nginx.conf": (nginx, (DEPLOY / "nginx.conf").read_text(), "/cats"),
    "Caddyfile": (caddy, (DEPLOY / "Caddyfile").read_text(), "/cats"),
}
HTML = {"Accept": "text/html"}
IDLE = 0.9  # seconds; the proxies are told two thirds of it


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The port of the app, as the recipes start it."""
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "tiny" / "1.pb")
    command = (APP, "--models", str(folder), "--trusted-proxies", "127.0.0.1")
    with running(*command, "--allowed-hosts", HOST) as process:
        yield process.port()


@pytest.fixture(scope="module", params=WAYS)
def proxy(request, app, tmp_path_factory):
    start, recipe, prefix = WAYS[request.param]
    folder = tmp_path_factory.mktemp("proxy") / "run"
    with start(recipe, folder, app, prefix=prefix) as proxy:
        yield proxy


def test_a_photo_is_answered_over_https(proxy):
    status, headers, body = proxy.ask("POST", "/predict", photo())
    assert (status, json.loads(body)["label"]) == (200, "cat")
    assert headers["X-Request-ID"]


def test_links_forms_and_the_curl_line_are_those_of_the_client(proxy):
    status, _, body = proxy.ask("GET", "/", **HTML)
    page, prefix = body.decode(), proxy.prefix
    assert status == 200
    assert f'action="{prefix}/predict"' in page
    assert f"photo.jpg https://{HOST}:{proxy.port}{prefix}/predict" in page
    for address in re.findall(r' (?:href|src|action)="([^"]+)"', page):
        assert address.startswith(f"{prefix}/")
    (script,) = re.findall(r'src="([^"]+page\.js[^"]*)"', page)
    assert proxy.ask("GET", script.removeprefix(prefix))[0] == 200


def test_only_the_own_page_may_post(proxy):
    own, other = f"https://{HOST}:{proxy.port}", "https://evil.test"
    assert proxy.ask("POST", "/predict", photo(), Origin=own)[0] == 200
    assert proxy.ask("POST", "/predict", photo(), Origin=other)[0] == 403


def test_22_mb_are_refused_with_a_sentence(proxy):
    status, headers, body = proxy.ask("POST", "/predict", bytes(22_000_000))
    assert status == 413
    assert headers["Content-Type"] == "application/problem+json"
    assert "20 MB" in json.loads(body)["detail"]


def test_metrics_are_not_for_the_public(proxy):
    assert proxy.ask("GET", "/metrics")[0] == 403
    assert proxy.ask("GET", "/monitoring/prometheus/metrics")[0] == 403


def test_a_client_cannot_choose_the_host_behind_the_longer_recipes(proxy):
    forged = {"X_Forwarded_Host": "evil.test", "X_Forwarded_Prefix": "/evil"}
    status, _, body = proxy.ask("GET", "/", **HTML, **forged, X_Forwarded_Port="1")
    refused = "does not answer to the host 'evil.test" in body.decode()
    if proxy.prefix:
        assert (status, "evil" in body.decode()) == (200, False)
    else:  # ten lines are not all: they pass the header on, and the app refuses it
        assert (status, refused) == (400, True)


def test_the_path_without_its_slash_leads_to_the_page(proxy):
    if proxy.prefix:
        status, headers, _ = proxy.ask("GET", "")
        assert status == 308
        assert headers["Location"].endswith("/cats/")


@pytest.fixture(params=WAYS)
def slow_proxy(request, tmp_path):
    """The slow app, which closes idle connections early, and a proxy before it."""
    start, recipe, prefix = WAYS[request.param]
    recipe = recipe.replace(
        "location /cats/ {", "location /cats/ { rewrite ^/cats(.*) $1 break;"
    )
    recipe = recipe.replace("handle /cats/*", "handle_path /cats/*")
    with slow(keep_alive=IDLE) as (process, port):
        keep_alive = f"{IDLE * 2000 / 3:.0f}ms"
        with start(recipe, tmp_path / "run", port, keep_alive, prefix) as proxy:
            yield process, proxy


def test_idle_connections_are_used_again_and_a_drain_loses_nothing(slow_proxy):
    process, proxy = slow_proxy
    chance = random.Random(1)

    def client(pauses: list[float]) -> list[int]:
        with proxy.connection() as connection:
            statuses = []
            for pause in pauses:
                path = f"{proxy.prefix}/wait/0.0"
                statuses.append(ask(connection, "GET", path)[0])
                time.sleep(pause)
            return statuses

    pauses = [[chance.uniform(0.5, 1.0) for _ in range(3)] for _ in range(24)]
    with ThreadPoolExecutor(24) as pool:
        found = {status for statuses in pool.map(client, pauses) for status in statuses}
        assert found == {200}
        while process.line() != "arrived":
            pass
        last = [pool.submit(proxy.ask, "GET", "/wait/0.3") for _ in range(3)]
        time.sleep(0.4)
        process.popen.send_signal(signal.SIGTERM)
        assert [one.result()[0] for one in last] == [200] * 3
    assert process.end() == (0, "")


def test_every_recipe_states_a_shorter_idle_time_than_the_app():
    for _, recipe, _ in WAYS.values():
        (seconds,) = re.findall(r"keepalive(?:_timeout)? (\d+)s", recipe)
        assert int(seconds) < KEEP_ALIVE
        assert f"{KEEP_ALIVE:g} s" in recipe
    assert f"after {KEEP_ALIVE:g} s without" in README.replace("\n", " ")


def test_the_recipe_of_the_readme_has_ten_lines():
    assert len(RECIPE.splitlines()) == 10
