"""Starts this program again in place of this process, on the same socket."""

import os
import socket
import sys
from typing import NoReturn

VARIABLE = "WEBAPP_LISTENER"  # the socket's file descriptor


def inherited_listener() -> socket.socket | None:
    """The socket of the process that `restart` has replaced; None: there is none."""
    if VARIABLE not in os.environ:
        return None
    return socket.socket(fileno=int(os.environ.pop(VARIABLE)))


def restart(descriptor: int) -> NoReturn:
    """Start again; connections wait in the socket's backlog meanwhile.

    Args:
      descriptor: a duplicate of the socket's, for the server closes its own.
    """
    os.set_inheritable(descriptor, True)
    os.environ[VARIABLE] = str(descriptor)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606  it is this app
