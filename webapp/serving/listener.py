"""Binds the socket that the server and its worker processes listen on."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager


class ListenError(OSError):
    """The address cannot be used; the message says why and what to try."""


def bind(host: str, port: int) -> socket.socket:
    """A socket that holds the address but does not listen yet.

    Raises:
      ListenError: the port is taken, or the host is not this machine.
    """
    with listen_errors(host, port):
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    return listener


@contextmanager
def listen_errors(host: str, port: int) -> Iterator[None]:
    """Turns the errors of binding and listening into a ListenError."""
    try:
        yield
    except (OSError, UnicodeError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            text = (
                f"port {port} on {host} is taken: stop the program that has it, "
                "or choose another with --port or PORT="
            )
        else:
            reason = getattr(error, "strerror", None) or "not a host name"
            text = (
                f"cannot serve at {host!r}, port {port} ({reason.lower()}): "
                "choose others with --host and --port"
            )
        raise ListenError(text) from error
