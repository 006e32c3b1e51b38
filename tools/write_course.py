"""Writes notebooks/README.md, the page of the course, and its figures.

    tools/write_course.py            write them
    tools/write_course.py --check    name the stale files; exit 1 if there are any

The page is made from tools/course.md, where `<!-- map -->` is replaced by the table of
notebooks, and `[](03 "some text")` by a link to the first cell of notebook 03 that has
this text in its output or, if there is none, in its source.
"""

import base64
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.generated_files import update  # noqa: E402
from tools.write_contents import numbered, page_of, read  # noqa: E402

# The index of each notebook's figure in the table; 0 for the others.
COVERS = {"01": 2, "02": 4, "03": 1, "04": 1, "05": 1, "06": 3, "07": 1, "08": 1}
KINDS = {"image/png": "png", "image/svg+xml": "svg"}
LINK = re.compile(r'\[\]\((\d\d) "(.+?)"\)')
NOTE = "<!-- written by tools/write_course.py from tools/course.md -->"


class Chapter:
    """What the table shows of a notebook, and links to its cells."""

    def __init__(self, path: Path) -> None:
        self.notebook = read(path)
        self.page = page_of(path, self.notebook)

    @property
    def time(self) -> str:
        """How long it takes, as its first cell says.

        Raises:
          ValueError: the cell does not say it.
        """
        opening = self.notebook.cells[0].source
        found = re.search(r"\*\*Takes\*\* (.+?)\.?$", opening, re.IGNORECASE | re.M)
        if not found:
            raise ValueError(
                f"{self.page.path.name}: the first cell has no line like "
                "`**Takes** half a minute.`"
            )
        return found[1]

    def cover(self) -> tuple[str, bytes] | None:
        """File name and bytes of its figure in the table, if it has figures."""
        figures = [
            (KINDS[kind], data)
            for cell in self.notebook.cells
            for output in cell.get("outputs", [])
            for kind, data in output.get("data", {}).items()
            if kind in KINDS
        ]
        if not figures:
            return None
        kind, data = figures[min(COVERS.get(self.page.number, 0), len(figures) - 1)]
        raw = base64.b64decode(data) if kind == "png" else data.encode()
        return f"{self.page.number}.{kind}", raw

    def link_to(self, text: str) -> str:
        """A Markdown link to the cell that has the text, named after its section.

        Raises:
          ValueError: there is no such cell.
        """
        cells = self.notebook.cells
        for texts in (map(outputs_of, cells), (cell.source for cell in cells)):
            for place, found in enumerate(texts):
                if flat(text) in flat(found):
                    anchor = f"{self.page.path.name}#cell-id={cells[place].id}"
                    return f"[{self.page.number} {self._section(place)}]({anchor})"
        raise ValueError(f"no cell of {self.page.path.name} has {text!r}")

    def _section(self, place: int) -> str:
        before = "\n".join(
            cell.source
            for cell in self.notebook.cells[: place + 1]
            if cell.cell_type == "markdown"
        )
        return re.findall(r"^##? (.+)$", before, re.MULTILINE)[-1]


def flat(text: str) -> str:
    """The text in lower case, with single spaces."""
    return " ".join(text.split()).lower()


def outputs_of(cell: nbformat.NotebookNode) -> str:
    """The texts that a cell has printed or returned."""
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for output in cell.get("outputs", [])
    ]
    return "\n".join(texts)


def course_table(chapters: Iterable[Chapter]) -> str:
    """A Markdown table with a row for each notebook: figure, title, question, time."""
    rows = ["| | | takes |", "|---|---|---|"]
    for chapter in chapters:
        page, cover = chapter.page, chapter.cover()
        title = f"**[{page.number} {page.title}]({page.path.name})**"
        figure = ""
        if cover:
            figure = f'<img src="figures/{cover[0]}" width="320" alt="{page.title}">'
        rows.append(f"| {figure} | {title}<br>{page.question} | {chapter.time} |")
    return "\n".join(rows)


def generate(root: Path) -> dict[Path, bytes | None]:
    """The page and its figures; None for a figure that is no longer on the page."""
    folder = root / "notebooks"
    chapters = {path.name[:2]: Chapter(path) for path in numbered(folder)}

    def link(found: re.Match) -> str:
        number, text = found.groups()
        if number not in chapters:
            raise ValueError(f"tools/course.md names notebook {number}: there is none")
        return chapters[number].link_to(text)

    template = (root / "tools" / "course.md").read_text(encoding="utf-8")
    page = LINK.sub(link, template)
    page = page.replace("<!-- map -->", course_table(chapters.values()))
    files = dict.fromkeys((folder / "figures").glob("*"))
    for name, raw in filter(None, (chapter.cover() for chapter in chapters.values())):
        files[folder / "figures" / name] = raw
    return files | {folder / "README.md": f"{NOTE}\n\n{page}".encode()}


def main(root: Path, arguments: list[str]) -> int:
    return update("write_course", lambda: generate(root), arguments, root)


if __name__ == "__main__":
    sys.exit(main(ROOT, sys.argv[1:]))
