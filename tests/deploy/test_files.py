"""Dockerfile, Compose, systemd and Kubernetes: what can be checked without them."""

import re
import subprocess

import pytest
import yaml

from tests.deploy.proxies import HOST, README, ROOT
from tests.deploy.run_dockerfile import steps_of
from tests.deploy.tools import needs
from webapp.app import main
from webapp.requests.hosts import AllowedHosts
from webapp.serving.server import DRAIN
from webapp.serving.supervisor import STOP_SECONDS

DEPLOY = ROOT / "deploy"
COMMENTED = ("deploy/nginx.conf", "deploy/Caddyfile", "deploy/freeze-serve.service")
COMMENTED += ("deploy/kubernetes.yaml", "deploy/prometheus-rules.yaml")
COMMENTED += ("Dockerfile", "compose.yaml")
STEPS = steps_of((ROOT / "Dockerfile").read_text())
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["app"]
OBJECTS = [*yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())]
POD = OBJECTS[0]["spec"]["template"]["spec"]
UNIT = (DEPLOY / "freeze-serve.service").read_text()
VARIABLES = {option.envvar for option in main.params}
HOSTS = "FREEZE_SERVE_ALLOWED_HOSTS"


@pytest.mark.parametrize("name", COMMENTED)
def test_each_file_begins_with_two_lines_that_say_when_to_use_it(name):
    lines = (ROOT / name).read_text().splitlines()
    assert lines[0].startswith("# For ")
    assert lines[1].startswith("# ")
    assert not lines[2].startswith("#")


def texts(name: str) -> list[str]:
    return [step.text for step in STEPS if step.name == name]


def test_what_the_image_copies_is_there_and_not_ignored():
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    for text in texts("COPY"):
        *sources, _ = text.split()
        for source in sources if "--from" not in text else []:
            assert (ROOT / source).exists()
            assert f"!{source}" in allowed


def test_the_image_has_stages_no_root_and_a_health_check():
    assert len(texts("FROM")) == 2
    assert texts("USER") == ["10001:10001"]
    assert "/healthz" in texts("HEALTHCHECK")[0]


def test_the_image_installs_the_versions_of_the_lock():
    locked = (ROOT / "requirements.lock").read_text()
    wanted = (DEPLOY / "requirements.txt").read_text()
    (version,) = set(re.findall(r"^tensorflow.*?==(\S+)", wanted, re.M))
    assert f"\ntensorflow=={version}\n" in locked
    for name in re.findall(r"^([a-z-]+)$", wanted, re.M):
        assert re.search(rf"^{name}==", locked, re.M), name


def test_every_variable_in_the_files_is_one_of_the_app():
    files = [*COMMENTED, "webapp/README.md", "README.md"]
    text = "".join((ROOT / name).read_text() for name in files)
    named = set(re.findall(r"FREEZE_SERVE_[A-Z]+(?:_[A-Z]+)*", text))
    assert len(named) >= 4
    assert named <= VARIABLES


@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(int(COMPOSE["stop_grace_period"][:-1]), id="Compose"),
        pytest.param(POD["terminationGracePeriodSeconds"] - 5, id="Kubernetes"),
        pytest.param(int(re.search(r"TimeoutStopSec=(\d+)", UNIT)[1]), id="systemd"),
    ],
)
def test_the_drain_has_time(seconds):
    assert seconds > STOP_SECONDS > DRAIN


def test_kubernetes_does_not_set_variables_that_look_like_options():
    services = [o["metadata"]["name"] for o in OBJECTS if o["kind"] == "Service"]
    assert services == ["freeze-serve"]  # whose link would be FREEZE_SERVE_PORT
    assert POD["enableServiceLinks"] is False


def test_the_pods_are_selected_and_probed_at_the_routes_of_the_app():
    deployment, service, budget = OBJECTS
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    selectors = (deployment["spec"]["selector"], budget["spec"]["selector"])
    assert all(selector["matchLabels"] == labels for selector in selectors)
    assert service["spec"]["selector"] == labels
    (container,) = POD["containers"]
    probes = [
        container[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness")
    ]
    assert [probe["httpGet"]["path"] for probe in probes] == [
        "/readyz",
        "/readyz",
        "/healthz",
    ]
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    assert mounts == {volume["name"] for volume in POD["volumes"]}


CLUSTER = ["freeze-serve", "freeze-serve.default.svc", "10.1.2.3:5000"]
CLUSTER += ["freeze-serve.default.svc.cluster.local:80"]
ALLOWED = {
    "Compose": (COMPOSE["environment"][HOSTS], [HOST, "app:5000", "127.0.0.1:5000"]),
    "Kubernetes": (
        next(
            one["value"] for one in POD["containers"][0]["env"] if one["name"] == HOSTS
        ),
        [HOST, *CLUSTER],
    ),
    "systemd": (re.search(rf"{HOSTS}=(\S+)", UNIT)[1], [HOST, "localhost:5000"]),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_the_hosts_that_clients_proxies_and_probes_name_are_allowed(name):
    text, asked = ALLOWED[name]
    allowed = AllowedHosts.parse(text)
    assert [host for host in asked if not allowed.allows(host)] == []
    assert not allowed.allows("evil.test")


@pytest.mark.parametrize("name", ["deploy/nginx.conf", "deploy/Caddyfile"])
def test_the_recipes_say_which_host_the_app_must_allow(name):
    assert f"--allowed-hosts {HOST}" in (ROOT / name).read_text()
    assert f"--allowed-hosts {HOST}" in README


@needs("systemd-analyze")
def test_the_unit_is_valid(tmp_path):
    there = tmp_path / "freeze-serve.service"
    there.write_text(re.sub(r"ExecStart=\S+ ", "ExecStart=/bin/true ", UNIT))
    ended = subprocess.run(
        ["systemd-analyze", "verify", there], capture_output=True, text=True
    )
    assert ended.returncode == 0
    assert "freeze-serve.service" not in ended.stderr
