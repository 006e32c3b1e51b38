"""`python webapp/app.py` and its drain: real processes, real sockets."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.webapp.running_app import (
    APP,
    ROOT,
    clean_environment,
    photo,
    running,
    served,
    write_model,
)
from tests.webapp.slow_app import connected, everything, send_and_wait, slow
from webapp import options
from webapp.app import create_app, main
from webapp.serving.server import QUIET

pytestmark = pytest.mark.slow

SHIPPED = sorted((ROOT / "checkpoints" / "frozen").glob("*/*.pb"))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "tiny" / "1.pb")
    return folder


@pytest.fixture(scope="module")
def server(models, tmp_path_factory):
    """The app as `python webapp/app.py` starts it, from another folder."""
    options = [] if SHIPPED else ["--models", str(models)]
    with running(APP, *options, cwd=tmp_path_factory.mktemp("elsewhere")) as process:
        process.first_line = process.line()
        process.open_port = process.port()
        yield process


@pytest.fixture
def connection(server):
    connection = HTTPConnection("127.0.0.1", server.open_port, timeout=30)
    with contextlib.closing(connection):
        yield connection


def head(length: int, *more: str) -> bytes:
    """The head of a POST /predict whose body has that length."""
    host = "Host: localhost"
    lines = ["POST /predict HTTP/1.1", host, f"Content-Length: {length}", *more]
    return "\r\n".join([*lines, "", ""]).encode()


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, APP, *arguments],
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=120,
    )


# The running server


def test_it_prints_the_models_and_the_address(server):
    names = sorted(path.parent.name for path in SHIPPED) or ["tiny"]
    assert server.first_line.startswith("Loading ")
    assert all(name in server.first_line for name in names)
    assert server.open_port > 0


def test_photo_is_answered_over_http(connection):
    connection.request("POST", "/predict", photo("red", "JPEG"))
    answer = connection.getresponse()
    assert answer.status == 200
    assert set(json.load(answer)["probabilities"]) == {"cat", "dog"}


def test_connection_serves_several_requests(connection):
    for _ in range(3):
        connection.request("POST", "/predict", photo())
        assert connection.getresponse().read().startswith(b'{"model"')


def test_server_header_is_not_sent(connection):
    connection.request("GET", "/healthz")
    assert connection.getresponse().getheader("Server") is None


def test_photo_too_large_is_read_and_then_refused(connection):
    connection.request("POST", "/predict", bytes(21_000_000))
    answer = connection.getresponse()
    assert answer.status == 413
    assert "20 MB" in json.load(answer)["detail"]


def test_photo_too_large_is_refused_before_it_is_sent(server):
    with connected(server.open_port) as sock:
        sock.sendall(head(21_000_000, "Expect: 100-continue"))
        assert everything(sock).startswith(b"HTTP/1.1 413 ")


def test_a_photo_in_chunks_is_answered(connection):
    data = photo()
    parts = [data[:50], data[50:]]
    connection.request("POST", "/predict", iter(parts), encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.read().startswith(b'{"model"')


def test_chunks_over_the_limit_are_refused_as_they_arrive(server):
    with connected(server.open_port) as sock:
        sock.sendall(
            head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        )
        with contextlib.suppress(ConnectionError):
            for _ in range(30):
                sock.sendall(b"F4240\r\n" + bytes(1_000_000) + b"\r\n")
        assert everything(sock).startswith(b"HTTP/1.1 413 ")


def test_incomplete_upload_is_not_on_the_disk(server):
    files = Path(f"/proc/{server.popen.pid}/fd")
    if not files.exists():
        pytest.skip("there is no /proc here")
    with connected(server.open_port) as sock:
        sock.sendall(head(9_000_000) + bytes(8_000_000))
        time.sleep(0.3)
        targets = [os.readlink(file) for file in files.iterdir()]
    on_disk = [target for target in targets if not target.startswith("/memfd:")]
    assert not [target for target in on_disk if "deleted" in target]


def test_health_is_answered_beside_stalled_uploads(server, connection):
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            stalled = stack.enter_context(connected(server.open_port))
            stalled.sendall(head(10_000) + b"half")
        start = time.monotonic()
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
    assert time.monotonic() - start < 2


# Scheduling


@pytest.fixture(scope="module")
def scheduling():
    with slow() as started:
        yield started


def test_a_slow_request_does_not_delay_others(scheduling):  # first: it reads the lines
    process, port = scheduling
    with connected(port) as long, connected(port) as sock:
        send_and_wait(long, b"POST /wait/1.0 HTTP/1.0\r\n\r\n", process)
        start = time.monotonic()
        sock.sendall(b"GET /wait/0.0 HTTP/1.0\r\n\r\n")
        assert everything(sock).endswith(b"answered")
        assert time.monotonic() - start < 0.5
        assert everything(long).endswith(b"answered")


def test_a_photo_above_the_limit_is_refused_while_the_others_wait(scheduling):
    _, port = scheduling
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connected(port)) for _ in range(5)]
        for sock in socks:
            sock.sendall(b"POST /wait/0.5 HTTP/1.0\r\n\r\n")
            time.sleep(0.05)
        start = time.monotonic()
        assert b"too many" in everything(socks[4])
        assert time.monotonic() - start < 0.4
        for sock in socks[:4]:  # two threads, so the last ones wait
            assert everything(sock).endswith(b"answered")
        with connected(port) as sock:
            sock.sendall(b"POST /wait/0.0 HTTP/1.0\r\n\r\n")
            assert everything(sock).endswith(b"answered")


def test_pipelined_requests_are_answered_in_order(scheduling):
    _, port = scheduling
    with connected(port) as sock:
        methods = (b"POST", b"GET", b"POST")
        for number, method in enumerate(methods):
            sock.sendall(method + b" /wait/0.1%d HTTP/1.1\r\nHost: x\r\n\r\n" % number)
        sock.sendall(b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        text = everything(sock)
    assert text.count(b"answered") == 3
    assert text.rindex(b"answered") < text.index(b"404 NOT FOUND")


# The drain


def test_upload_in_progress_is_answered_after_sigterm():
    data = bytes(range(100))
    with slow() as (process, port), connected(port) as sock:
        sock.sendall(head(len(data)).replace(b"/predict", b"/echo") + data[:50])
        time.sleep(0.1)
        process.popen.send_signal(signal.SIGTERM)
        assert process.line() == "stopping"
        time.sleep(2 * QUIET)
        sock.sendall(data[50:])
        answer = everything(sock)
        assert process.end() == (0, "")
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(data)


METHODS = pytest.mark.parametrize(
    "method",
    [pytest.param(b"GET", id="in the loop"), pytest.param(b"POST", id="in a thread")],
)


@METHODS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_request_in_the_app_is_answered_after_a_signal(number, method):
    with slow() as (process, port), connected(port) as sock:
        send_and_wait(sock, method + b" /wait/0.7 HTTP/1.1\r\nHost: x\r\n\r\n", process)
        process.popen.send_signal(number)
        assert everything(sock).endswith(b"\r\n\r\nanswered")
        assert process.end() == (0, "")


@METHODS
def test_streamed_body_is_sent_to_its_end_after_a_signal(method):
    with slow() as (process, port), connected(port) as sock:
        send_and_wait(sock, method + b" /stream HTTP/1.0\r\n\r\n", process)
        process.popen.send_signal(signal.SIGTERM)
        assert everything(sock).endswith(b"first,last")
        assert process.end() == (0, "")


def test_draining_server_takes_no_new_connection():
    with slow() as (process, port), connected(port) as sock:
        send_and_wait(sock, b"POST /wait/1.0 HTTP/1.1\r\nHost: x\r\n\r\n", process)
        process.popen.send_signal(signal.SIGTERM)
        assert process.line() == "stopping"
        time.sleep(0.1)
        with pytest.raises(ConnectionRefusedError):
            connected(port)


def test_request_that_never_ends_is_abandoned():
    with slow(drain=0.3) as (process, port), connected(port) as sock:
        send_and_wait(sock, b"POST /wait/60.0 HTTP/1.1\r\nHost: x\r\n\r\n", process)
        process.popen.send_signal(signal.SIGTERM)
        assert everything(sock).startswith(b"HTTP/1.1 504 Gateway Timeout\r\n")
        status, stderr = process.end()
    assert status == 0
    assert "runs that did not end in time: 1" in stderr


def test_second_signal_exits_at_once():
    with slow() as (process, port), connected(port) as sock:
        send_and_wait(sock, b"POST /wait/60.0 HTTP/1.1\r\nHost: x\r\n\r\n", process)
        process.popen.send_signal(signal.SIGINT)
        assert process.line() == "stopping"
        start = time.monotonic()
        process.popen.send_signal(signal.SIGINT)
        assert process.end() == (130, "")
    assert time.monotonic() - start < 2


def test_second_signal_exits_at_once_when_the_loop_itself_answers():
    with slow() as (process, port), connected(port) as sock:
        send_and_wait(sock, b"GET /wait/60.0 HTTP/1.1\r\nHost: x\r\n\r\n", process)
        process.popen.send_signal(signal.SIGINT)
        time.sleep(0.5)  # nothing is printed: the loop is busy
        start = time.monotonic()
        process.popen.send_signal(signal.SIGINT)
        assert process.end() == (130, "")
    assert time.monotonic() - start < 2


def test_idle_server_ends_at_once():
    with slow() as (process, port), connected(port):  # a connection, no request
        start = time.monotonic()
        process.popen.send_signal(signal.SIGTERM)
        assert process.end() == (0, "")
    assert time.monotonic() - start < 5


def test_signal_while_the_model_loads_ends_cleanly(models):
    with running(APP, "--models", str(models)) as process:
        assert process.line() == "Loading tiny"
        process.popen.send_signal(signal.SIGTERM)
        assert process.line() == "Stopped before serving."
        assert process.end() == (0, "")


# What cannot be served


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield str(listener.getsockname()[1])


def test_taken_port_is_one_sentence(taken):
    ended = run("--port", taken)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"Error: port {taken} on 127.0.0.1 is taken: stop the program that has it, or "
        "choose another with --port (make demo PORT=)\n"
    )


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        pytest.param(
            ["--models", "nowhere"],
            1,
            "Error: there is no NAME/VERSION.pb in nowhere: freeze a model into it "
            "with `python -m helpers freeze`, or name a file with --model NAME=FILE.pb",
            id="no models",
        ),
        pytest.param(
            ["--host", "no.such.host.invalid"],
            1,
            "Error: cannot serve at 'no.such.host.invalid'",
            id="no such host",
        ),
        pytest.param(
            ["--model", "cats.pb"],
            2,
            "'cats.pb' is not NAME=FILE.pb: try cats=checkpoints/cats.pb",
            id="a model without a name",
        ),
        pytest.param(
            ["--model", "cats=cats.pb"],
            2,
            "there is no file cats.pb: give the path of a frozen graph",
            id="no such file",
        ),
        pytest.param(["--port", "66000"], 2, "66000 is not in the range", id="port"),
    ],
)
def test_what_cannot_be_served_is_one_sentence(arguments, status, sentence):
    ended = run(*arguments, FREEZE_SERVE_PORT="0")
    assert ended.returncode == status
    assert sentence in ended.stderr.replace("\n", " ")
    assert "Traceback" not in ended.stderr


@pytest.mark.ci
def test_file_that_is_no_frozen_graph_is_one_sentence(tmp_path):
    file = tmp_path / "text.pb"
    file.write_text("not a graph")
    ended = run("--model", f"text={file}", FREEZE_SERVE_PORT="0")
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Error: {file} is not a frozen graph")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--help"], ["--models", "nowhere"]])
def test_tensorflow_is_imported_only_to_serve(arguments):
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", APP, *arguments],
        capture_output=True,
        text=True,
        env=clean_environment(FREEZE_SERVE_PORT="0"),
    )
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "webapp.serving.server" in imported
    assert "tensorflow" not in imported


def test_help_names_every_option_and_its_variable():
    text = run("--help").stdout
    for option in main.params:
        assert option.opts[0] in text
        assert option.envvar in text


@pytest.mark.parametrize("way", ["options", "variables"])
def test_spec_of_a_foreign_graph_is_settable(monkeypatch, way):
    if way == "variables":
        monkeypatch.setenv("FREEZE_SERVE_CLASSES", "tabby,lion")
        monkeypatch.setenv("FREEZE_SERVE_IMAGE_SIZE", "64")
    arguments = ["--classes", "tabby,lion", "--image-size", "64"]
    context = main.make_context("app", arguments if way == "options" else [])
    assert options.load_settings(context.params)["defaults"] == {
        "class_names": ["tabby", "lion"],
        "image_size": 64,
    }


@pytest.fixture(scope="module")
def configured(tmp_path_factory):
    """The port of an app with unusual options and variables; it ends well."""
    file = write_model(tmp_path_factory.mktemp("foreign") / "1.pb", class_names=[])
    command = (APP, "--model", f"mine={file}", "--classes", "tabby,lion")
    command += ("--reload-every", "0", "--admitted", "1")
    with running(*command, FREEZE_SERVE_MAX_MEGAPIXELS="0.1") as process:
        yield process.port()
        process.popen.send_signal(signal.SIGTERM)
        assert process.end() == (0, "")


def test_foreign_graph_is_served_with_the_spec_of_the_options(configured):
    assert ask(configured)["probabilities"].keys() == {"tabby", "lion"}


def test_bad_input_is_not_in_flight_any_more(configured):
    assert ask(configured, b"not a photo")["status"] == 415
    assert ask(configured)["label"] == "tabby"


def test_limits_are_settings(configured):
    large = photo("red", size=(400, 300))
    assert "megapixels" in ask(configured, large)["detail"]


def ask(port: int, data: bytes | None = None) -> dict:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        connection.request("POST", "/predict", data or photo())
        return json.load(connection.getresponse())


def test_server_that_others_can_reach_warns(capsys):
    with served(create_app(library=object()), "0.0.0.0"):
        warning = capsys.readouterr().err
    assert warning.startswith("Warning: everyone who can reach this machine can use")
