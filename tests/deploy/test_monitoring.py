"""Alert rules and dashboard: valid, and about metrics that the app has."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from helpers.serving.library import Library
from tests.deploy.proxies import ROOT
from tests.deploy.tools import needs
from tests.webapp.running_app import photo, write_model
from webapp.app import create_app

RULES = ROOT / "deploy" / "prometheus-rules.yaml"
DASHBOARD = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text())
NAME = re.compile(r"\b([a-z]+(?:_[a-z]+)+)(?=\{|\[|\s*$|\s|\))")
WORDS = {"histogram_quantile"}
LOAD = 'http_requests_total{job="freeze-serve", code="%s"}'
SERIES = {
    "FreezeServeDown": [('up{job="freeze-serve"}', "0x20")],
    "FreezeServeErrors": [(LOAD % 500, "0+5x20"), (LOAD % 200, "0+95x20")],
    "FreezeServeOverloaded": [
        ('photos_rejected_total{job="freeze-serve", reason="busy"}', "0+1x20")
    ],
    "FreezeServeSlow": [
        ('photo_queue_seconds_bucket{job="freeze-serve", le="1"}', "0+1x20"),
        ('photo_queue_seconds_bucket{job="freeze-serve", le="2"}', "0+9x20"),
        ('photo_queue_seconds_bucket{job="freeze-serve", le="+Inf"}', "0+10x20"),
    ],
    "FreezeServeVersionBroken": [
        ('model_version_broken{job="freeze-serve", model="m", version="2"}', "1x20")
    ],
    "FreezeServeNotReloading": [
        ('model_reload_age_seconds{job="freeze-serve", instance="a"}', "0+60x20")
    ],
    "FreezeServeGraphGrows": [
        ('model_graph_ops{job="freeze-serve", model="m", version="2"}', "9+1x20")
    ],
}
NORMAL = [
    ('model_reload_age_seconds{job="freeze-serve", instance="a"}', "2x20"),
    ('up{job="freeze-serve"}', "1x20"),
    (LOAD % 500, "0x20"),
    (LOAD % 200, "0+95x20"),
    ('photos_rejected_total{job="freeze-serve", reason="busy"}', "0x20"),
    ('photo_queue_seconds_bucket{job="freeze-serve", le="1"}', "0+10x20"),
    ('photo_queue_seconds_bucket{job="freeze-serve", le="+Inf"}', "0+10x20"),
    ('model_graph_ops{job="freeze-serve", model="m", version="2"}', "9x20"),
]


def alerts() -> list[dict]:
    return yaml.safe_load(RULES.read_text())["groups"][0]["rules"]


def expressions() -> list[str]:
    panels = [target["expr"] for p in DASHBOARD["panels"] for target in p["targets"]]
    return panels + [rule["expr"] for rule in alerts()]


@pytest.fixture(scope="module")
def exposed(tmp_path_factory) -> set[str]:
    """The names in /metrics after an answer."""
    file = write_model(tmp_path_factory.mktemp("models") / "1.pb", image_size=8)
    with Library.load({"tiny": file}) as library:
        app = create_app(library)
        app.extensions["metrics"].watch(lambda: 0)
        app.extensions["metrics"].watch_reloading(lambda: 0)
        client = app.test_client()
        assert client.post("/predict", data=photo()).status_code == 200
        text = client.get("/metrics").text
    found = set(re.findall(r"^# TYPE (\w+)", text, re.M)) | {"up"}
    endings = ("", "_bucket", "_count", "_sum")
    return {name + ending for name in found for ending in endings}


def test_every_metric_of_the_rules_and_the_dashboard_exists(exposed):
    bare = [re.sub(r'"[^"]*"|\b(by|on) \([^)]*\)', "", text) for text in expressions()]
    used = {name for text in bare for name in NAME.findall(text)} - WORDS
    assert len(used) >= 7
    assert used <= exposed


@needs("promtool")
def test_the_rules_are_valid():
    ended = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True)
    assert ended.returncode == 0, ended.stderr
    assert f"{len(SERIES)} rules found".encode() in ended.stdout


def fires(name: str, series: list[tuple[str, str]], tmp_path) -> bool:
    """Whether promtool says that the alert fires after 18 minutes of these samples."""
    shutil.copy(RULES, tmp_path / "rules.yaml")
    inputs = [{"series": metric, "values": values} for metric, values in series]
    quiet = {"eval_time": "18m", "alertname": name, "exp_alerts": []}
    test = {"interval": "1m", "input_series": inputs, "alert_rule_test": [quiet]}
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "tests": [test]}))
    ended = subprocess.run(
        ["promtool", "test", "rules", file], capture_output=True, text=True
    )
    output = ended.stdout + ended.stderr
    assert ("SUCCESS" in output) != ("FAILED" in output), output
    return "FAILED" in output


@needs("promtool")
@pytest.mark.parametrize("name", SERIES)
def test_each_alert_fires_when_it_should_and_not_in_normal_times(name, tmp_path):
    assert fires(name, SERIES[name], tmp_path)
    assert not fires(name, NORMAL, tmp_path)


def test_every_alert_is_tried_and_says_what_to_do():
    assert [rule["alert"] for rule in alerts()] == [*SERIES]
    assert all(":" in rule["annotations"]["summary"] for rule in alerts())


def test_the_panels_of_the_dashboard_do_not_overlap():
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    assert len({(place["x"], place["y"]) for place in places}) == len(places)
    assert all(panel["title"] and panel["targets"] for panel in DASHBOARD["panels"])
