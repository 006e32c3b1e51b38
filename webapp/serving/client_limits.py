"""How long a client may take to send a request and to read its answer.

All times are those of a monotonic clock. A client that is too slow gets 408 if a part
of its request has come; else its connection is closed. While connections are scarce,
those that are idle longest make room for new ones, then those that are slow.
"""

import logging
from collections.abc import Callable, Collection
from enum import Enum
from time import monotonic
from typing import Protocol

from waitress.utilities import Error

log = logging.getLogger(__name__)
SECONDS = 20.0  # for a head, for a pause, and for a body or an answer beside its bytes
RATE = 10_000  # bytes per second of a body or an answer, at least, on average
SCARCE = 1.0  # seconds in place of SECONDS while new connections have no room
LINGER = 5.0  # seconds in place of SECONDS for a client that was refused; as nginx
LOOK_EVERY = 1.0  # seconds between two looks, at most
CONNECTIONS = 1000
SPARE = 20  # one of so many connections is kept free for new ones


class Phase(Enum):
    """What a connection is doing; the value says what its client is waited for."""

    NEW = "to send a request"
    HEAD = "to send the head of a request"
    BODY = "to send the body of a request"
    WAITING = ""  # for its answer
    ANSWER = "to read an answer"
    IDLE = "to send another request"
    DROPPING = "to read a refusal"


class ClientTooSlow(Error):
    """Answers 408: the request did not come in time."""

    code, reason = 408, "Request Timeout"


class ClientClock:
    """Since when a client is in a phase, and how many bytes have moved in it."""

    def __init__(self) -> None:
        self.phase = Phase.NEW
        self._request: object = None
        self.since = self.moved = monotonic()
        self._count = 0

    def note(self, phase: Phase, request: object, count: int = 0) -> None:
        """Note the phase, and so many bytes sent or received.

        Args:
          request: the one that is being received; None: none is.
        """
        now = monotonic()
        if phase is not self.phase or request is not self._request:
            self.phase, self._request, self._count = phase, request, 0
            self.since = now
        if count:
            self._count, self.moved = self._count + count, now

    def put_off(self, seconds: float) -> None:
        """Leave out a time in which this process did not run."""
        self.since += seconds
        self.moved += seconds

    @property
    def idle(self) -> float:
        """The seconds since the last byte, or since the phase began."""
        return monotonic() - max(self.since, self.moved)

    def is_overdue(self, seconds: float, keep_alive: float) -> bool:
        """Whether the client has taken too long.

        Args:
          seconds: for a head, for a pause, and for what has bytes beside their time.
          keep_alive: for a pause between two requests.
        """
        if self.phase is Phase.WAITING:
            return False
        lasted = monotonic() - self.since
        if self.phase is Phase.HEAD:
            return lasted > seconds
        if self.phase in (Phase.NEW, Phase.IDLE):
            return self.idle > (seconds if self.phase is Phase.NEW else keep_alive)
        if self.phase is Phase.DROPPING:
            seconds = min(seconds, LINGER)
        return self.idle > seconds or lasted > seconds + self._count / RATE


class Client(Protocol):
    """A connection, as connections.py has it."""

    clock: ClientClock

    def note(self, count: int = 0) -> None: ...
    def peek(self) -> bytes | None: ...
    def has_left(self) -> bool: ...
    def handle_close(self) -> None: ...
    def refuse_slow(self, error: Error) -> None: ...


class ClientLimits:
    """Evicts the clients that are too slow.

    Args:
      clients: returns the connections.
      seconds: how long a client may take for a head, or pause.
      keep_alive: how long a connection may be idle between two requests.
      connections: how many there may be; some are kept free for new ones.
    """

    def __init__(
        self,
        clients: Callable[[], Collection[Client]],
        *,
        seconds: float = SECONDS,
        keep_alive: float = 75,
        connections: int = CONNECTIONS,
    ) -> None:
        self._clients, self._seconds, self._keep_alive = clients, seconds, keep_alive
        self._most = connections - max(1, connections // SPARE)
        self._scarce = min(seconds, SCARCE)
        self._every = min(LOOK_EVERY, keep_alive / 4, seconds / 4)
        self._looked = monotonic()

    def look(self) -> bool:
        """Evict whoever is overdue, if it is time to look; returns whether it was."""
        passed = monotonic() - self._looked
        if passed < self._every:
            return False
        self._looked += passed
        for client in list(self._clients()):
            if passed > 2 * LOOK_EVERY:  # this process was halted, not the clients
                client.clock.put_off(passed)
            client.note()
            if client.clock.phase is Phase.WAITING:
                client.has_left()  # asks a client that has closed one direction
            elif client.clock.is_overdue(self._seconds, self._keep_alive):
                _evict(client, self._seconds)
        self.make_room()
        return True

    def make_room(self) -> None:
        """Evict clients that are idle or slow if there are too many connections."""
        if (excess := len(self._clients()) - self._most) <= 0:
            return
        clients = list(self._clients())
        for client in clients:
            client.note()
        idle = [c for c in clients if c.clock.phase in (Phase.IDLE, Phase.NEW)]
        slow = [
            c
            for c in clients
            if c.clock.phase not in (Phase.IDLE, Phase.NEW)
            and c.clock.is_overdue(self._scarce, self._keep_alive)
        ]
        idle.sort(key=lambda client: client.clock.idle, reverse=True)
        slow.sort(key=lambda client: client.clock.since)
        for client in (idle + slow)[:excess]:
            _evict(client, self._scarce)


def _evict(client: Client, seconds: float) -> None:
    """Send 408 for a part of a request; close any other connection."""
    phase = client.clock.phase
    if phase in (Phase.HEAD, Phase.BODY):
        rate = f", or sent less than {RATE:,} bytes a second" * (phase is Phase.BODY)
        client.refuse_slow(
            ClientTooSlow(
                f"The client took longer than {seconds:g} s {phase.value}{rate}: send "
                "the request again."
            )
        )
        return
    if phase in (Phase.NEW, Phase.IDLE) and client.peek():
        return  # a request has just come
    if phase is Phase.ANSWER:
        log.warning("a client was too slow %s: its connection is closed", phase.value)
    client.handle_close()
