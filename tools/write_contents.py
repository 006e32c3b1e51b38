"""Write the previous/next lines of the notebooks and the README's table of contents.

    tools/write_contents.py            write them
    tools/write_contents.py --check    only say what is stale, and exit 1 if any is

A notebook's title is its first heading, its question the first sentence after it.
The lines are cells of their own, tagged `navigation`: the second and the last.
"""

import copy
import re
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from helpers.whole_files import write_whole  # noqa: E402

START, END = "<!-- contents -->", "<!-- /contents -->"
TAG = "navigation"


class Page(NamedTuple):
    """A notebook as the table of contents knows it."""

    path: Path
    number: str  # "01"
    title: str
    question: str


def page_of(path: Path, notebook: nbformat.NotebookNode) -> Page:
    """The notebook's title and question, read from its first cell."""
    opening = notebook.cells[0].source if notebook.cells else ""
    found = re.match(r"# (.+)\n+(.+(?:\n.+)*)", opening)
    if not found:
        raise ValueError(
            f"{path.name}: the first cell is not a `# title`, an empty line and a "
            "paragraph that begins with the question"
        )
    title, paragraph = found.group(1).strip(), " ".join(found.group(2).split())
    question = re.split(r"(?<=[.?!])\s", paragraph, maxsplit=1)[0]
    return Page(path, path.name[:2], title, question)


def line(pages: list[Page], index: int) -> str:
    """The previous/next line of one page."""
    parts = ["[Contents](README.md)"]
    if index > 0:
        before = pages[index - 1]
        parts.insert(0, f"← [{before.number} {before.title}]({before.path.name})")
    if index + 1 < len(pages):
        after = pages[index + 1]
        parts.append(f"[{after.number} {after.title}]({after.path.name}) →")
    return " · ".join(parts)


def with_navigation(
    notebook: nbformat.NotebookNode, text: str
) -> nbformat.NotebookNode:
    """A copy whose second and last cells are the line."""
    notebook = copy.deepcopy(notebook)
    cells = [c for c in notebook.cells if TAG not in c.metadata.get("tags", [])]
    top, bottom = (
        nbformat.v4.new_markdown_cell(text, id=f"{TAG}-{end}", metadata={"tags": [TAG]})
        for end in ("top", "bottom")
    )
    notebook.cells = [cells[0], top, *cells[1:], bottom]
    return notebook


def table(pages: list[Page], folder: str = "notebooks") -> str:
    """The table of contents, in Markdown."""
    rows = [
        f"| {page.number} | [{page.title}]({folder}/{page.path.name}) "
        f"| {page.question} |"
        for page in pages
    ]
    return "\n".join(["| | notebook | |", "|---|---|---|", *rows])


def with_table(readme: str, text: str, start: str = START, end: str = END) -> str:
    """The README with the text between its two markers.

    Raises:
      ValueError: a marker is missing, twice there, or they are the wrong way round.
    """
    parts = re.split(f"({re.escape(start)}|{re.escape(end)})", readme)
    if parts[1::2] != [start, end]:
        raise ValueError(
            f"README.md needs one line {start} and after it one line {end}: "
            "what is generated is written between them"
        )
    return f"{parts[0]}{start}\n{text}\n{end}{parts[4]}"


def wanted(root: Path) -> dict[Path, str]:
    """What each generated file should hold."""
    paths = sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    read = [nbformat.read(path, as_version=4) for path in paths]
    pages = [page_of(*pair) for pair in zip(paths, read, strict=True)]
    files = {
        path: nbformat.writes(with_navigation(notebook, line(pages, index))) + "\n"
        for index, (path, notebook) in enumerate(zip(paths, read, strict=True))
    }
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    return files | {readme: with_table(text, table(pages))}


def stale(files: dict[Path, str]) -> list[Path]:
    """The files that hold something else."""
    return [path for path, text in files.items() if _text(path) != text]


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def main(root: Path, arguments: list[str]) -> int:
    try:
        files = wanted(root)
    except (ValueError, nbformat.reader.NotJSONError) as error:
        print(f"write_contents: {error}", file=sys.stderr)
        return 1
    changed = stale(files)
    for path in changed:
        if "--check" in arguments:
            print(f"{path.relative_to(root)} is stale: run tools/write_contents.py")
        else:
            write_whole(path, files[path].encode())
            print(f"{path.relative_to(root)} written")
    return int(bool(changed) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(ROOT, sys.argv[1:]))
