"""`pip install .` installs the command `freeze-serve`, which works in any folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
NO_NETWORK = ["--no-deps", "--no-build-isolation", "--quiet", "--no-index"]


def pip(*arguments, cwd: Path) -> None:
    command = [sys.executable, "-m", "pip", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The project's wheel, built from a copy: setuptools writes beside its source."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("helpers", "webapp", "tests"):
        shutil.copytree(ROOT / name, source / name)
    pip("wheel", ".", *NO_NETWORK, "--wheel-dir", folder, cwd=source)
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_holds_what_the_app_reads(wheel):
    names = set(ZipFile(wheel).namelist())
    assert {"webapp/openapi.json", "webapp/templates/base.html"} <= names
    assert {"webapp/static/page.js", "helpers/graphs/op_classes.txt"} <= names
    assert not [name for name in names if name.startswith("tests")]


def test_the_command_works_in_any_folder(wheel, tmp_path):
    pip("install", *NO_NETWORK, "--target", tmp_path / "site", wheel, cwd=tmp_path)
    done = subprocess.run(
        [sys.executable, tmp_path / "site" / "bin" / "freeze-serve", "--help"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("Usage: freeze-serve"), done.stderr
