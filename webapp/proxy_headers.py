"""Scheme, host and path prefix of a request that came through a reverse proxy.

Werkzeug's ProxyFix believes these headers from every client; here they count only if
the connection comes from an address that the option --trusted-proxies names.
"""

import re
from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from webapp.requests.hosts import HOST, PROBLEM

PREFIX = re.compile(r"((/(?!\.+(/|$))[A-Za-z0-9._~-]+)+)?/?")  # no /./ and no /../
OWN_PATHS = (  # a prefix that began like one of them could not be told from it
    *("explain", "healthz", "metrics", "models", "monitoring", "openapi.json"),
    *("predict", "readyz", "static", "v1", "v2"),
)
UNIX = "unix"
DEFAULT_PORTS = {"http": "80", "https": "443"}
HEADERS = {
    "Proto": re.compile(r"https?"),
    "Host": HOST,
    "Port": re.compile(r"[0-9]{1,5}"),
    "Prefix": PREFIX,
}


class TrustedProxies(NamedTuple):
    """The networks whose proxies are believed, and whether the unix socket is."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    unix: bool = False

    @classmethod
    def parse(cls, text: str) -> "TrustedProxies":
        """Of addresses and networks with commas between, and the word `unix`.

        Raises:
          ValueError: a part is neither.
        """
        parts = [part.strip() for part in text.split(",") if part.strip()]
        networks = tuple(ip_network(part) for part in parts if part != UNIX)
        return cls(networks, UNIX in parts)

    def trusts(self, address: str) -> bool:
        """Whether a connection from this REMOTE_ADDR is believed."""
        try:
            client = ip_address(address)
        except ValueError:  # a unix socket has no address
            return self.unix
        if isinstance(client, IPv6Address) and client.ipv4_mapped:
            client = client.ipv4_mapped  # a listener on :: gets IPv4 clients so
        return any(client in network for network in self.networks)


def parse_prefix(text: str) -> str:
    """A path like "/cats", or "".

    Raises:
      ValueError: it is no path, or begins as an address of the app itself.
    """
    if not PREFIX.fullmatch(text):
        raise ValueError(f"{text[:80]!r} is not a path like /cats")
    prefix = text.rstrip("/")
    if prefix and prefix.split("/")[1] in OWN_PATHS:
        raise ValueError(f"{text[:80]!r} begins as an address of the app itself")
    return prefix


class ProxyHeaders:
    """WSGI middleware that sets scheme, host and SCRIPT_NAME as the client sees them.

    Of a header with several values the last one counts, which the proxy nearest to the
    app has added. A proxy may send the prefix on or strip it from the path.

    Args:
      prefix: the path of the app if no X-Forwarded-Prefix says another, like "/cats".
    """

    def __init__(self, app: Callable, prefix: str, trusted: TrustedProxies) -> None:
        self._app, self._prefix, self._trusted = app, prefix, trusted

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        prefix = self._prefix
        if self._trusted.trusts(environ.get("REMOTE_ADDR", "")):
            try:
                forwarded = _forwarded(environ)
            except ValueError as error:
                environ[PROBLEM] = str(error)
            else:
                _set_address(environ, forwarded)
                prefix = forwarded.get("Prefix", prefix)
        if prefix:
            _mount(environ, prefix)
        return self._app(environ, start_response)


def _forwarded(environ: dict) -> dict[str, str]:
    """The last value of each X-Forwarded header that the request has.

    Raises:
      ValueError: a value is not of the header's form.
    """
    found = {}
    for name, form in HEADERS.items():
        value = environ.get(f"HTTP_X_FORWARDED_{name.upper()}", "")
        value = value.rpartition(",")[2].strip()
        value = value.lower() if name == "Proto" else value
        if value and not form.fullmatch(value):
            raise ValueError(
                f"the proxy sent X-Forwarded-{name}: {value[:80]!r}, which is none: "
                "correct the proxy's settings"
            )
        if value:
            found[name] = parse_prefix(value) if name == "Prefix" else value
    return found


def _set_address(environ: dict, forwarded: dict[str, str]) -> None:
    scheme = forwarded.get("Proto", environ.get("wsgi.url_scheme", "http"))
    environ["wsgi.url_scheme"] = scheme
    host = forwarded.get("Host", environ.get("HTTP_HOST", ""))
    found = HOST.fullmatch(host)
    if found and (port := forwarded.get("Port")):
        host = found["host"]
        if port != DEFAULT_PORTS[scheme]:
            host += f":{port}"
    if host:
        environ["HTTP_HOST"] = host


def _mount(environ: dict, prefix: str) -> None:
    """Move the prefix from the path to SCRIPT_NAME, which links begin with."""
    path = environ.get("PATH_INFO", "")
    if f"{path}/".startswith(f"{prefix}/"):
        environ["PATH_INFO"] = path[len(prefix) :] or "/"
    environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
