"""Print the tests of what the working tree changes, for `make check`.

The layers and the notebooks' imports are always among them; they take seconds.
"""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ALWAYS = ["tests/project/test_layers.py", "tests/notebooks/test_names.py"]


def changed_files() -> list[Path]:
    """The files that differ from the last commit, and those git does not track yet."""
    commands = (
        ["diff", "--name-only", "HEAD"],
        ["ls-files", "-o", "--exclude-standard"],
    )
    lines = [
        subprocess.run(
            ["git", *command], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        for command in commands
    ]
    return [Path(name) for names in lines for name in names]


def tests_of(path: Path) -> str | None:
    """The folder or file of the tests of one changed file."""
    if path.parts[0] == "tests":
        if path.name.startswith("test_"):
            return str(path)
        return str(path.parent) if len(path.parts) > 2 else None
    if path.suffix != ".py" or len(path.parts) < 2:
        return None
    folder = path.parts[1] if path.parts[0] == "helpers" else path.parts[0]
    own = ROOT / "tests" / folder / f"test_{path.stem}.py"
    found = own if own.exists() else own.parent
    return str(found.relative_to(ROOT)) if found.exists() else None


if __name__ == "__main__":
    found = {tests_of(path) for path in changed_files()} - {None}
    existing = sorted(name for name in found if (ROOT / name).exists())
    print(" ".join([*existing, *(name for name in ALWAYS if name not in existing)]))
