"""Starts the app where something of the machine is missing, full or small."""

import functools
import subprocess
import sys

import pytest

from tests.webapp.running_app import APP, ROOT

EXEC = "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])"


def app_after(shell: str, *options: str) -> tuple[str, ...]:
    """The arguments of `running` for the app, after these lines of a shell.

    The process stays the same, so that signals reach the app.
    """
    lines = f'set -e\n{shell}\nexec "$@"'
    app = (sys.executable, APP, *options)
    return ("-c", EXEC, "sh", "-c", lines, "sh", *app)


def app_with_mounts(shell: str, *options: str) -> tuple[str, ...]:
    """The same; what the shell mounts is there for this process only."""
    if not mounts_are_allowed():
        pytest.skip("needs the right to mount folders, which root has outside Docker")
    _, _, *after = app_after(shell, *options)
    return ("-c", EXEC, "unshare", "--mount", *after)


@functools.cache
def mounts_are_allowed() -> bool:
    """Whether a mount namespace can be made here, and a folder be mounted in it."""
    command = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"]
    try:
        return subprocess.run(command, capture_output=True, cwd=ROOT).returncode == 0
    except FileNotFoundError:
        return False
