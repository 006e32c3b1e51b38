"""The host names that a request may be sent to."""

import re
from functools import lru_cache
from ipaddress import ip_address

HOST = re.compile(
    r"(?P<host>(?P<name>[A-Za-z0-9._-]+)|\[(?P<address>[0-9A-Fa-f:.]+)\])"
    r"(:(?P<port>[0-9]{1,5}))?"
)
HIGHEST_PORT = 65535
# In the WSGI environment: why the request's host, or a proxy's header, is refused.
PROBLEM = "webapp.host"


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
