"""Write notebooks/README.md, the map of the course, and the figures on it.

    tools/write_course.py            write them
    tools/write_course.py --check    only say what is stale, and exit 1 if any is

The words are in tools/course.md. There `<!-- map -->` stands for the map, and
`[](03 "some text")` for a link to the first cell of notebook 03 that has this text in
its output or, if none has, in its source.
"""

import base64
import re
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from helpers.whole_files import write_whole  # noqa: E402
from tools.write_contents import Page, page_of  # noqa: E402

COVERS = {"01": 2, "02": 4, "05": 1, "06": 3, "07": 1}  # else the first figure
KINDS = {"image/png": "png", "image/svg+xml": "svg"}
LINK = re.compile(r'\[\]\((\d\d) "(.+?)"\)')
NOTE = "<!-- written by tools/write_course.py from tools/course.md -->"


class Chapter:
    """A notebook as the map knows it."""

    def __init__(self, path: Path):
        self.notebook = nbformat.read(path, as_version=4)
        self.page: Page = page_of(path, self.notebook)

    @property
    def time(self) -> str:
        """How long it takes, in its own words."""
        opening = self.notebook.cells[0].source
        found = re.search(r"\*\*Takes\*\* (.+?)\.?$", opening, re.IGNORECASE | re.M)
        if not found:
            raise ValueError(f"{self.page.path.name}: no line says what it **Takes**")
        return found[1]

    def cover(self) -> tuple[str, bytes] | None:
        """File name and bytes of its figure on the map."""
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
        """A Markdown link to the cell that has the text, named after its section."""
        wanted = _flat(text)
        for part_of in (_outputs, _source):
            for place, cell in enumerate(self.notebook.cells):
                if wanted in _flat(part_of(cell)):
                    anchor = f"{self.page.path.name}#cell-id={cell.id}"
                    return f"[{self.page.number} {self._section(place)}]({anchor})"
        raise ValueError(f"no cell of {self.page.path.name} has {text!r}")

    def _section(self, place: int) -> str:
        before = "\n".join(
            cell.source
            for cell in self.notebook.cells[: place + 1]
            if cell.cell_type == "markdown"
        )
        return re.findall(r"^##? (.+)$", before, re.MULTILINE)[-1]


def _flat(text: str) -> str:
    return " ".join(text.split()).lower()


def _outputs(cell: nbformat.NotebookNode) -> str:
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for output in cell.get("outputs", [])
    ]
    return "\n".join(texts)


def _source(cell: nbformat.NotebookNode) -> str:
    return cell.source


def course_map(chapters: list[Chapter]) -> str:
    """A row for each notebook: figure, title, question, time."""
    rows = ["| | | takes |", "|---|---|---|"]
    for chapter in chapters:
        page, cover = chapter.page, chapter.cover()
        title = f"**[{page.number} {page.title}]({page.path.name})**"
        figure = ""
        if cover:
            figure = f'<img src="figures/{cover[0]}" width="320" alt="{page.title}">'
        rows.append(f"| {figure} | {title}<br>{page.question} | {chapter.time} |")
    return "\n".join(rows)


def wanted(root: Path) -> dict[Path, bytes]:
    """What each generated file should hold."""
    folder = root / "notebooks"
    paths = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    chapters = {path.name[:2]: Chapter(path) for path in paths}

    def link(found: re.Match) -> str:
        number, text = found.groups()
        if number not in chapters:
            raise ValueError(f"tools/course.md names notebook {number}: there is none")
        return chapters[number].link_to(text)

    words = (root / "tools" / "course.md").read_text(encoding="utf-8")
    text = LINK.sub(link, words)
    text = text.replace("<!-- map -->", course_map(list(chapters.values())))
    covers = dict(filter(None, (chapter.cover() for chapter in chapters.values())))
    files = {folder / "figures" / name: raw for name, raw in covers.items()}
    return files | {folder / "README.md": f"{NOTE}\n\n{text}".encode()}


def main(root: Path, arguments: list[str]) -> int:
    try:
        files = wanted(root)
    except (ValueError, OSError) as error:
        print(f"write_course: {error}", file=sys.stderr)
        return 1
    kept = set((root / "notebooks" / "figures").glob("*"))
    stale = [
        path
        for path in sorted(kept | files.keys())
        if path not in files or not path.exists() or path.read_bytes() != files[path]
    ]
    for path in stale:
        if "--check" in arguments:
            print(f"{path.relative_to(root)} is stale: run tools/write_course.py")
            continue
        if path in files:
            path.parent.mkdir(exist_ok=True)
            write_whole(path, files[path])
        else:
            path.unlink()
        print(f"{path.relative_to(root)} {'written' if path in files else 'removed'}")
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(ROOT, sys.argv[1:]))
