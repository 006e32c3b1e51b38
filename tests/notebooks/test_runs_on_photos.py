"""The notebooks' asserts hold on real photos too; outputs are not compared.

Takes some minutes; `pytest -m "not photos"` leaves it out.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NUMBERS = ("01", "03", "04", "08")  # the notebooks that read data/

pytestmark = pytest.mark.photos


def run(*command: str, minutes: int) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60 * minutes,
    )


@pytest.fixture(scope="module")
def ran(shared, tmp_path_factory) -> subprocess.CompletedProcess:
    """The run of these notebooks, one after the other, in one copy of the project."""
    photos = shared / "photos.zip"
    if not photos.exists():
        pytest.skip(f"needs real photos, and {photos} does not exist")
    data = tmp_path_factory.mktemp("photos") / "data"
    download = ["-m", "helpers", "download", "--from", str(photos)]
    unpacked = run(*download, "--data", str(data), minutes=5)
    assert unpacked.returncode == 0, unpacked.stderr
    runner = ["tools/run_notebooks.py", "--no-store", "--data", str(data)]
    return run(*runner, *NUMBERS, minutes=30)


@pytest.mark.parametrize("number", NUMBERS)
def test_notebook_holds_on_photos(ran, number):
    (path,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    assert f"\n{path.name}: " in f"\n{ran.stdout}", ran.stderr
