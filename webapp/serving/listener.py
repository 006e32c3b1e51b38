"""Binds the socket that the server and its worker processes listen on."""

import atexit
import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path

UNIX = "unix:"  # begins a host that is the path of a unix socket


class ListenError(OSError):
    """The address cannot be used; the message says why and what to try."""


def bind(host: str, port: int) -> socket.socket:
    """A socket that holds the address but does not listen yet.

    Args:
      host: a name or an address; IPv6 may be in brackets. Or unix:/path, whose file is
        removed when this process exits.
    Raises:
      ListenError: the address is taken, or the host is not this machine.
    """
    with listen_errors(host, port):
        if host.startswith(UNIX):
            return _bind_unix(Path(host.removeprefix(UNIX)))
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    return listener


def host_and_port(listener: socket.socket) -> tuple[str, int]:
    """The address as `bind` takes it; a unix socket has port 0."""
    if listener.family == socket.AF_UNIX:
        return f"{UNIX}{listener.getsockname()}", 0
    return listener.getsockname()[:2]


def url_of(listener: socket.socket) -> str:
    """The address that a client asks: a URL, or unix:/path."""
    host, port = host_and_port(listener)
    if host.startswith(UNIX):
        return host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def is_local(listener: socket.socket) -> bool:
    """Whether only programs on this machine can connect."""
    host, _ = host_and_port(listener)
    return host.startswith(UNIX) or ip_address(host).is_loopback


@contextmanager
def listen_errors(host: str, port: int) -> Iterator[None]:
    """Turns the errors of binding and listening into a ListenError."""
    try:
        yield
    except (OSError, UnicodeError) as error:
        if getattr(error, "errno", None) != errno.EADDRINUSE:
            text = _cannot_serve(host, port, error)
        elif host.startswith(UNIX):
            text = (
                f"a program serves at {host}, or a file is there: stop it, or choose "
                "another path with --host"
            )
        else:
            text = (
                f"port {port} on {host} is taken: stop the program that has it, "
                "or choose another with --port (make demo PORT=)"
            )
        raise ListenError(text) from error


def _cannot_serve(host: str, port: int, error: OSError | UnicodeError) -> str:
    if host.startswith(UNIX):
        reason = getattr(error, "strerror", None) or str(error)
        return (
            f"cannot serve at {host!r} ({reason.lower()}): choose a path in a folder "
            "that this user may write to, of at most 100 characters"
        )
    reason = getattr(error, "strerror", None) or "not a host name"
    return (
        f"cannot serve at {host!r}, port {port} ({reason.lower()}): "
        "choose others with --host and --port"
    )


def _bind_unix(path: Path) -> socket.socket:
    """Replaces the socket of a server that was killed."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    if path.is_socket() and not _is_served(path):
        path.unlink()
    listener.bind(str(path))
    atexit.register(_remove_socket, path, path.stat().st_ino, os.getpid())
    return listener


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(str(path))
        except ConnectionRefusedError:
            return False
        return True


def _remove_socket(path: Path, inode: int, owner: int) -> None:
    """Remove the file unless another server has replaced it, or this is a fork."""
    with suppress(FileNotFoundError):
        status = path.stat()
        is_own = stat.S_ISSOCK(status.st_mode) and status.st_ino == inode
        if is_own and os.getpid() == owner:
            path.unlink()
