"""Request smuggling and header injection on the real app, over raw sockets.

The kinds that a small app can show are in serving/test_framing.py. Here each request is
followed by two of which a smuggled one would change the answers. Sources: RFC 9112,
sections 2 to 7 and 11; RFC 9110, section 5.
"""

import re
import socket

import pytest

from tests.webapp.running_app import APP, photo, running, write_model
from tests.webapp.slow_app import connected, everything

SECOND = b"GET /v1/models/second HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
AFTER = [404, 200]  # what SECOND and LAST get
STATUS_LINE = re.compile(rb"HTTP/1\.[01] (?=\d{3} )")
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"
GET = "GET /healthz HTTP/1.1"


def head(*lines: str, first: str = "POST /predict HTTP/1.1") -> bytes:
    return "\r\n".join([first, "Host: localhost", *lines, "", ""]).encode("latin-1")


def coded(*lines: str, body: bytes = CHUNKS) -> bytes:
    return head(*lines) + body


def chunks(body: bytes) -> bytes:
    return head("Transfer-Encoding: chunked") + body


def of_length(line: str) -> bytes:
    return head(line) + b"hello"


def get(line: str) -> bytes:
    return head(line, first=GET)


def first(line: str) -> bytes:
    return head(first=line)


REFUSED = {
    # Transfer-Encoding in a form that some servers take for chunked
    "TE in quotes": coded('Transfer-Encoding: "chunked"'),
    "TE after a comma": coded("Transfer-Encoding: ,chunked"),
    "TE before a comma": coded("Transfer-Encoding: chunked,"),
    "TE before a semicolon": coded("Transfer-Encoding: chunked;"),
    "TE after NUL": coded("Transfer-Encoding: \0chunked"),
    "TE with a backspace": coded("Transfer-Encoding: chunkk\x08ed"),
    "TE after a no-break space": coded("Transfer-Encoding: \xa0chunked"),
    "TE of another name": coded("Transfer-Encoding: cow"),
    "TE twice in two spellings": coded(
        "Transfer-Encoding: identity", "transfer-encoding: chunked"
    ),
    "TE and a length of 0": coded("Content-Length: 0", "Transfer-Encoding: chunked"),
    "a vertical tab before the colon": coded("Transfer-Encoding\x0b: chunked"),
    "a no-break space before the colon": coded("Transfer-Encoding\xa0: chunked"),
    "a space in the name": coded("Transfer Encoding: chunked"),
    "NUL before the name": coded("\0Transfer-Encoding: chunked"),
    "a form feed before the name": coded("\x0cTransfer-Encoding: chunked"),
    "TE after CR": coded("X: y\rTransfer-Encoding: chunked"),
    "TE after LF": coded("X: y\nTransfer-Encoding: chunked"),
    "TE on a folded line": coded("X: y", " Transfer-Encoding: chunked"),
    "TE in HTTP/1.0 that stays open": b"POST /predict HTTP/1.0\r\nHost: localhost\r\n"
    b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    # lengths that are read as others, or overflow
    "a length with an exponent": of_length("Content-Length: 5e0"),
    "a length in quotes": of_length('Content-Length: "5"'),
    "a length before a semicolon": of_length("Content-Length: 5;"),
    "a length before NUL": of_length("Content-Length: 5\0"),
    "a length in full-width digits": of_length("Content-Length: \xef\xbc\x95"),
    "a length of 2^64 + 5": of_length("Content-Length: 18446744073709551621"),
    "a length of 2^63": of_length("Content-Length: 9223372036854775808"),
    "a length after 24 zeros": of_length("Content-Length: " + "0" * 24 + "5"),
    "a length with an accent in its name": of_length("Content-Lengt\xe8: 5"),
    "a length with a soft hyphen": of_length("Content-Length\xc2\xad: 5"),
    "a length with a space in its name": of_length("Content -Length: 5"),
    # chunks
    "a negative chunk": chunks(b"-1\r\nhello\r\n0\r\n\r\n"),
    "a chunk size of 2^64 + 5": chunks(b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    "a chunk size of 17 digits": chunks(b"00000000000000005\r\nhello\r\n0\r\n\r\n"),
    "a chunk size with an underscore": chunks(b"0_5\r\nhello\r\n0\r\n\r\n"),
    "no chunk size": chunks(b"\r\nhello\r\n0\r\n\r\n"),
    "a chunk extension with CRLF": chunks(b'5;a="\r\n"\r\nhello\r\n0\r\n\r\n'),
    "a chunk extension with LF": chunks(b"5;\nhello\r\n0\r\n\r\n"),
    "a chunk size before CR": chunks(b"5\rhello\r\n0\r\n\r\n"),
    "a chunk that is shorter": chunks(b"3\r\nhello\r\n0\r\n\r\n"),
    "a chunk without its end": chunks(b"5\r\nhello0\r\n\r\n"),
    "the last chunk before LF": chunks(b"5\r\nhello\r\n0\n\n"),
    "a trailer": chunks(b"5\r\nhello\r\n0\r\nX: y\r\n\r\n"),
    "a trailer with a length": chunks(b"0\r\nContent-Length: 5\r\n\r\nhello"),
    # hosts and addresses
    "two Hosts in two spellings": get("hOST: evil.test"),
    "a second Host before a space": get("Host : evil.test"),
    "a folded line before the Host": first(GET).replace(b"Host", b" Host", 1),
    "an address of another host": first("GET http://evil.test/healthz HTTP/1.1"),
    "an address with a user": first("GET http://localhost@evil.test/ HTTP/1.1"),
    "an address of another scheme": first("GET ftp://localhost/healthz HTTP/1.1"),
    "NUL in the address": first("GET /healthz\0 HTTP/1.1"),
    "a byte over 127 in the address": first("GET /healthz\xff HTTP/1.1"),
    "tabs in the first line": first("GET\t/healthz\tHTTP/1.1"),
    "a vertical tab in the first line": first("GET\x0b/healthz HTTP/1.1"),
    # versions
    "HTTP/0.9": b"GET /healthz\r\n",
    "HTTP/0.9 by its number": first("GET /healthz HTTP/0.9"),
    "HTTP/1.2": first("GET /healthz HTTP/1.2"),
    "http/1.1": first("GET /healthz http/1.1"),
    "HTTP/1.1 and a letter": first("GET /healthz HTTP/1.1x"),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    # names and values that no header has
    "a name with a byte over 127": get("X\x80: y"),
    "a name with a space": get("X y: z"),
    "a name with a control byte": get("X\x01: y"),
    "a name in brackets": get("(x): y"),
    "a name with DEL": get("X\x7f: y"),
    "a name with @": get("X@y: z"),
    "a value with a control byte": get("X: a\x01b"),
    "a value with ESC": get("X: a\x1bb"),
    "a value with DEL": get("X: a\x7fb"),
    "a value with a vertical tab": get("X: a\x0bb"),
}
CLEAR = {
    "TE after a tab": (coded("Transfer-Encoding:\tchunked"), 415),
    "TE before a tab": (coded("Transfer-Encoding: chunked\t"), 415),
    "TE in mixed case": (coded("tRANSFER-eNCODING: cHUNKED"), 415),
    "a length between blanks": (of_length("Content-Length: \t5 "), 415),
    "a length that begins with 0": (of_length("Content-Length: 05"), 415),
    "a last chunk of two zeros": (chunks(b"5\r\nhello\r\n00\r\n\r\n"), 415),
    "a body of a GET": (head(f"Content-Length: {len(LAST)}", first=GET) + LAST, 200),
    "a length that Connection names": (
        coded("Connection: Content-Length", "Content-Length: 5", body=b"hello"),
        415,
    ),
    "an empty chunked body": (chunks(b"0\r\n\r\n"), 400),
    "the whole address": (first("GET http://localhost/healthz HTTP/1.1"), 200),
    "a path like a host": (first("GET //evil.test/healthz HTTP/1.1"), 404),
    "TRACE": (first("TRACE /healthz HTTP/1.1"), 405),
    "an upgrade to HTTP/2": (
        head("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", first=GET),
        200,
    ),
    "an upgrade to WebSocket": (
        head("Connection: Upgrade", "Upgrade: websocket", first=GET),
        400,
    ),
    "HTTP/1.0 that stays open": (
        b"POST /predict HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n"
        b"hello",
        415,
    ),
}


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """The port of the app with the options that put more of a request into answers."""
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "tiny" / "1.pb", image_size=8)
    more = ("--cors-origins", "*", "--trusted-proxies", "127.0.0.1")
    listening = ("--host", "0.0.0.0", "--allowed-hosts", "app,.example.com")
    models = ("--models", str(folder), "--reload-every", "0")
    with running(APP, *models, *listening, *more) as process:
        yield process.port()


def answers(port: int, *requests: bytes) -> list[bytes]:
    """Everything until the server closes, split at each answer, without `HTTP/1.1 `."""
    with connected(port) as sock:
        sock.sendall(b"".join(requests))
        return STATUS_LINE.split(everything(sock))[1:]


def statuses(found: list[bytes]) -> list[int]:
    return [int(answer[:3]) for answer in found]


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_can_be_read_in_two_ways_gets_one_400_and_no_other(port, name):
    (answer,) = answers(port, REFUSED[name], SECOND, LAST)
    assert answer.startswith(b"400 Bad Request\r\n")
    assert b"\r\nConnection: close\r\n" in answer
    assert b"This is not valid HTTP (" in answer


@pytest.mark.parametrize("name", CLEAR)
def test_a_clear_request_gets_one_answer_and_so_do_the_next(port, name):
    request, status = CLEAR[name]
    assert statuses(answers(port, request, SECOND, LAST)) == [status, *AFTER]


@pytest.mark.parametrize(
    "lines", [["X" * 300_000 + ": y"], [f"X{n}: y" for n in range(30_000)]]
)
def test_headers_over_the_limit_are_refused_once(port, lines):
    (answer,) = answers(port, head(*lines, first=GET), SECOND, LAST)
    assert answer.startswith(b"431 ")


def test_a_body_that_looks_like_requests_is_a_body(port):
    photo_like = photo() + SECOND + LAST
    request = head(f"Content-Length: {len(photo_like)}") + photo_like
    found = answers(port, request, LAST)
    assert statuses(found) == [200, 200]
    assert b'"label"' in found[0]


def test_pipelined_requests_are_answered_in_their_order(port):
    ids = [f"number-{number}" for number in range(6)]
    paths = ["/v1/models", "/predict", "/nowhere"] * 2
    sent = [
        head(f"X-Request-ID: {one}", "Content-Length: 0", first=f"POST {path} HTTP/1.1")
        for one, path in zip(ids, paths, strict=True)
    ]
    found = answers(port, *sent, LAST)
    assert statuses(found) == [405, 400, 404] * 2 + [200]
    for one, answer in zip(ids, found, strict=False):
        assert headers(answer)["x-request-id"] == one


# Hosts, of an app that listens on every address as in a container


HOSTS = {
    "app:5000": [200, 200],
    "photos.example.com": [200, 200],
    "10.1.2.3:5000": [200, 200],
    f"{socket.gethostname()}:5000": [200, 200],
    "evil.test:5000": [400, 200],
    "app.evil.test": [400, 200],
    "example.com.evil.test": [400, 200],
}


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_is_not_listed_gets_400_and_probes_are_answered(port, host):
    asked = [
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        for path in ("/metrics", "/healthz")
    ]
    assert statuses(answers(port, *asked, LAST)) == [*HOSTS[host], 200]


def test_the_host_of_a_trusted_proxy_is_compared_too(port):
    request = head("X-Forwarded-Host: evil.test", first="GET /models HTTP/1.1")
    found = answers(port, request, LAST)
    assert statuses(found) == [400, 200]
    assert b"does not answer to the host 'evil.test'" in found[0]


# Header injection: what a request holds does not end a header of its answer

INJECTED = {
    "CRLF": "%0d%0aInjected:%20yes",
    "CRLF twice": "%0D%0A%0D%0AInjected:%20yes",
    "LF": "%0aInjected:%20yes",
    "CR": "%0dInjected:%20yes",
    "UTF-8 that is cut to CRLF": "%E5%98%8A%E5%98%8DInjected:%20yes",
    "CRLF in overlong UTF-8": "%C0%8D%C0%8AInjected:%20yes",
    "line separators": "%E2%80%A8%C2%85Injected:%20yes",
    "NUL and VT": "%00%0bInjected:%20yes",
    "CRLF escaped twice": "%250d%250aInjected:%2520yes",
}
PLACES = {
    "the model": "POST /predict?model={} HTTP/1.1",
    "top": "POST /predict?top={} HTTP/1.1",
    "the drawing": "GET /?drawing={} HTTP/1.1",
    "a key of the query": "GET /?{}=1 HTTP/1.1",
    "the path": "GET /{} HTTP/1.1",
    "a file's path": "GET /static/{} HTTP/1.1",
    "a model's path": "GET /v1/models/{} HTTP/1.1",
    "a path with a slash too many": "GET //v1//models/{} HTTP/1.1",
    "a verb": "POST /v1/models/tiny:{} HTTP/1.1",
    "a version": "GET /v1/models/tiny/versions/{}/metadata HTTP/1.1",
    "a model of /v2": "GET /v2/models/{}/ HTTP/1.1",
    "a model to load": "POST /v2/repository/models/{}/load HTTP/1.1",
}
BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")


def headers(answer: bytes) -> dict[str, str]:
    """The headers of an answer; its lines end with CRLF and nothing else."""
    lines = answer.partition(b"\r\n\r\n")[0]
    assert not BARE_LINE_END.search(lines)
    pairs = [line.split(": ", 1) for line in lines.decode("latin-1").split("\r\n")[1:]]
    return {name.lower(): value for name, value in pairs}


def is_whole(found: list[bytes]) -> bool:
    """Whether two requests got two answers, the first without an injected header."""
    is_second = len(found) == 2 and found[1].startswith(b"200 ")
    return is_second and "injected" not in headers(found[0])


@pytest.mark.parametrize("place", PLACES)
def test_nothing_in_an_address_ends_a_header(port, place):
    for name, text in INJECTED.items():
        line = PLACES[place].format(text)
        for accept in ("text/html", "*/*"):
            request = head("Content-Length: 0", f"Accept: {accept}", first=line)
            assert is_whole(answers(port, request, LAST)), (name, accept)


HEADERS = [
    *("X-Request-ID", "Origin", "Access-Control-Request-Headers", "Accept"),
    *("Access-Control-Request-Method", "Referer", "User-Agent", "Content-Encoding"),
    *("X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Proto", "Content-Type"),
]


@pytest.mark.parametrize("name", HEADERS)
def test_nothing_in_a_header_ends_a_header_of_the_answer(port, name):
    for method in ("OPTIONS", "GET", "POST"):
        for path in ("/predict", "/v2/models/tiny/", "//models"):
            for text in (
                "%0d%0aInjected: yes",
                "\x85Injected: yes",
                '"\\r\\nInjected:',
            ):
                line = f"{method} {path} HTTP/1.1"
                request = head(f"{name}: a{text}", "Content-Length: 0", first=line)
                assert is_whole(answers(port, request, LAST)), (line, text)


@pytest.mark.parametrize(
    "part",
    [
        'name="image"; filename="a%0d%0aInjected: yes.png"',
        'name="image"; filename="a\rInjected: yes.png"',
        'name="image"; filename="a\\\r\nInjected: yes"',
        "name=\"image\"; filename*=UTF-8''a%0D%0AInjected:%20yes.png",
        'name="a\r\nInjected: yes"; filename="a.png"',
        'name="image\0"; filename="\0Injected: yes"',
    ],
)
def test_nothing_in_a_file_name_ends_a_header(port, part):
    body = f"--x\r\nContent-Disposition: form-data; {part}\r\n\r\n".encode()
    body += photo() + b"\r\n--x--\r\n"
    for accept in ("text/html", "*/*"):
        kind = "Content-Type: multipart/form-data; boundary=x"
        request = head(kind, f"Accept: {accept}", f"Content-Length: {len(body)}") + body
        assert is_whole(answers(port, request, LAST))


def test_an_odd_request_id_is_replaced(port):
    for odd in ("a b", "a;b", "a" * 65, "\xe9", "<script>", "a, b", ""):
        request = head(f"X-Request-ID: {odd}", first=GET)
        given = headers(answers(port, request, LAST)[0])["x-request-id"]
        assert re.fullmatch("[0-9a-f]{16}", given)


def test_a_redirect_leads_to_the_own_host_only(port):
    for path in ("//evil.test/%2e%2e/models", "/\\evil.test", "//models", "/v2/"):
        found = answers(port, first(f"GET {path} HTTP/1.1"), LAST)
        location = headers(found[0]).get("location", "/")
        assert re.match(r"(http://localhost)?/(?![/\\])", location)


@pytest.mark.parametrize("name", ["X_Forwarded_Host", "X_Forwarded_Prefix", "X.Host"])
def test_a_name_with_an_underscore_is_not_taken_for_one_with_a_hyphen(port, name):
    request = head(f"{name}: evil.test", "Accept: text/html", first="GET / HTTP/1.1")
    found = answers(port, request, LAST)
    assert statuses(found) == [200, 200]
    assert b"evil.test" not in found[0]
