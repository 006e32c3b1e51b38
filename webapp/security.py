"""Security headers for every answer, and the refusal of cross-site posts.

Pages of the origins in CORS_ORIGINS may ask; by default there are none.
"""

from flask import Flask, Response, abort, current_app, request

from webapp.requests.hosts import PROBLEM

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
    # Not no-referrer: with it a browser sends our own form as `Origin: null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# The headers of an answer that pages of other origins may read.
READABLE = "X-Request-ID, Retry-After, Inference-Header-Content-Length"
PREFLIGHT_SECONDS = "600"


def protect(app: Flask) -> None:
    """Add HEADERS to every answer; refuse odd hosts and posts of other sites' pages."""
    app.before_request(_refuse_host)
    app.before_request(_refuse_cross_site)
    app.after_request(_add_headers)
    if app.config["CORS_ORIGINS"]:
        app.after_request(_add_cors_headers)


def _refuse_host() -> None:
    if problem := request.environ.get(PROBLEM):
        abort(400, problem)


def _refuse_cross_site() -> None:
    if request.method not in ("GET", "HEAD", "OPTIONS") and _is_cross_site():
        abort(403, "another site's page sent this request: open this server's own page")


def _is_cross_site() -> bool:
    """Whether a browser says so; other programs send neither header."""
    if _allowed_origin():
        return False
    site = request.headers.get("Sec-Fetch-Site")  # only over https and on loopback
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and origin.partition("://")[2] != request.host


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
