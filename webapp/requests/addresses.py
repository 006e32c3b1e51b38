"""The whole addresses that pages name, for programs."""

from flask import request, url_for


def whole_address(endpoint: str, **values) -> str:
    """A route's address with scheme and host, as the client wrote the host.

    Werkzeug drops a host with an underscore, which container networks have.
    """
    host = request.host or request.headers["Host"]
    return f"{request.scheme}://{host}{url_for(endpoint, **values)}"
