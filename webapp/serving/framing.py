"""Refuses what proxies and this server could read differently, before it is parsed.

A request is read in one way, or not at all: one Host, one length, CRLF at the end of
each line. Sources: RFC 9112, sections 2.2, 3, 5 and 6.
"""

import re

from waitress.parser import ParsingError

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# As much as has come: two empty lines may come before, not as many as a client likes.
START = re.compile(rb"(\r\n){0,2}(\r?\Z|" + TOKEN + rb"(\Z| ))")
BARE = re.compile(rb"\n(?<!\r\n)|\r(?!\n|\Z)")  # its first byte is fast to find
REQUEST_LINE = re.compile(
    rb"(?P<method>" + TOKEN + rb") (?P<target>[^\x00-\x20\x7f#]+) HTTP/1\.[01]"
)
ABSOLUTE = re.compile(rb"https?://(?P<host>[^/?]+)([/?].*)?", re.I)
HOST = re.compile(rb"(([A-Za-z0-9._~%-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?)?")
LENGTH = re.compile(rb"[0-9]{1,18}")
FRAMING = (b"host", b"content-length", b"transfer-encoding")
FIELD = re.compile(  # one of FRAMING, or what some servers take for it; or a fold
    rb"\r\n(?:(?P<fold>[ \t])|(?P<before>\s*)(?P<name>host|content[-_]length|"
    rb"transfer[-_]encoding)(?P<colon>\s*:)(?P<value>[^\r\n]*))",
    re.I,
)


def check_start(head: bytes, new: int, end: int) -> None:
    """Check the bytes of a head that have come so far, up to `end`.

    Args:
      new: where those begin that are not checked yet.

    Raises:
      ParsingError: no request begins like this.
    """
    if not START.match(head):
        raise ParsingError("the first line is not METHOD /path HTTP/1.1")
    if BARE.search(head, max(0, new - 1), end):
        raise ParsingError("a line ends with CR or LF alone")


def check_head(head: bytes) -> None:
    """Check the lines of a request up to its body.

    Raises:
      ParsingError: they do not say in one way only where the request goes and ends.
    """
    first = head.partition(b"\r\n")[0]
    request = REQUEST_LINE.fullmatch(first)
    if not request:
        raise ParsingError("the first line is not METHOD /path HTTP/1.1")
    is_old = first.endswith(b"0")
    found = _framing_headers(head)
    host = _only(found[b"host"], "Host", needed=not is_old)
    _check_target(request["method"], request["target"], host)
    coding = _only(found[b"transfer-encoding"], "Transfer-Encoding")
    length = _only(found[b"content-length"], "Content-Length")
    if coding is not None:
        if is_old:
            raise ParsingError("a Transfer-Encoding is not for HTTP/1.0")
        if length is not None:
            raise ParsingError("a Transfer-Encoding and a Content-Length together")
        if coding.lower() != b"chunked":
            raise ParsingError("the Transfer-Encoding is not chunked alone")
    if length is not None and not LENGTH.fullmatch(length):
        raise ParsingError("the Content-Length is no number")


def _framing_headers(head: bytes) -> dict[bytes, list[bytes]]:
    """The values of the headers that say where a request goes and ends."""
    found: dict[bytes, list[bytes]] = {name: [] for name in FRAMING}
    for field in FIELD.finditer(head):
        if field["fold"]:
            raise ParsingError("a header is folded over two lines")
        name = field["name"].lower()
        if field["before"] or field["colon"] != b":" or b"_" in name:
            raise ParsingError(f"{name.decode()!r} is not quite a header's name")
        found[name].append(field["value"].strip(b" \t"))
    return found


def _only(values: list[bytes], name: str, *, needed: bool = False) -> bytes | None:
    if len(values) > 1:
        raise ParsingError(f"more than one {name}")
    if needed and not values:
        raise ParsingError(f"no {name}")
    return values[0] if values else None


def _check_target(method: bytes, target: bytes, host: bytes | None) -> None:
    if host is not None and not HOST.fullmatch(host):
        raise ParsingError("the Host is no host name with a port")
    if target.startswith(b"/") or (method, target) == (b"OPTIONS", b"*"):
        return
    absolute = ABSOLUTE.fullmatch(target)
    if not absolute or not HOST.fullmatch(absolute["host"]):
        raise ParsingError("the address is no path")
    if host is not None and absolute["host"].lower() != host.lower():
        raise ParsingError("the address and the Host name two hosts")
