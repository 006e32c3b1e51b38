"""Decides when a worker accepts connections from the socket that it shares."""

import errno
import logging
import resource
import select
import socket
from collections.abc import Callable
from time import monotonic

from waitress import wasyncore

from webapp.serving.client_limits import CONNECTIONS
from webapp.serving.shared_state import WorkerState

GRACE = 0.03  # seconds that a connection waits for the worker with the fewest
OPEN_FILES = 4096  # the soft limit that is asked for
OWN_FILES = 100  # kept for TensorFlow, models and logs where the limit is lower
NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
FULL = 1  # seconds without accepting where there is no descriptor for a connection
log = logging.getLogger(__name__)


class Acceptor:
    """Accepts connections in place of waitress's server.

    Args:
      server: waitress's.
      state: what this worker shares with others; None: there are no others.
      make_room: closes connections where there are too many.
      most: how many connections there may be.
    Attributes:
      accepts: whether the next connection is accepted, as `look` has found.
    """

    def __init__(
        self,
        server,
        state: WorkerState | None,
        make_room: Callable[[], None],
        most: int,
    ) -> None:
        self._server, self._state = server, state
        self._make_room, self._most = make_room, most
        self._ignored_since = self._full_until = 0.0
        self.accepts = True
        readable, self._accept_one = server.readable, server.handle_accept
        server.readable = lambda: self.accepts and readable()
        server.handle_accept, server.accept = self._accept, self._next

    def look(self) -> None:
        """Find out whether this process takes the next connection.

        It does if no other has fewer, or if the process with the fewest has left one
        waiting for GRACE.
        """
        now, is_next = monotonic(), self._is_next()
        if is_next or not self._has_backlog():
            self._ignored_since = 0.0
        elif not self._ignored_since:
            self._ignored_since = now
        is_ignored = 0 < self._ignored_since < now - GRACE
        self.accepts = now >= self._full_until and (is_next or is_ignored)

    def accept_backlog(self) -> None:
        """Accept what waits, whoever has fewer connections."""
        for _ in range(self._most):
            self._accept_one()

    def _is_next(self) -> bool:
        return self._state is None or self._state.is_next(self._count())

    def _count(self) -> int:
        return len(self._server.active_channels)

    def _has_backlog(self) -> bool:
        backlog = select.poll()
        backlog.register(self._server.socket, select.POLLIN)
        return bool(backlog.poll(0))

    def _accept(self) -> None:
        """Accept the pending connections; waitress alone accepts one per iteration."""
        before = -1
        while before < self._count() and self.accepts:
            self._make_room()
            before = self._count()
            if before >= self._most:
                break
            self._accept_one()
            self.accepts &= bool(self._ignored_since) or self._is_next()

    def _next(self) -> tuple[socket.socket, object] | None:
        """The next connection; None, for a while, where there is no room for one."""
        try:
            return wasyncore.dispatcher.accept(self._server)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            log.warning("no connection is accepted for %s s: %s", FULL, error.strerror)
            self._full_until, self.accepts = monotonic() + FULL, False
            return None


def room_for(connections: int) -> int:
    """How many of these connections have room; raises the limit of open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(OPEN_FILES, connections + OPEN_FILES - CONNECTIONS)
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(connections, max(OWN_FILES // 10, soft - OWN_FILES))
