"""Writes the previous/next lines of the notebooks and the README's table of contents.

    tools/write_contents.py            write them
    tools/write_contents.py --check    name the stale files; exit 1 if there are any

A notebook's title is its first heading, its question the first sentence after it.
The previous/next line is in the second and the last cell, tagged `navigation`.
"""

import copy
import re
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.generated_files import replace_block, update  # noqa: E402

TAG = "navigation"


class Page(NamedTuple):
    """What the table of contents shows of a notebook."""

    path: Path
    number: str  # "01"
    title: str
    question: str


def read(path: Path) -> nbformat.NotebookNode:
    """The notebook in a file.

    Raises:
      ValueError: it is none.
    """
    try:
        return nbformat.read(path, as_version=4)
    except (ValueError, AttributeError, nbformat.ValidationError) as error:
        raise ValueError(
            f"{path.name} is no notebook: make it in JupyterLab (make lab)"
        ) from error


def numbered(folder: Path) -> list[Path]:
    """The notebooks of the course in a folder, in order.

    Raises:
      ValueError: two have the same number, or a number is left out.
    """
    paths = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    for number, path in enumerate(paths, start=1):
        if path.name[:2] != f"{number:02}":
            raise ValueError(
                f"{path.name}: the notebooks are numbered 01, 02, 03 and so on, and "
                f"this one is the {number:02}: name it {number:02}{path.name[2:]}"
            )
    return paths


def page_of(path: Path, notebook: nbformat.NotebookNode) -> Page:
    """The notebook's title and question, read from its first cell.

    Raises:
      ValueError: the cell does not begin with a title and a paragraph.
    """
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
    """A copy of the notebook with the text as its second and its last cell."""
    notebook = copy.deepcopy(notebook)
    cells = [c for c in notebook.cells if TAG not in c.metadata.get("tags", [])]
    top, bottom = (
        nbformat.v4.new_markdown_cell(text, id=f"{TAG}-{end}", metadata={"tags": [TAG]})
        for end in ("top", "bottom")
    )
    notebook.cells = [cells[0], top, *cells[1:], bottom]
    return notebook


def table(pages: list[Page]) -> str:
    """The table of contents, in Markdown."""
    rows = [
        f"| {page.number} | [{page.title}](notebooks/{page.path.name}) "
        f"| {page.question} |"
        for page in pages
    ]
    return "\n".join(["| | notebook | |", "|---|---|---|", *rows])


def generate(root: Path) -> dict[Path, bytes]:
    """The README and the notebooks, with current contents and navigation."""
    paths = numbered(root / "notebooks")
    notebooks = [read(path) for path in paths]
    pages = list(map(page_of, paths, notebooks))
    texts = {
        path: nbformat.writes(with_navigation(notebook, line(pages, index))) + "\n"
        for index, (path, notebook) in enumerate(zip(paths, notebooks, strict=True))
    }
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8")
    texts[readme] = replace_block(text, table(pages), "contents")
    return {path: text.encode() for path, text in texts.items()}


def main(root: Path, arguments: list[str]) -> int:
    return update("write_contents", lambda: generate(root), arguments, root)


if __name__ == "__main__":
    sys.exit(main(ROOT, sys.argv[1:]))
