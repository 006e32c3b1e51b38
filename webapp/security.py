"""Security headers for every answer, and the refusal of cross-site posts."""

from flask import Flask, Response, abort, request

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


def protect(app: Flask) -> None:
    """Add HEADERS to every answer and refuse posts from pages of other sites."""
    app.before_request(_refuse_cross_site)
    app.after_request(_add_headers)


def _refuse_cross_site() -> None:
    if request.method not in ("GET", "HEAD", "OPTIONS") and _is_cross_site():
        abort(403, "another site's page sent this request: open this server's own page")


def _is_cross_site() -> bool:
    """Whether a browser says so; other programs send neither header."""
    site = request.headers.get("Sec-Fetch-Site")  # only over https and on loopback
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and origin.partition("://")[2] != request.host


def _add_headers(response: Response) -> Response:
    response.headers.extend(HEADERS)
    return response
