"""Sockets of every family: names, IPv6 literals and paths of unix sockets."""

import signal
import socket

import pytest
import requests

from tests.webapp.running_app import running, served
from tests.webapp.slow_app import SLOW, everything
from webapp.app import create_app
from webapp.serving.listener import ListenError, bind, is_local, url_of


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@needs_ipv6
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_ipv6_may_be_in_brackets(host):
    with bind(host, 0) as listener:
        assert listener.family == socket.AF_INET6
        assert url_of(listener) == f"http://[::1]:{listener.getsockname()[1]}"
        assert is_local(listener)


def test_every_interface_is_not_local():
    with bind("0.0.0.0", 0) as listener:
        assert not is_local(listener)


def test_a_unix_socket_is_local_and_its_url_its_path(tmp_path):
    with bind(f"unix:{tmp_path}/app.sock", 0) as listener:
        assert url_of(listener) == f"unix:{tmp_path}/app.sock"
        assert is_local(listener)


def test_the_socket_of_a_killed_server_is_replaced(tmp_path):
    host = f"unix:{tmp_path}/app.sock"
    bind(host, 0).close()
    assert (tmp_path / "app.sock").is_socket()
    bind(host, 0).close()


@pytest.mark.parametrize("kind", ["served", "file"])
def test_a_path_that_is_taken_is_one_sentence(tmp_path, kind):
    path = tmp_path / "app.sock"
    with socket.socket(socket.AF_UNIX) as other:
        if kind == "served":
            other.bind(str(path))
            other.listen()
        else:
            path.write_text("mine")
        with pytest.raises(ListenError, match=r"a program serves at unix:.*--host"):
            bind(f"unix:{path}", 0)
    assert path.exists()


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        ("unix:/nowhere/app.sock", r"no such file or directory.*: choose a path"),
        (f"unix:/tmp/{'x' * 200}", r"too long.*: choose a path"),
        ("[::1", r"cannot serve at '\[::1', port 0"),
        ("no.such.host.invalid", "choose others with --host and --port"),
    ],
)
def test_an_impossible_address_is_one_sentence(host, sentence):
    with pytest.raises(ListenError, match=sentence):
        bind(host, 0)


@pytest.mark.slow
def test_requests_are_answered_on_a_unix_socket_that_is_removed_at_the_end(tmp_path):
    path = tmp_path / "app.sock"
    with running("-c", SLOW, "20", "75", f"unix:{path}") as process:
        assert process.line() == f"Serving slow at unix:{path}"
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(path))
            sock.sendall(b"POST /wait/0.0 HTTP/1.0\r\n\r\n")
            assert everything(sock).endswith(b"answered")
        process.popen.send_signal(signal.SIGTERM)
        assert process.end() == (0, "")
    assert not path.exists()


@needs_ipv6
@pytest.mark.slow
def test_requests_are_answered_over_ipv6(kinds):
    with served(create_app(kinds), "[::1]") as url:
        assert url.startswith("http://[::1]:")
        assert requests.get(f"{url}/healthz", timeout=30).json() == {"status": "ok"}
