"""The README's way to the notebooks, as it stands there; the other two ways are

`pytest --nbval notebooks/`, which `make test` runs, and `python webapp/app.py`, which
test_server.py runs from another folder.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
NOTEBOOKS = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def opened(tmp_path):
    """Starts a command that opens Jupyter; the names of what it shows."""
    port, started = free_port(), []
    settings = {"port": port, "token": "", "open_browser": False, "allow_root": True}
    (tmp_path / "jupyter_server_config.py").write_text(
        "".join(f"c.ServerApp.{name} = {value!r}\n" for name, value in settings.items())
        + "c.IdentityProvider.token = ''\n"
    )
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }

    def names(command: str, folder: Path) -> set[str]:
        process = subprocess.Popen(
            command, shell=True, cwd=folder, env=environment, start_new_session=True
        )
        started.append(process)
        until = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < until:
            try:
                shown = requests.get(f"http://127.0.0.1:{port}/api/contents", timeout=9)
                return {entry["name"] for entry in shown.json()["content"]}
            except requests.ConnectionError:
                time.sleep(0.3)
        pytest.fail(f"{command!r} opened nothing")

    names.address = f"http://127.0.0.1:{port}/"
    yield names
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_jupyter_lab_opens_in_the_notebooks_folder(opened):
    assert opened("jupyter lab", ROOT / "notebooks") >= NOTEBOOKS


@pytest.mark.skipif(
    not (ROOT / ".venv/bin/jupyter").exists(), reason="`make` has set up no .venv here"
)
def test_make_lab_opens_the_map_of_the_course(opened):
    assert opened("make lab READY=", ROOT) >= NOTEBOOKS
    sent = requests.get(opened.address, allow_redirects=False, timeout=9)
    assert sent.headers["Location"].partition("?")[0] == "/lab/tree/README.md"
    plugin = "@jupyterlab/docmanager-extension:plugin"
    kept = requests.get(f"{opened.address}lab/api/settings/{plugin}", timeout=9).json()
    viewers = kept["schema"]["properties"]["defaultViewers"]["default"]
    assert viewers["markdown"] == "Markdown Preview"
