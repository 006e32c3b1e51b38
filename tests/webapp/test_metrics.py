"""Metrics as Prometheus reads them, the models page, and the access log."""

import json
import logging
import re
import signal
from time import perf_counter

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from helpers.serving.library import Library
from helpers.serving.reloading import Reloader, follow
from helpers.serving.versions import published_in
from tests.webapp.running_app import APP, photo, running, write_model
from webapp.app import create_app, watch_reloading
from webapp.serving import access_log
from webapp.serving.admission import ARRIVED, TOO_MANY
from webapp.serving.in_flight import InFlightCounter


@pytest.fixture
def folder(tmp_path):
    write_model(tmp_path / "cats" / "1.pb")
    return tmp_path


@pytest.fixture
def library(folder):
    with Library.load_folder(folder) as library:
        yield library


@pytest.fixture
def app(library):
    return create_app(library)


@pytest.fixture
def client(app):
    return app.test_client()


def measured(client) -> dict:
    """Every sample by its name and its labels' values, in the labels' order."""
    text = client.get("/metrics").text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


# Metrics


def test_the_age_of_the_last_look_is_measured(app, library, client):
    assert ("model_reload_age_seconds",) not in measured(client)
    reloader = Reloader(library, dict, every=1)
    watch_reloading(app, reloader)
    reloader.poll()
    assert 0 <= measured(client)["model_reload_age_seconds",] < 60


def test_requests_are_counted_by_route_method_and_code(client):
    client.post("/predict", data=photo())
    client.post("/predict", data=b"no photo")
    client.get("/v1/models/cats")
    found = measured(client)
    assert found["http_requests_total", "200", "POST", "/predict"] == 1
    assert found["http_requests_total", "415", "POST", "/predict"] == 1
    assert found["http_requests_total", "200", "GET", "/v1/models/<model:name>"] == 1


def test_unknown_paths_and_methods_make_no_new_series(client):
    for number in range(5):
        client.get(f"/nothing/{number}")
        client.open("/predict", method=f"ODD{number}")
    series = {key for key in measured(client) if key[0] == "http_requests_total"}
    assert series == {
        ("http_requests_total", "404", "any", "none"),
        ("http_requests_total", "405", "any", "none"),
    }


@pytest.mark.parametrize("path", ["/predict", "/v1/models/cats:predict"])
def test_each_stage_of_an_answer_is_timed(client, path):
    data = photo() if path == "/predict" else json.dumps({"instances": PICTURE})
    client.post(path, data=data)
    found = measured(client)
    for stage in ("decode", "queue", "infer"):
        assert found[f"photo_{stage}_seconds_count", "cats"] == 1
        assert found[f"photo_{stage}_seconds_sum", "cats"] < 10
    assert found["photo_infer_seconds_sum", "cats"] > 0


PICTURE = [[[[255, 0, 0]] * 128] * 128]


def test_photos_in_flight_are_those_that_the_server_counts(app, client):
    in_flight = InFlightCounter()
    app.extensions["metrics"].watch(in_flight.count)
    in_flight.enter(9)
    in_flight.enter(9)
    assert measured(client)["photos_in_flight",] == 2
    in_flight.leave()
    assert measured(client)["photos_in_flight",] == 1


def test_refusals_are_counted(library):
    client = create_app(library).test_client()
    for refused in ({TOO_MANY: True}, {ARRIVED: perf_counter() - 60}):
        client.post("/predict", data=photo(), environ_overrides=refused)
    found = measured(client)
    assert found["photos_rejected_total", "busy"] == 1
    assert found["photos_rejected_total", "late"] == 1


def test_graphs_and_versions_are_those_loaded_now(folder, library, client):
    ops = len(library.model("cats").model.graph.get_operations())
    assert measured(client)["model_graph_ops", "cats", "1"] == ops
    write_model(folder / "cats" / "2.pb")
    follow(library, published_in(folder))
    found = measured(client)
    assert found["model_version_loaded", "cats", "2"] == 1
    assert ("model_version_loaded", "cats", "1") not in found


def test_a_broken_version_has_a_gauge(folder, library, client):
    (folder / "cats" / "2.pb").write_bytes(b"not a graph")
    follow(library, published_in(folder))
    assert measured(client)["model_version_broken", "cats", "2"] == 1


def test_ops_of_a_graph_do_not_grow_with_requests(client):
    client.post("/predict", data=photo())
    before = measured(client)["model_graph_ops", "cats", "1"]
    for _ in range(50):
        client.post("/predict", data=photo())
    assert measured(client)["model_graph_ops", "cats", "1"] == before


# The page's numbers


def test_models_are_reported_as_json(client):
    client.post("/predict", data=photo())
    (model,) = client.get("/models").json["models"]
    assert (model["name"], model["version"], model["requests"]) == ("cats", 1, 1)
    assert model["ops"] == model["ops_when_loaded"] > 0
    assert model["card"]["class_names"] == ["cat", "dog"]
    assert model["within_milliseconds"] >= model["mean_milliseconds"] > 0


def test_a_broken_version_is_reported(folder, library, client):
    (folder / "cats" / "2.pb").write_bytes(b"not a graph")
    follow(library, published_in(folder))
    report = client.get("/models").json
    (failure,) = report["failures"]
    assert (failure["model"], failure["version"]) == ("cats", 2)
    assert [v["is_live"] for v in report["models"][0]["versions"]] == [False, True]
    page = client.get("/models", headers={"Accept": "text/html"})
    assert "is not a frozen graph" in page.text


# Ids and the log


def test_every_answer_has_an_id_of_its_own(client):
    paths = ["/", "/healthz", "/nothing", "/v1/models/none", "/static/mark.svg"]
    ids = [client.get(path).headers["X-Request-ID"] for path in paths]
    assert len({*ids}) == len(paths)


def test_an_id_from_a_proxy_is_used(client):
    answer = client.get("/healthz", headers={"X-Request-ID": "from-the-proxy.1"})
    assert answer.headers["X-Request-ID"] == "from-the-proxy.1"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "ä"])
def test_an_id_that_could_spoil_the_log_is_replaced(client, given):
    answer = client.get("/healthz", headers={"X-Request-ID": given.encode()})
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-ID"])


def line_of(record, style=access_log.JsonFormatter) -> str:
    return style().format(record)


def test_a_request_is_one_line_of_json(client, caplog):
    caplog.set_level(logging.INFO)
    answer = client.post("/predict", data=photo())
    (record,) = caplog.records
    line = json.loads(line_of(record))
    assert line.pop("request") == answer.headers["X-Request-ID"]
    assert line.pop("ms") > 0
    assert line.pop("time").startswith("20")
    assert line == {
        "level": "info",
        "message": "request",
        "method": "POST",
        "path": "/predict",
        "status": 200,
        "model": "cats",
        "version": 1,
    }


@pytest.mark.parametrize("style", [access_log.JsonFormatter, access_log.TextFormatter])
def test_a_path_cannot_break_a_line(client, caplog, style):
    caplog.set_level(logging.INFO)
    client.get("/%0ainjected%1b[31m")
    (record,) = caplog.records
    line = line_of(record, style)
    assert "injected" in line
    assert line.isprintable()


def test_probes_are_not_logged(client, caplog):
    caplog.set_level(logging.INFO)
    for path in access_log.PROBES:
        client.get(path)
    assert caplog.records == []


def test_a_bug_is_traced_in_the_log_only(library, caplog):
    app = create_app(library)
    app.extensions["library"] = None
    answer = app.test_client().post("/predict", data=photo())
    traced = next(record for record in caplog.records if record.exc_info)
    line = json.loads(line_of(traced))
    assert answer.headers["X-Request-ID"] in line["message"]
    assert "Traceback" in line["exception"]
    assert "Traceback" not in answer.text


# The running process


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    write_model(models / "cats" / "1.pb")
    with running(APP, "--models", str(models), "--reload-every", "0.1") as process:
        process.url, process.models = f"http://127.0.0.1:{process.port()}", models
        yield process
        process.popen.send_signal(signal.SIGTERM)
        assert process.end() == (0, "")


def test_the_process_writes_its_log_and_reloads(process):
    def version() -> int:
        answer = requests.post(f"{process.url}/predict", photo(), timeout=30)
        return answer.json()["version"]

    assert version() == 1
    (process.models / "cats" / "2.pb").write_bytes(b"not a graph")
    process.line_with("not served")
    new = write_model(process.models / "cats" / "3.new")
    new.rename(process.models / "cats" / "3.pb")
    process.line_with("serving version 3")
    assert version() == 3


def test_a_request_that_the_parser_refuses_has_an_id_too(process):
    answer = requests.get(process.url, headers={"X": "x" * 300_000}, timeout=30)
    assert answer.status_code == 431
    line = json.loads(process.line_with("431"))
    assert line["request"] == answer.headers["X-Request-ID"]
    assert line["status"] == 431
