"""Types of the command line options that say how the app is reached."""

import re
from typing import Any
from urllib.parse import urlsplit

import click

from webapp.proxy_headers import TrustedProxies, parse_prefix
from webapp.requests.hosts import AllowedHosts


class Prefix(click.ParamType):
    """A path like /cats; empty: none."""

    name = "PATH"

    def convert(self, value, param, ctx) -> str:
        try:
            return parse_prefix(value)
        except ValueError as error:
            self.fail(f"{error}: try /cats")


class Parsed(click.ParamType):
    """What the `parse` of a class reads.

    Args:
      advice: what to try instead of a value that it refuses with ValueError.
    """

    def __init__(self, kind: Any, name: str, advice: str) -> None:
        self._kind, self.name, self._advice = kind, name, advice

    def convert(self, value, param, ctx) -> Any:
        if isinstance(value, self._kind):
            return value
        try:
            return self._kind.parse(value)
        except ValueError as error:
            self.fail(f"{error}: {self._advice}")


PROXIES = Parsed(TrustedProxies, "ADDRESS,NETWORK", "try 127.0.0.1,10.0.0.0/8, or unix")
HOSTS = Parsed(
    AllowedHosts, "NAME,NAME", "try www.example.com,.example.com, without ports"
)


class Origins(click.ParamType):
    """Origins with commas between, or * for all."""

    name = "ORIGIN,ORIGIN"

    def convert(self, value, param, ctx) -> frozenset[str]:
        if isinstance(value, frozenset):
            return value
        origins = [part.strip().lower() for part in value.split(",") if part.strip()]
        for origin in origins:
            if origin != "*" and not _is_origin(origin):
                self.fail(f"{origin!r} is not an origin: try https://www.example.com")
        return frozenset(origins)


def _is_origin(text: str) -> bool:
    """Whether it is a scheme, a host and perhaps a port, as browsers send it."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  raises ValueError if it is none
    except ValueError:
        return False
    return bool(
        re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/?#@\s]+", text) and parts.hostname
    )
