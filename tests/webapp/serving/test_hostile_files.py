"""Files that hurt the process that loads them, published while two workers serve."""

import os
import shutil
import signal
import time
from functools import partial
from pathlib import Path

import psutil
import pytest
import requests

from tests import waiting
from tests.serving import hostile_graphs
from tests.serving.hostile_graphs import sparse, write
from tests.webapp.running_app import APP, photo, running

pytestmark = [pytest.mark.slow, pytest.mark.ci]

wait_for = partial(waiting.wait_for, seconds=150, pause=0.2)
LIMITS = ("--load-seconds", "12", "--load-megabytes", "1000")
REFUSED = {  # sentences of the versions that are graphs or should be
    "endless": "took longer than 12 s",
    "large": "more than 1,000 MB of memory",
    "truncated": "is not a frozen graph",
    "zeros": "a frozen graph at most 2,147 MB",
    "card": "image_size",
}


def publish_hostile(folder: Path) -> None:
    for name in ("endless", "large"):
        write(folder / name / "1.pb", getattr(hostile_graphs, name)())
    whole = (folder / "good" / "1.pb").read_bytes()
    (folder / "truncated").mkdir()
    (folder / "truncated" / "1.pb").write_bytes(whole[:-100])
    sparse(folder / "zeros" / "1.pb")
    (folder / "card").mkdir()
    (folder / "card" / "1.json").write_text('{"image_size": true}')
    shutil.copy(folder / "good" / "1.pb", folder / "card" / "1.pb")
    (folder / "pipe").mkdir()
    os.mkfifo(folder / "pipe" / "1.pb")
    (folder / "loop").mkdir()
    (folder / "loop" / "1.pb").symlink_to("1.pb")
    (folder / "folder" / "1.pb").mkdir(parents=True)
    (folder / "again").symlink_to("again")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Two workers, after they have looked at every hostile file."""
    folder = tmp_path_factory.mktemp("models")
    write(folder / "good" / "1.pb", hostile_graphs.good())
    options = ("--models", str(folder), "--workers", "2", "--reload-every", "0.2")
    with running(APP, *options, *LIMITS, at_most=400) as process:
        process.url = f"http://127.0.0.1:{process.port()}"
        process.models = folder
        process.line_with("worker 1 serves")
        process.workers = psutil.Process(process.popen.pid).children()
        publish_hostile(folder)
        yield process
        write(folder / "last" / "1.pb", hostile_graphs.endless())
        everything = psutil.Process(process.popen.pid)
        wait_for(lambda: len(everything.children(recursive=True)) > 2)  # it is tried
        family, started = everything.children(recursive=True), time.monotonic()
        process.popen.send_signal(signal.SIGTERM)
        assert process.end()[0] == 0
        assert time.monotonic() - started < 25  # not killed
        wait_for(lambda: not any(one.is_running() for one in family))


def get(service, path: str) -> requests.Response:
    return requests.get(f"{service.url}{path}", timeout=10)  # a connection each


def errors(service) -> dict[str, str]:
    return {
        failure["model"]: failure["error"]
        for failure in get(service, "/models").json()["failures"]
    }


def is_answered(service) -> bool:
    answer = requests.post(f"{service.url}/predict?model=good", photo(), timeout=10)
    return answer.status_code == 200


def test_each_is_refused_with_its_cause_while_photos_are_answered(service):
    def all_refused() -> bool:
        assert is_answered(service)
        assert get(service, "/healthz").status_code == 200
        return all(errors(service).keys() >= {*REFUSED} for _ in range(8))

    wait_for(all_refused)
    for name, sentence in REFUSED.items():
        assert sentence in errors(service)[name], name
    assert all(worker.is_running() for worker in service.workers)


def test_the_status_and_the_metric_show_it(service):
    answer = get(service, "/v1/models/endless").json()
    ((status),) = answer["model_version_status"]
    assert status["state"] == "END"
    assert "took longer" in status["status"]["error_message"]
    metrics = get(service, "/metrics").text
    assert 'model_version_broken{model="endless",version="1"} 1.0' in metrics
    assert "model_reload_age_seconds" in metrics


def test_what_is_no_file_is_skipped_with_its_reason(service):
    skipped = get(service, "/models").json()["skipped"]
    reasons = {one["name"]: one["reason"] for one in skipped}
    assert reasons == {
        "pipe/1.pb": "it is a pipe, not a regular file",
        "loop/1.pb": "it cannot be read: Too many levels of symbolic links",
        "folder/1.pb": "it is a folder, not a regular file",
        "again": "it cannot be read: Too many levels of symbolic links",
    }


def test_reloading_goes_on(service):
    write(service.models / "new" / "1.pb", hostile_graphs.good())
    wait_for(lambda: "new" in get(service, "/readyz").json()["models"])
    assert get(service, "/readyz").json().keys() == {"status", "models"}


def test_a_replaced_worker_serves_and_tries_nothing_again(service):
    (service.models / "new" / "1.pb").write_bytes(b"garbage")  # in its place
    (before, other) = service.workers
    before.kill()
    started = time.monotonic()
    children = psutil.Process(service.popen.pid).children
    wait_for(
        lambda: [one for one in children() if one.pid not in (before.pid, other.pid)]
    )
    (after,) = (one for one in children() if one.pid not in (before.pid, other.pid))
    service.line_with("serves")
    assert time.monotonic() - started < 100
    assert all(is_answered(service) for _ in range(10))
    assert after.is_running()
    assert "took longer than 12 s" in errors(service)["endless"]


def test_files_that_go_are_forgotten(service):
    for name in ("again", "loop/1.pb", "pipe/1.pb", "endless/1.pb", "zeros/1.pb"):
        (service.models / name).unlink()
    (service.models / "folder" / "1.pb").rmdir()
    wait_for(lambda: get(service, "/models").json()["skipped"] == [])
    assert "endless" not in errors(service)
