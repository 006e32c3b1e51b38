"""The host names that a request may be sent to.

A page whose own name is made to resolve to this server's address (DNS rebinding) is of
the same origin as the server for a browser. The Host header still has the page's name,
so names are compared with a list. Addresses cannot be rebound: no DNS is asked.
"""

import re
import socket
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from webapp.serving.listener import UNIX

HOST = re.compile(
    r"(?P<host>(?P<name>[A-Za-z0-9._-]+)|\[(?P<address>[0-9A-Fa-f:.]+)\])"
    r"(:(?P<port>[0-9]{1,5}))?"
)
HIGHEST_PORT = 65535
# In the WSGI environment: why the request's host, or a proxy's header, is refused.
PROBLEM = "webapp.host"
ANY = "*"
LOOPBACK = ".localhost"  # RFC 6761: the name and those below it are this machine


@lru_cache(1024)
def is_host(text: str) -> bool:
    """Whether links can be made with it: a name or an address, and perhaps a port."""
    found = HOST.fullmatch(text)
    if not found or not 1 <= int(found["port"] or 1) <= HIGHEST_PORT:
        return False
    try:
        if found["address"]:
            ip_address(found["address"])
        else:
            found["name"].encode("idna").decode("idna")
    except ValueError:  # UnicodeError is one
        return False
    return True


class AllowedHosts(NamedTuple):
    """The names that are answered, beside addresses and localhost.

    One that begins with a dot is a domain with all names below it; `*` is any name.
    """

    names: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "AllowedHosts":
        """Of names with commas between.

        Raises:
          ValueError: a part is no host name.
        """
        parts = [part.strip() for part in text.split(",")]
        return cls(frozenset(_parse_name(part) for part in parts if part))

    def with_own_names(self, listening: str) -> "AllowedHosts":
        """With the names of this machine, if other machines can connect.

        Args:
          listening: the option --host.
        """
        return AllowedHosts(self.names | _own_names(listening))

    def allows(self, host: str) -> bool:
        """Whether a request with this Host header is answered.

        Args:
          host: with its port; "" if none was sent, as no browser does.
        """
        name = _name_of(host)
        if not name or ANY in self.names or _is_address(name):
            return True
        return any(
            name == listed.lstrip(".")
            or (listed.startswith(".") and name.endswith(listed))
            for listed in (LOOPBACK, *self.names)
        )


def _parse_name(text: str) -> str:
    try:
        name = text if text.isascii() else text.encode("idna").decode()
    except UnicodeError:
        name = ""
    bare = name.removeprefix(".").strip("[]")
    if text != ANY and not (_is_address(bare) or (":" not in bare and is_host(bare))):
        raise ValueError(f"{text[:80]!r} is not a host name")
    return name.lower().rstrip(".")


def _name_of(host: str) -> str:
    """The name or the address of a Host header, in lower case."""
    found = HOST.fullmatch(host)
    name = (found["address"] or found["name"]) if found else host
    return name.lower().rstrip(".")


@lru_cache(1024)
def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _own_names(listening: str) -> frozenset[str]:
    """What clients call this machine: its name, also in mDNS, and what --host is."""
    listening = listening.lower().strip("[]")
    if listening.startswith(UNIX) or listening == LOOPBACK[1:]:
        return frozenset()
    if _is_address(listening) and ip_address(listening).is_loopback:
        return frozenset()
    name = socket.gethostname().lower().rstrip(".")
    first = name.partition(".")[0]
    own = {name, first, f"{first}.local", listening}
    return frozenset(one for one in own if is_host(one) and not _is_address(one))
