"""Writes generated files, or names those that are stale."""

import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from helpers.whole_files import write_whole

ROOT = Path(__file__).resolve().parent.parent


def update(
    tool: str,
    generate: Callable[[], Mapping[Path, bytes | None]],
    arguments: list[str],
    root: Path = ROOT,
) -> int:
    """Write the files that differ from what is generated; the exit status.

    With "--check" among the arguments nothing is written, and the status is 1 if a
    file is stale. An error of `generate` is printed, and the status is 1.

    Args:
      tool: the name of the generator in tools/, for messages.
      generate: returns the content of each file; None for a file to be deleted.
    """
    try:
        files = generate()
    except (ValueError, OSError) as error:
        print(f"{tool}: {error}", file=sys.stderr)
        return 1
    check, status = "--check" in arguments, 0
    for path, content in files.items():
        if content == (path.read_bytes() if path.exists() else None):
            continue
        name = os.path.relpath(path, root)
        if check:
            print(f"{name} is stale: run tools/{tool}.py")
            status = 1
        elif content is None:
            path.unlink()
            print(f"{name} removed")
        else:
            path.parent.mkdir(exist_ok=True)
            write_whole(path, content)
            print(f"{name} written")
    return status


def replace_block(page: str, text: str, name: str) -> str:
    """The page with the text between `<!-- name -->` and `<!-- /name -->`.

    Raises:
      ValueError: a marker is missing or repeated, or the second one comes first.
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    parts = re.split(f"({re.escape(start)}|{re.escape(end)})", page)
    if parts[1::2] != [start, end]:
        raise ValueError(
            f"README.md needs one line {start} and after it one line {end}: "
            "what is generated is written between them"
        )
    return f"{parts[0]}{start}\n{text}\n{end}{parts[4]}"
