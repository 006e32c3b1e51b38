"""waitress with a drain: requests that were accepted are answered before it ends.

waitress has no drain, and its listening socket may only be closed in the thread of its
loop, so the loop runs here. This uses undocumented attributes: requirements.txt pins
waitress, and tests/webapp/serving/test_server.py tests the drain.

Taught in notebooks/08_launch_the_flask_app.ipynb.
"""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from threading import get_ident
from time import monotonic

from waitress import create_server, wasyncore

from webapp.serving.acceptor import GRACE, Acceptor, room_for
from webapp.serving.body_budget import BodyBudget
from webapp.serving.client_limits import CONNECTIONS, SECONDS, ClientLimits
from webapp.serving.connections import Channel
from webapp.serving.listener import host_and_port, is_local, listen_errors, url_of
from webapp.serving.orphans import reap_orphans
from webapp.serving.restart import restart
from webapp.serving.scheduler import Scheduler
from webapp.serving.shared_state import WorkerState

log = logging.getLogger(__name__)
DRAIN = 20  # seconds for the requests in flight, at most
QUIET = 0.2  # seconds without a request that end the drain
HEARTBEAT = 0.5  # seconds between two of them, at most
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def leave_on_signal(has_answered: bool = False) -> None:
    """Make a signal end the process at once: it has accepted no request yet.

    Args:
      has_answered: whether other processes of this program have, which makes it silent.
    """

    def leave(*_) -> None:
        if not has_answered:
            os.write(1, b"Stopped before serving.\n")
        os._exit(0)

    for number in SIGNALS:
        signal.signal(number, leave)


class Server:
    """Serves a WSGI app on a bound socket; handles SIGINT and SIGTERM from now on.

    Args:
      scheduler: queues and answers the requests.
      max_body: bytes of a body to keep in memory; longer ones are read and dropped.
      bodies: the budget of all bodies; None: one for 16 of the longest.
      keep_alive: seconds that a connection may be idle between two requests.
      client_seconds: how long a client may take for a head, or pause.
      connections: how many there may be.
      state: what this worker shares with others, which accept from the same socket;
        None: there are no others. Then the program is started again once no thread is
        left that could compute.
    """

    def __init__(
        self,
        app: Callable,
        listener: socket.socket,
        *,
        scheduler: Scheduler,
        max_body: int,
        bodies: BodyBudget | None = None,
        keep_alive: float = 75,
        client_seconds: float = SECONDS,
        connections: int = CONNECTIONS,
        state: WorkerState | None = None,
    ) -> None:
        connections = room_for(connections)
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._scheduler = scheduler
        self.url, self.is_loopback = url_of(listener), is_local(listener)
        with listen_errors(*host_and_port(listener)):  # another process may have it
            self._waitress = create_server(
                app,
                sockets=[listener],
                _dispatcher=scheduler,
                connection_limit=connections + 2,  # the listener and the trigger too
                asyncore_use_poll=True,
                inbuf_overflow=max_body + 1,
                outbuf_high_watermark=sys.maxsize,  # the loop must not wait for itself
                recv_bytes=262144,
                ident="",
                clear_untrusted_proxy_headers=False,  # proxy_headers.py decides
            )
        self._waitress.channel_class = Channel
        self._waitress.maintenance = lambda now: None  # ClientLimits does it, later
        self._bodies = self._waitress.adj.body_budget = bodies or BodyBudget(
            16 * max_body
        )
        self._clients = ClientLimits(
            self._waitress.active_channels.values,
            seconds=client_seconds,
            keep_alive=keep_alive,
            connections=connections,
        )
        make_room = self._clients.make_room
        self._acceptor = Acceptor(self._waitress, state, make_room, connections)
        self._wake, self._thread = self._waitress.pull_trigger, 0
        self._waitress.pull_trigger = self._wake_if_needed
        scheduler.wake_with(self._wake)
        self._state, self._descriptor = state, os.dup(listener.fileno())
        self._waitress.draining, self._signals, self._has_asked = False, 0, False
        for number in SIGNALS:
            signal.signal(number, self._stop)

    def run(self, on_stop: Callable[[], None] = lambda: None) -> None:
        """Serve until a signal comes and all is answered, then end the threads.

        A worker with a run that has passed its deadline asks to be replaced.
        """
        self.serve(on_stop)
        self._end()

    def serve(self, on_stop: Callable[[], None] = lambda: None) -> None:
        """Serve until a signal comes, then drain; a second signal exits with 130."""
        self._thread = get_ident()
        while not (self._waitress.draining or self._restarts):
            self._acceptor.look()
            self._run_once(HEARTBEAT if self._acceptor.accepts else GRACE / 2)
            self._look()
            self._ask_replacement()
        self._waitress.draining = True
        on_stop()
        self._close_listener()
        self._drain()

    def _ask_replacement(self) -> None:
        """Ask the supervisor, once, if a run has passed its deadline.

        Its answer is a signal, and a second one would end this process at once.
        """
        if self._state and not self._has_asked and self._scheduler.is_stuck:
            self._has_asked = True
            self._state.ask_replacement()

    @property
    def _restarts(self) -> bool:
        """Whether all threads are lost, and nobody replaces this process."""
        return self._state is None and self._scheduler.is_exhausted

    def _stop(self, *_) -> None:
        if self._signals:
            os._exit(130)
        self._signals += 1
        self._waitress.draining = True
        self._wake()  # not with a thunk: its lock could be held

    def _wake_if_needed(self) -> None:
        """Wake the loop for another thread; in its own, it will look anyway."""
        if get_ident() != self._thread:
            self._wake()

    def _run_once(self, patience: float) -> None:
        """Read and write, then answer; waits for a request up to `patience` seconds."""
        if self._state:
            self._state.beat()
        before = len(self._waitress.active_channels)
        self._read_and_write(self._scheduler.idle_seconds(patience))
        if len(self._waitress.active_channels) > before:
            self._read_and_write(0)  # the requests on the connections just accepted
        self._scheduler.serve()

    def _read_and_write(self, timeout: float) -> None:
        wasyncore.loop(timeout, use_poll=True, map=self._waitress._map, count=1)

    def _look(self) -> None:
        """Evict clients that are too slow, and give back memory, once in a while.

        waitress does it before it reads, and so loses requests that came meanwhile.
        """
        if self._clients.look():
            self._bodies.trim()
            if os.getpid() == 1:
                reap_orphans()

    def _close_listener(self) -> None:
        if self._signals:
            os.close(self._descriptor)
        self._acceptor.accept_backlog()
        wasyncore.dispatcher.close(self._waitress)  # its own close ends the trigger too

    def _drain(self) -> None:
        start = last_busy = monotonic()
        while monotonic() < min(last_busy + QUIET, start + DRAIN):
            self._run_once(QUIET / 4)
            if self._is_busy():
                last_busy = monotonic()
        self._scheduler.give_up_all()
        self._read_and_write(0)

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
        if not self._signals:
            log.warning("the server starts again, for no run has ended in time")
            restart(self._descriptor)
        if self._scheduler.running:  # Python cannot exit while they run TensorFlow
            log.warning("runs that did not end in time: %d", self._scheduler.running)
            sys.stdout.flush()
            os._exit(0)
