"""The README's commands that open the notebooks in JupyterLab work."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
NOTEBOOKS = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}


@pytest.fixture
def start(tmp_path):
    """A function that starts Jupyter; its address and the listed file names."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings = {"port": port, "token": "", "open_browser": False}
    lines = [f"c.ServerApp.{name} = {value!r}\n" for name, value in settings.items()]
    lines.append("c.IdentityProvider.token = ''\n")
    (tmp_path / "jupyter_server_config.py").write_text("".join(lines))
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    address, started = f"http://127.0.0.1:{port}/", []

    def start(command: str, folder: Path) -> tuple[str, set[str]]:
        process = subprocess.Popen(
            command, shell=True, cwd=folder, env=environment, start_new_session=True
        )
        started.append(process)
        until = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < until:
            try:
                found = requests.get(f"{address}api/contents", timeout=9).json()
                return address, {entry["name"] for entry in found["content"]}
            except requests.ConnectionError:
                time.sleep(0.3)
        pytest.fail(f"{command!r} started no server")

    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_jupyter_lab_opens_in_the_notebooks_folder(start):
    assert start("jupyter lab --allow-root", ROOT / "notebooks")[1] >= NOTEBOOKS


@pytest.mark.skipif(
    not (ROOT / ".venv/bin/jupyter").exists(), reason="there is no .venv here"
)
def test_make_lab_opens_the_page_of_the_course(start):
    address, names = start("make lab READY=", ROOT)
    assert names >= NOTEBOOKS
    answer = requests.get(address, allow_redirects=False, timeout=9)
    assert answer.headers["Location"].partition("?")[0] == "/lab/tree/README.md"
    plugin = "@jupyterlab/docmanager-extension:plugin"
    found = requests.get(f"{address}lab/api/settings/{plugin}", timeout=9).json()
    viewers = found["schema"]["properties"]["defaultViewers"]["default"]
    assert viewers["markdown"] == "Markdown Preview"
