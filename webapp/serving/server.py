"""waitress with a drain: requests that were accepted are answered before it ends.

waitress has no drain, and its listening socket may only be closed in the thread of its
loop, so the loop runs here. This uses undocumented attributes: requirements.txt pins
waitress, and tests/webapp/serving/test_server.py tests the drain.

Taught in notebooks/08_launch_the_flask_app.ipynb.
"""

import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from time import monotonic, time

from waitress import create_server, wasyncore

from webapp.serving.connections import Channel
from webapp.serving.listener import host_and_port, is_local, listen_errors, url_of
from webapp.serving.orphans import reap_orphans
from webapp.serving.scheduler import Scheduler

DRAIN = 20  # seconds for the requests in flight, at most
QUIET = 0.2  # seconds without a request that end the drain
STALLED = 20  # seconds that a client may pause in a request or in reading an answer
LOOK_EVERY = 5  # seconds between two searches for idle connections, at most
CONNECTIONS = 1000
OPEN_FILES = 4096  # for the connections and for TensorFlow
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def leave_on_signal() -> None:
    """Make a signal end the process at once: no request has been accepted yet."""

    def leave(*_) -> None:
        os.write(1, b"Stopped before serving.\n")
        os._exit(0)

    for number in SIGNALS:
        signal.signal(number, leave)


class Server:
    """Serves a WSGI app on a bound socket; handles SIGINT and SIGTERM from now on.

    Args:
      scheduler: queues and answers the requests.
      max_body: bytes of a body to keep in memory; longer ones are read and dropped.
      keep_alive: seconds that a connection may be idle between two requests.
      is_next: whether this process may accept one more connection than its number;
        otherwise another process accepts it from the same socket.
    """

    def __init__(
        self,
        app: Callable,
        listener: socket.socket,
        *,
        scheduler: Scheduler,
        max_body: int,
        keep_alive: float = 75,
        is_next: Callable[[int], bool] = lambda connections: True,
    ) -> None:
        _allow_open_files()
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._scheduler = scheduler
        self.url, self.is_loopback = url_of(listener), is_local(listener)
        with listen_errors(*host_and_port(listener)):  # another process may have it
            self._waitress = create_server(
                app,
                sockets=[listener],
                _dispatcher=scheduler,
                connection_limit=CONNECTIONS,
                asyncore_use_poll=True,
                inbuf_overflow=max_body + 1,
                outbuf_high_watermark=sys.maxsize,  # the loop must not wait for itself
                recv_bytes=262144,
                ident="",
                clear_untrusted_proxy_headers=False,  # proxy_headers.py decides
            )
        self._waitress.channel_class = Channel
        self._waitress.maintenance = lambda now: None  # _close_idle does it, later
        self._keep_alive, self._next_look = keep_alive, 0.0
        readable = self._waitress.readable
        self._waitress.readable = lambda: readable() and self._is_next()
        self._accept_one = self._waitress.handle_accept
        self._waitress.handle_accept = self._accept
        self._may_accept = is_next
        self._waitress.draining = False
        for number in SIGNALS:
            signal.signal(number, self._stop)

    def run(self, on_stop: Callable[[], None] = lambda: None) -> None:
        """Serve until a signal comes and all is answered, then end the threads."""
        self.serve(on_stop)
        self._end()

    def serve(self, on_stop: Callable[[], None] = lambda: None) -> None:
        """Serve until a signal comes, then drain; a second signal exits with 130."""
        while not self._waitress.draining:
            self._run_once(1 if self._is_next() else QUIET / 4)
            self._close_idle()
        on_stop()
        self._close_listener()
        self._drain()

    def _stop(self, *_) -> None:
        if self._waitress.draining:
            os._exit(130)
        self._waitress.draining = True
        self._waitress.pull_trigger()  # wakes the loop; a thunk could deadlock

    def _is_next(self) -> bool:
        return self._may_accept(len(self._waitress.active_channels))

    def _run_once(self, patience: float) -> None:
        """Read and write, then answer; waits for a request up to `patience` seconds."""
        before = len(self._waitress.active_channels)
        self._read_and_write(0 if self._scheduler.waiting else patience)
        if len(self._waitress.active_channels) > before:
            self._read_and_write(0)  # the requests on the connections just accepted
        self._scheduler.serve()

    def _read_and_write(self, timeout: float) -> None:
        wasyncore.loop(timeout, use_poll=True, map=self._waitress._map, count=1)

    def _close_idle(self) -> None:
        """Close the connections that nothing has come on for too long.

        waitress does it before it reads, and so loses requests that came meanwhile.
        """
        now = time()
        if now < self._next_look:
            return
        self._next_look = now + min(LOOK_EVERY, self._keep_alive / 4)
        for channel in list(self._waitress.active_channels.values()):
            if now - channel.last_activity > self._patience(channel) and not (
                channel.requests or channel.peek()
            ):
                channel.handle_close()
        if os.getpid() == 1:
            reap_orphans()

    def _patience(self, channel: Channel) -> float:
        """The seconds that nothing may happen on a connection."""
        is_new = channel.last_activity == channel.creation_time
        if channel.request or channel.total_outbufs_len or is_new:
            return STALLED
        return self._keep_alive

    def _accept(self) -> None:
        """Accept all pending connections; waitress alone accepts one per iteration."""
        before = -1
        while before < len(self._waitress.active_channels) and self._is_next():
            before = len(self._waitress.active_channels)
            self._accept_one()

    def _close_listener(self) -> None:
        for _ in range(CONNECTIONS):  # connections in the kernel's backlog
            self._accept_one()
        wasyncore.dispatcher.close(self._waitress)  # its own close ends the trigger too

    def _drain(self) -> None:
        start = last_busy = monotonic()
        while monotonic() < min(last_busy + QUIET, start + DRAIN):
            self._run_once(QUIET / 4)
            if self._is_busy():
                last_busy = monotonic()

    def _is_busy(self) -> bool:
        """Whether any request has come, is in the app, or being answered."""
        return any(
            channel.request
            or channel.requests
            or channel.total_outbufs_len
            or channel.peek()
            for channel in self._waitress.active_channels.values()
        )

    def _end(self) -> None:
        self._scheduler.shutdown(timeout=1)
        wasyncore.close_all(self._waitress._map)
        if self._scheduler.threads:  # Python cannot exit while they run TensorFlow
            unanswered = len(self._scheduler.threads)
            logging.warning("requests not answered in time: %d", unanswered)
            sys.stdout.flush()
            os._exit(0)


def _allow_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < OPEN_FILES:
        wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
