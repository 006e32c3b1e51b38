"""Security headers for every answer; refusal of other hosts and of cross-site posts.

Pages of the origins in CORS_ORIGINS may ask; by default there are none. A request
is answered if its Host is an address, localhost or a name in ALLOWED_HOSTS.
"""

from flask import Flask, Response, abort, current_app, request

from webapp.option_variables import variable
from webapp.requests.hosts import PROBLEM, AllowedHosts

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    # Not no-referrer: with it a browser sends our own form as `Origin: null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# The headers of an answer that pages of other origins may read.
READABLE = "X-Request-ID, Retry-After, Inference-Header-Content-Length"
PREFLIGHT_SECONDS = "600"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# Probes that say yes or no, and no more: a check that a load balancer makes by another
# name must not end the process.
ANY_HOST = ("operations.healthz", "open_inference.live", "open_inference.ready")
DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def protect(app: Flask) -> None:
    """Add HEADERS to answers; refuse other hosts and posts of other sites' pages."""
    app.before_request(_refuse_host)
    app.before_request(_refuse_cross_site)
    app.after_request(_add_headers)
    if app.config["CORS_ORIGINS"]:
        app.after_request(_add_cors_headers)


def _refuse_host() -> None:
    """Refuse a host that is none, and one that is not in ALLOWED_HOSTS."""
    host = request.environ.get("HTTP_HOST", "")
    is_allowed = request.endpoint in ANY_HOST or _allowed_hosts().allows(host)
    if PROBLEM not in request.environ and not is_allowed:
        request.environ[PROBLEM] = (
            f"this server does not answer to the host {host[:80]!r}: ask it by address "
            "or as localhost, or list the name with --allowed-hosts "
            f"({variable('--allowed-hosts')})"
        )
    if problem := request.environ.get(PROBLEM):
        abort(400, problem)


def _allowed_hosts() -> AllowedHosts:
    return current_app.config["ALLOWED_HOSTS"]


def _refuse_cross_site() -> None:
    if request.method not in SAFE_METHODS and _is_cross_site():
        abort(403, "another site's page sent this request: open this server's own page")


def _is_cross_site() -> bool:
    """Whether a browser says so; other programs send none of the headers."""
    if _allowed_origin():
        return False
    site = request.headers.get("Sec-Fetch-Site")  # only over https and on loopback
    if site is not None:
        return site not in ("same-origin", "none")
    # Browsers before 2020 send a form without an Origin, but with a Referer.
    origin = request.headers.get("Origin", request.headers.get("Referer"))
    return origin is not None and _host_of(origin) != _own_host()


def _host_of(address: str) -> str:
    """The host of an origin or an address; "" for `null`."""
    return address.partition("://")[2].partition("/")[0].lower()


def _own_host() -> str:
    """The host as browsers write it in an origin: without the scheme's own port.

    It is not `request.host`, which is empty for a name with an underscore.
    """
    host = request.environ.get("HTTP_HOST") or request.host
    return host.lower().removesuffix(DEFAULT_PORTS.get(request.scheme, ""))


def _allowed_origin() -> str | None:
    """What Access-Control-Allow-Origin says to the page that asks; None: nothing."""
    origin = request.headers.get("Origin")
    if origin is None:
        return None
    allowed = current_app.config["CORS_ORIGINS"]
    return "*" if "*" in allowed else origin if origin in allowed else None


def _add_headers(response: Response) -> Response:
    response.headers.extend(HEADERS)
    return response


def _add_cors_headers(response: Response) -> Response:
    response.vary.add("Origin")
    if not (origin := _allowed_origin()):
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = READABLE
    if request.method == "OPTIONS":
        wanted = request.headers.get("Access-Control-Request-Headers", "")
        response.headers["Access-Control-Allow-Methods"] = ", ".join(response.allow)
        response.headers["Access-Control-Allow-Headers"] = wanted
        response.headers["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
    return response
