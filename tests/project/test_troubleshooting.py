"""TROUBLESHOOTING.md: each command is run, and prints what the page shows."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
import tensorflow.compat.v1 as tf1
from click.testing import CliRunner
from nbformat.v4 import new_code_cell, new_notebook, new_output

from helpers.__main__ import cli
from helpers.serving.library import Library
from tests.freezing.small_models import dense, fed, save
from tests.webapp.running_app import APP, clean_environment
from tools import set_up
from tools.run_notebooks import chosen
from webapp.app import create_app

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "TROUBLESHOOTING.md").read_text(encoding="utf-8")
NO_PACKAGES = [sys.executable, "-S"]  # as another Python, which lacks them


class Problem(NamedTuple):
    """What a user types, or runs in a cell, and what is printed; … is any text."""

    command: str
    printed: str


class Here(NamedTuple):
    """An empty folder, which is the working directory, and two fixtures."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capfd: pytest.CaptureFixture[str]


def problems() -> list[Problem]:
    """The commands in the console blocks of the page."""
    blocks = "".join(re.findall(r"^```console\n(.+?)^```", PAGE, re.M | re.S))
    typed = re.split(r"^(?:\$|In \[1\]:) ", blocks, flags=re.M)[1:]
    return [Problem(*text.split("\n", 1)) for text in typed]


def run(command: list[str], folder: Path = ROOT, **environment: str) -> str:
    """What a command prints that fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=clean_environment(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    assert done.returncode
    return re.sub(r"\x1b\[[\d;]*m", "", done.stdout)  # without colours


def helpers(*arguments: str) -> str:
    """What `python -m helpers` prints, in this process: it has TensorFlow already."""
    return CliRunner().invoke(cli, arguments).output


def make_without_python(here: Here) -> str:
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, here.folder)
    own = {"MAKEFLAGS": "", "MAKELEVEL": ""}  # not those of `make test`
    return run(["make", "demo"], here.folder, PYTHON="", **own)


def set_up_without_index(here: Here) -> str:
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        here.monkeypatch.delenv(name, raising=False)
    here.monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    here.monkeypatch.setenv("PIP_NO_INDEX", "1")
    here.monkeypatch.setenv("PIP_TARGET", "new")  # as if nothing were installed
    locked = (ROOT / "requirements.lock").read_text()
    (here.folder / "lock").write_text(re.search(r"^tensorflow==.+", locked, re.M)[0])
    with pytest.raises(SystemExit) as refused:
        set_up.install(sys.executable, here.folder / "lock")
    return f"{''.join(here.capfd.readouterr())}{refused.value}\n"


def app_without_packages(here: Here) -> str:
    said = run([*NO_PACKAGES, APP])
    return said.replace(sys.executable, "/usr/bin/python3")


def helpers_without_packages(here: Here) -> str:
    said = run([*NO_PACKAGES, "-m", "helpers", "inspect", "checkpoints/frozen"])
    return said.replace(sys.executable, "/usr/bin/python3")


def freeze_two_heads(here: Here) -> str:
    def build():
        hidden = tf1.nn.relu(dense(fed(), 5, "trunk"))
        tf1.nn.softmax(dense(hidden, 3, "breed"), name="breeds")
        tf1.nn.sigmoid(dense(hidden, 1, "age"), name="is_young")

    save(build, here.folder / "two-heads")
    return helpers("freeze", "two-heads")


def freeze_custom_class(here: Here) -> str:
    import tf_keras

    class Scale(tf_keras.layers.Layer):
        def call(self, inputs):
            return inputs / 255

    layers = [tf_keras.layers.Input((8, 8, 3)), Scale(), tf_keras.layers.Flatten()]
    tf_keras.Sequential([*layers, tf_keras.layers.Dense(2)]).save("scaled.h5")
    return helpers("freeze", "scaled.h5")


def serve_taken_port(here: Here) -> str:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        return run([sys.executable, APP, "--port", port]).replace(port, "5000")


def serve_without_card(here: Here) -> str:
    with tf1.Graph().as_default() as graph:
        images = tf1.placeholder(tf1.float32, [None, 8, 8, 3], name="images")
        tf1.nn.softmax(4 * tf1.reduce_mean(images, [1, 2]), name="prob")
    (here.folder / "no-card.pb").write_bytes(graph.as_graph_def().SerializeToString())
    here.monkeypatch.setattr(os, "execv", lambda program, arguments: None)
    return helpers("serve", "no-card.pb")


def ask_by_name(here: Here) -> str:
    with Library({}) as library:
        client = create_app(library).test_client()
        return client.get("/models", base_url="http://photos.example.com:5000").text


def first_cell_in_another_kernel(here: Here) -> str:
    cells = nbformat.read(chosen(["02"])[0], as_version=4).cells
    set_up = next(cell.source for cell in cells if cell.cell_type == "code")
    assert "\nimport_tensorflow()" in set_up
    return run([*NO_PACKAGES, "-c", set_up], ROOT / "notebooks")


def changed_cell(here: Here) -> str:
    stored = new_output("stream", name="stdout", text="4 files\n")
    cell = new_code_cell("print('5 files')", outputs=[stored], execution_count=1)
    (here.folder / "notebooks").mkdir()
    nbformat.write(new_notebook(cells=[cell]), here.folder / "notebooks" / "02.ipynb")
    return run([sys.executable, "-m", "pytest", "--nbval", "notebooks"], here.folder)


RUNS: dict[str, Callable[[Here], str]] = {
    "make demo": make_without_python,
    "make lab": set_up_without_index,
    "python webapp/app.py": app_without_packages,
    "python -m helpers inspect checkpoints/frozen": helpers_without_packages,
    "python -m helpers freeze two-heads": freeze_two_heads,
    "python -m helpers freeze scaled.h5": freeze_custom_class,
    "python webapp/app.py --port 5000": serve_taken_port,
    "python -m helpers serve no-card.pb": serve_without_card,
    "curl http://photos.example.com:5000/models": ask_by_name,
    "import_tensorflow()": first_cell_in_another_kernel,
    "pytest --nbval notebooks": changed_cell,
}


def params() -> list:
    """The problems; the one that runs a notebook takes seconds."""
    return [
        pytest.param(
            one, id=one.command, marks=[pytest.mark.ci] * ("nbval" in one.command)
        )
        for one in problems()
    ]


@pytest.mark.parametrize("problem", params())
def test_a_command_prints_what_the_page_shows(problem, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    printed = RUNS[problem.command](Here(tmp_path, monkeypatch, capfd))
    parts = map(re.escape, problem.printed.strip().split("…"))
    assert re.fullmatch("(?s:.*)".join(parts), printed.strip()), printed


def test_each_of_the_ten_problems_has_a_command_a_cause_and_a_remedy():
    sections = re.split(r"^### ", PAGE, flags=re.M)[1:]
    assert len(sections) == 10
    for section in sections:
        order = r"(?s)\n\n```console\n.+```\n\n\*\*Cause\.\*\* .+\n\n\*\*Remedy\.\*\* "
        assert re.search(order, section), section


def test_the_pages_of_newcomers_lead_to_it():
    for page in ("README.md", "notebooks/README.md"):
        assert "TROUBLESHOOTING.md" in (ROOT / page).read_text(encoding="utf-8"), page
