"""The notebooks' asserts hold on real photos too; outputs are not compared.

Takes some minutes: `.ci/run` runs it, and `make test` leaves it out.
"""

import subprocess
import sys
import zipfile
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


def write_every(number: int, source: Path, path: Path) -> None:
    """Writes one in `number` of the photos of an archive to another archive."""
    with zipfile.ZipFile(source) as full, zipfile.ZipFile(path, "w") as part:
        for name in sorted(full.namelist())[::number]:
            part.writestr(name, full.read(name))


@pytest.fixture(scope="module")
def ran(shared, tmp_path_factory) -> subprocess.CompletedProcess:
    """The run of these notebooks, one after the other, in one copy of the project."""
    photos = shared / "photos.zip"
    if not photos.exists():
        pytest.skip(f"needs real photos, and {photos} does not exist")
    folder = tmp_path_factory.mktemp("photos")
    write_every(14, photos, folder / "photos.zip")  # about 1,700
    data = ["--data", str(folder / "data")]
    download = ["-m", "helpers", "download", "--from", str(folder / "photos.zip")]
    unpacked = run(*download, *data, minutes=5)
    assert unpacked.returncode == 0, unpacked.stderr
    return run("tools/run_notebooks.py", "--no-store", *data, *NUMBERS, minutes=30)


@pytest.mark.parametrize("number", NUMBERS)
def test_notebook_holds_on_photos(ran, number):
    (path,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    assert f"\n{path.name}: " in f"\n{ran.stdout}", ran.stderr
