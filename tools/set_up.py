"""Sets up .venv with the packages of requirements.lock; a line for each package.

    python3 tools/set_up.py            without make
    python3 tools/set_up.py MARKER     also create this file: make finds it later

`make` runs it with the interpreter that .venv shall have, which may be too old: so
there is no syntax here that Python 3.6 does not know.
"""

import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST, NEWEST = (3, 10), (3, 13)
WANTED = "Python 3.10, 3.11, 3.12 or 3.13 is needed"


def refuse_version(version):
    """Exit with a sentence if this Python is too old or too new for TensorFlow."""
    if OLDEST <= version[:2] <= NEWEST:
        return
    found = f"Python {version[0]}.{version[1]} ({sys.executable})"
    which = "old" if version[:2] < OLDEST else "new"
    advice = "run tools/set_up.py with one, or make PYTHON=/path/to/python3"
    sys.exit(f"{found} is too {which}: {WANTED}; {advice}")


def has_pip(python):
    """Whether this interpreter runs and has pip."""
    asked, quiet = [str(python), "-m", "pip", "--version"], subprocess.DEVNULL
    try:
        return not subprocess.call(asked, stdout=quiet, stderr=quiet)
    except OSError:
        return False


def create_environment(folder):
    """Create .venv, in place of one that is half-made; returns its interpreter."""
    python = folder / "bin" / "python"
    if not has_pip(python):
        made = subprocess.call([sys.executable, "-m", "venv", "--clear", str(folder)])
        if made:
            sys.exit(f"{folder} could not be made: has this Python the module venv?")
    return python


def install(python, lock):
    """Install the lock's packages; exits with pip's status and error if it fails."""
    print("installing into .venv, once: a line for each package; some minutes")
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    command += ["--progress-bar", "off", "--requirement", str(lock)]
    pip = subprocess.Popen(command, stdout=subprocess.PIPE, universal_newlines=True)
    number = 0
    for line in pip.stdout:
        package = re.match(r"(?:Collecting|Requirement already satisfied:) (\S+)", line)
        if package:
            number += 1
            print(f"{number:5} {package.group(1)}", flush=True)
        elif line.startswith("Installing collected"):
            print("      all are here; unpacking them takes a minute", flush=True)
    if pip.wait():
        sys.exit("the packages could not be installed: run the same command again")


def gigabytes(folder):
    """The size of all files in a folder, in GB."""
    return sum(path.lstat().st_size for path in folder.rglob("*")) / 1e9


def main(arguments):
    """Set up, create the marker files that are named, and print size and time."""
    refuse_version(sys.version_info)
    started, folder = time.time(), ROOT / ".venv"
    install(create_environment(folder), ROOT / "requirements.lock")
    for marker in folder.glob(".installed-*"):
        marker.unlink()
    for name in arguments:
        (ROOT / name).touch()
    minutes = max(1, round((time.time() - started) / 60))
    print(f".venv is set up: {gigabytes(folder):.1f} GB, {minutes} min")


if __name__ == "__main__":
    main(sys.argv[1:])
