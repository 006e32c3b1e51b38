"""Prints the tests of the files that differ from the last commit, for `make check`.

The tests of the layers and of the notebooks' imports are always among them. A test file
that is slow is among them only if it, or the module that it mirrors, has changed.
"""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
SLOW = "pytestmark = pytest.mark.slow"
ALWAYS = ["tests/project/test_layers.py", "tests/notebooks/test_imported_names.py"]


def changed_files() -> list[Path]:
    """The files that differ from the last commit, and the untracked ones."""
    commands = ("git diff --name-only HEAD", "git ls-files -o --exclude-standard")
    outputs = [
        subprocess.check_output(c.split(), cwd=ROOT, text=True) for c in commands
    ]
    return [Path(name) for name in "".join(outputs).splitlines()]


def tests_of(path: Path) -> str | None:
    """The test file or folder of one changed file; None if it has no tests."""
    if path.parts[0] == "tests":
        if path.name.startswith("test_"):
            return str(path)
        return str(path.parent) if len(path.parts) > 2 else None
    if path.suffix != ".py" or len(path.parts) < 2:
        return None
    package = path.parent.relative_to("helpers" if path.parts[0] == "helpers" else "")
    own = TESTS / package / f"test_{path.stem}.py"
    found = next(place for place in (own, *own.parents) if place.exists())
    return None if found == TESTS else str(found.relative_to(ROOT))


def without_slow(place: Path) -> list[str]:
    """A test file, or the files of a folder that are not marked slow as a whole."""
    files = sorted(place.rglob("test_*.py")) if place.is_dir() else [place]
    quick = [f for f in files if f == place or SLOW not in f.read_text()]
    return [str(file.relative_to(ROOT)) for file in quick or files]


if __name__ == "__main__":
    found = {ROOT / name for name in map(tests_of, changed_files()) if name}
    files = {name for place in found if place.exists() for name in without_slow(place)}
    print(" ".join(sorted(files | {*ALWAYS})))
