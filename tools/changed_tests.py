"""Prints the tests of the files that differ from the last commit, for `make check`.

The tests of the layers and of the notebooks' imports are always among them.
"""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
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


if __name__ == "__main__":
    found = {name for name in map(tests_of, changed_files()) if name}
    existing = {name for name in found if (ROOT / name).exists()}
    print(" ".join(sorted(existing | {*ALWAYS})))
