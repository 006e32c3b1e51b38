"""nginx and Caddy as processes, with the recipes of this project, on free ports."""

import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "webapp" / "README.md").read_text()
RECIPE = re.search(r"```nginx\n(.+?)```", README, re.S)[1]
HOST = "photos.example.com"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
NGINX = """
{user}
pid nginx.pid;
events {{ }}
http {{
access_log off;
{folders}
{recipe}
}}
"""
CADDY = "{{\nadmin off\nauto_https disable_redirects\nhttps_port {port}\n}}\n{recipe}"


class Proxy(NamedTuple):
    """A running proxy, its port, and the path that it serves the app at."""

    port: int
    prefix: str

    @contextmanager
    def connection(self) -> Iterator[HTTPSConnection]:
        """A connection to the proxy; its certificate is self-signed."""
        trusting = ssl._create_unverified_context()
        connection = HTTPSConnection(HOST, self.port, timeout=30, context=trusting)
        connection._create_connection = lambda _, *more: socket.create_connection(
            ("127.0.0.1", self.port), *more
        )
        with closing(connection):
            yield connection

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str):
        """The status, the headers and the body of one answer."""
        with self.connection() as connection:
            return ask(connection, method, self.prefix + path, body, **headers)


def ask(connection, method: str, path: str, body: bytes | None = None, **headers: str):
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, sent)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def certificate(folder: Path) -> tuple[Path, Path]:
    """A new self-signed certificate and its key."""
    pem, key = folder / "own.pem", folder / "own.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"]
    command += ["-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", f"/CN={HOST}"]
    command += ["-addext", f"subjectAltName=DNS:{HOST}"]
    subprocess.run(
        [*command, "-keyout", key, "-out", pem], check=True, capture_output=True
    )
    return pem, key


def located(recipe: str, app: int, port: int, keep_alive: str) -> str:
    """A recipe for an app at another port, which keeps connections less long."""
    assert "127.0.0.1:5000" in recipe
    assert "60s" in recipe
    recipe = recipe.replace("127.0.0.1:5000", f"127.0.0.1:{app}")
    recipe = recipe.replace("keepalive_timeout 60s", f"keepalive_timeout {keep_alive}")
    recipe = recipe.replace("keepalive 60s", f"keepalive {keep_alive}")
    return recipe.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")


@contextmanager
def nginx(recipe: str, folder: Path, app: int, keep_alive="60s", prefix=""):
    """nginx with a recipe that has a server of its own."""
    folder.mkdir()
    port, (pem, key) = free_port(), certificate(folder)
    recipe = located(recipe, app, port, keep_alive)
    if "ssl_certificate " in recipe:
        recipe = re.sub(r"ssl_certificate .+;", f"ssl_certificate {pem};", recipe)
        recipe = re.sub(r"(ssl_certificate_key) .+;", rf"\1 {key};", recipe)
    else:
        own = f"server {{ ssl_certificate {pem}; ssl_certificate_key {key};"
        recipe = recipe.replace("server {\n", f"{own}\n", 1)
    folders = "\n".join(f"{name}_temp_path {name};" for name in TEMPORARY)
    user = "user root;" if Path("/root").exists() and _is_root() else ""
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(user=user, folders=folders, recipe=recipe))
    command = ["nginx", "-p", str(folder), "-c", str(file), "-e", "stderr"]
    with process([*command, "-g", "daemon off;"], port):
        yield Proxy(port, prefix)


@contextmanager
def caddy(recipe: str, folder: Path, app: int, keep_alive="60s", prefix=""):
    """Caddy with a recipe for HOST, and a certificate that is given to it."""
    folder.mkdir()
    port, (pem, key) = free_port(), certificate(folder)
    recipe = located(recipe, app, port, keep_alive)
    recipe = recipe.replace(f"{HOST} {{", f"{HOST} {{\ntls {pem} {key}", 1)
    file = folder / "Caddyfile"
    file.write_text(CADDY.format(port=port, recipe=recipe))
    command = ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"]
    with process(command, port, HOME=str(folder), XDG_DATA_HOME=str(folder)):
        yield Proxy(port, prefix)


@contextmanager
def process(command: list[str], port: int, **environment: str) -> Iterator[None]:
    """A proxy's process, once it accepts connections; it is ended afterwards."""
    path = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin"}
    started = subprocess.Popen(
        command, env=path | environment, stderr=subprocess.PIPE, text=True
    )
    try:
        deadline = time.monotonic() + 20
        while not accepts(port):
            assert started.poll() is None, started.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield
    finally:
        started.terminate()
        started.communicate(timeout=20)


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return False
    return True


def _is_root() -> bool:
    return os.geteuid() == 0
