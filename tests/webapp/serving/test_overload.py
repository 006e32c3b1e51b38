"""The real app under more than it can answer or keep in memory."""

import contextlib
import select
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import psutil
import pytest

from benchmarks.overload import overload, table
from benchmarks.soak.exchange import Connection, get, post
from tests.webapp.running_app import APP, running, write_model
from tests.webapp.slow_app import connected, slow

pytestmark = [pytest.mark.slow, pytest.mark.ci]

MIB = 2**20
CLIENTS, BODY = 100, 18_000_000  # bytes
BUDGET = 128  # MB
AT_ONCE = 6  # copies of one body: joined, and in its thread


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    write_model(models / "tiny" / "1.pb")
    options = ("--models", str(models), "--body-megabytes", str(BUDGET))
    with running(APP, *options, "--reload-every", "0") as process:
        process.open_port = process.port()
        yield process


def rss_mib(process) -> float:
    return psutil.Process(process.popen.pid).memory_info().rss / MIB


def test_at_four_times_saturation_the_rest_is_refused_at_once():
    request = post("/wait/0.05", b"")
    with slow(server={"limit": 16}) as (_, port), ThreadPoolExecutor(1) as pool:
        # In a thread, for browser tests leave an event loop in this one.
        phases = pool.submit(overload, port, request, 3, factor=4).result()
    print(table(phases))
    saturation, over, recovery = phases
    assert not sum(phase.others() for phase in phases)
    assert over.latencies(200)[-1] < 10_000  # of --patience
    assert len(over.latencies(503)) > len(over.latencies(200))
    assert median(over.latencies(503)) < 100  # ms; benchmarks/overload.py has the p99
    assert over.rate > 0.9 * saturation.rate
    assert recovery.rate > 0.9 * saturation.rate
    assert not recovery.latencies(503)


def test_many_large_bodies_take_no_more_than_their_budget(server):
    rest = [BODY // 4] * 4
    before = rss_mib(server)
    highest = before
    head = post("/predict", b"").replace(b"Content-Length: 0", b"Content-Length: %d")
    with contextlib.ExitStack() as stack:
        socks = [
            stack.enter_context(connected(server.open_port)) for _ in range(CLIENTS)
        ]
        for sock in socks:
            sock.sendall(head % BODY)
        statuses = {}
        for count in rest:
            for sock in socks:
                with contextlib.suppress(ConnectionError):
                    sock.sendall(bytes(count))
                highest = max(highest, rss_mib(server))
                if sock not in statuses and select.select([sock], [], [], 0)[0]:
                    statuses[sock] = status(sock)
        for sock in socks:
            if sock not in statuses:
                statuses[sock] = status(sock)
    # Zeros are no photo; and not all refuse each other.
    assert set(statuses.values()) == {503, 415}
    refused = list(statuses.values()).count(503)
    print(f"{before:.0f} MiB became {highest:.0f}; {refused} refused")
    assert highest - before < BUDGET + AT_ONCE * BODY / 1e6
    assert_given_back(server, before)


def status(sock: socket.socket) -> int:
    return int(sock.recv(100_000)[9:12])


def assert_given_back(server, before: float) -> None:
    end = time.monotonic() + 10
    while (after := rss_mib(server)) > before + 30:
        assert time.monotonic() < end, f"{before:.0f} MiB became {after:.0f}"
        time.sleep(0.2)
    print(f"then {after:.0f} MiB")
    answer = Connection(server.open_port, keeps=False).ask(get("/healthz"))
    assert answer.status == 200
