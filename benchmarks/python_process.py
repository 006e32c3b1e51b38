"""Runs Python code in a new process, so that imports and memory are not shared."""

import json
import os
import subprocess
import sys
from typing import Any

QUIET = {"TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}


def run_python(*arguments: str, **environment: str) -> Any:
    """The JSON value that `python ARGUMENTS…` prints on its last line.

    Raises:
      ChildProcessError: it failed; the message is the last line of its standard error.
    """
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise ChildProcessError(lines[-1])
    return json.loads(done.stdout.splitlines()[-1])
