"""Says how to enter the environment where a program is started outside of it.

Imports only the standard library, for there may be nothing else.
"""

import sys
from importlib.util import find_spec

NEEDED = ("click", "numpy", "flask", "tensorflow")


def leave_without_packages() -> None:
    """Exit with a sentence if this Python lacks the packages of this project."""
    if all(map(find_spec, NEEDED)):
        return
    sys.exit(
        f"{sys.executable} lacks the packages of this project: enter the environment "
        "first with `source .venv/bin/activate`; `make demo` or "
        "`python3 tools/set_up.py` makes it"
    )
