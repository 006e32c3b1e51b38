"""Finds a browser for the browser tests: Debian's Chromium, else Playwright's own.

If there is none, it installs Playwright's. If that fails too, it prints one line, and
exits 1 in CI, where the browser tests must run.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright


def find_browser() -> str | None:
    """The path of an installed Chromium, or None."""
    installed = shutil.which("chromium") or shutil.which("chromium-browser")
    if installed:
        return installed
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def main() -> int:
    if find_browser():
        return 0
    fetch = [sys.executable, "-m", "playwright", "install", "chromium"]
    subprocess.run(fetch, check=False, capture_output=True, timeout=600)
    if find_browser():
        return 0
    print("browser tests are skipped: Chromium is not installed (install `chromium`)")
    return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
