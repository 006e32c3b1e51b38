"""Programs that the files in deploy/ are for; CI has them all."""

import os
import shutil

import pytest


def needs(*programs: str):
    """A mark: without the programs the test is skipped; in CI it runs and fails."""
    missing = [name for name in programs if not shutil.which(name)]
    is_skipped = bool(missing) and not os.environ.get("CI")
    reason = f"{', '.join(missing)} is not installed: .ci/run names the package"
    return pytest.mark.skipif(is_skipped, reason=reason)
