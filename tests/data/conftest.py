"""A file server, and files in a temporary folder."""

import threading
from http.server import ThreadingHTTPServer

import pytest

from tests.data.made_files import make_folder


@pytest.fixture
def serve():
    """Starts a server of the content, with one of the handlers of file_server."""
    servers = []

    def start(handler, content):
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.content, server.ranges = content, []
        server.url = f"http://127.0.0.1:{server.server_port}/photos.zip"
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "photos.zip"


@pytest.fixture
def pets(tmp_path):
    """A data set of thirty cats and twenty dogs."""
    make_folder(tmp_path / "pets" / "cats", range(30))
    make_folder(tmp_path / "pets" / "dogs", range(30, 50))
    return tmp_path / "pets"
