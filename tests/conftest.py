"""Fixtures that several test files share."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photos, hostile files and checkpoints found in the wild."""
    folder = Path(os.environ.get("SHARED", ROOT.parent / "shared"))
    folder = folder if folder.is_absolute() else ROOT / folder
    if not folder.is_dir():
        pytest.skip(f"needs the shared files, and {folder} is not there")
    return folder
