"""Photos, folders, zips and processes for the tests of this package."""

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.made_pictures import saved

ROOT = Path(__file__).parents[2]


def photo(seed, side=48):
    """A JPEG of a random pattern."""
    pixels = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), np.uint8)
    return saved(Image.fromarray(pixels).resize((side, side)), "JPEG")


CAT, DOG = photo(1), photo(2)
PETS = [("cat/0.jpg", CAT), ("dog/0.jpg", DOG)]


def make_zip(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def make_folder(folder, seeds):
    """Write one photo for each seed."""
    folder.mkdir(parents=True)
    for seed in seeds:
        (folder / f"{seed}.jpg").write_bytes(photo(seed))


def files_in(folder):
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
    )


def message_of(error, call, *arguments, **options):
    """The message of the error that the call raises."""
    with pytest.raises(error) as caught:
        call(*arguments, **options)
    return str(caught.value)


def run_with_small_files(code, *arguments):
    """The last line of standard error of a Python that cannot write over 10,000 bytes.

    A write beyond that fails as it does on a full disk.
    """
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10000,) * 2)"
    code = f"import sys; from pathlib import Path; {limit}; {code}"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    return run.stderr.splitlines()[-1]
