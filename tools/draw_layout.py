"""Draws tools/layout.svg: the packages, their imports, and the two main paths.

    tools/draw_layout.py            write it
    tools/draw_layout.py --check    exit 1 if it is stale

The arrows are read from the source: an arrow means "imports from". An import that
other arrows imply is left out.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools import svg  # noqa: E402
from tools.generated_files import update  # noqa: E402
from tools.import_graph import package_edges  # noqa: E402

PICTURE = ROOT / "tools" / "layout.svg"


def arrows() -> set[tuple[str, str]]:
    """The imports between the boxes, without those that other arrows imply."""
    drawn = BOXES.keys() - {"commands"}  # it imports from every package
    graph = {name: targets & drawn for name, targets in package_edges().items()}

    def reached(name: str) -> set[str]:
        return set().union(*({n} | reached(n) for n in graph.get(name, ())))

    return {
        (name, target)
        for name in graph.keys() & drawn
        for target in graph[name]
        if not any(target in reached(other) for other in graph[name])
    }


class Box(NamedTuple):
    """The box of a package: its upper left corner, its width, and its purpose."""

    x: int
    y: int
    width: int
    purpose: str


LINE, WIDTH, HEIGHT = 22, 792, 1052
PHOTO, WEIGHT, GREY, INK, QUIET = "#1f6feb", "#c2570c", "#9aa4b2", "#1b2330", "#5b6675"
C1, C2, C3, NARROW, WIDE = 28, 276, 524, 208, 456
BOXES = {
    "notebooks": Box(C1, 20, NARROW, "01 … 08, the course"),
    "commands": Box(C1, 92, NARROW, ""),
    "webapp": Box(C2, 20, WIDE, "Flask views/, and the server behind them"),
    "training": Box(C1, 246, WIDE, "placeholders, networks, the training loop"),
    "inspecting": Box(C1, 384, NARROW, "what a file holds"),
    "serving": Box(C3, 384, NARROW, "frozen graphs answer"),
    "freezing": Box(C1, 538, WIDE, "from a checkpoint to one file"),
    "checkpoints": Box(C1, 736, NARROW, "the files, read"),
    "profiling": Box(C2, 736, NARROW, "time and memory"),
    "graphs": Box(C1, 876, NARROW, "GraphDefs, no session"),
    "figures": Box(C2, 876, NARROW, "every figure"),
    "data": Box(C3, 876, NARROW, "bytes to pixels"),
}
FILES = {  # of each box: file, purpose, and the numbered steps of the paths there
    "commands": (("freeze.py", "and the others"),),
    "webapp": (
        ("serving/supervisor.py", "one process a core", (PHOTO, 1)),
        ("serving/shared_state.py", "which worker accepts"),
        ("serving/admission.py", "503 when overloaded"),
        ("serving/micro_batching.py", "photos in one run"),
        ("views/predict.py", "one blueprint a file", (PHOTO, 2), (PHOTO, 6)),
    ),
    "training": (
        ("networks.py", "the layers"),
        ("loop.py", "runs train_op, saves", (WEIGHT, 1)),
    ),
    "inspecting": (("inspect.py", ""), ("roles.py", ""), ("scan.py", "unsafe ops")),
    "serving": (
        ("library.py", "", (PHOTO, 4)),
        ("frozen_model.py", "", (PHOTO, 5), (WEIGHT, 5)),
        ("open_session.py", "", (WEIGHT, 6)),
    ),
    "freezing": (
        ("freeze.py", "the five steps", (WEIGHT, 3)),
        ("sources/recognise.py", "a reader for each format"),
        ("passes/pipeline.py", "the graph passes, in order"),
        ("passes/inference/bind_dropouts.py", "no dropout"),
        ("proof/compare.py", "same answers?"),
    ),
    "checkpoints": (("checkpoint.py", ""), ("bundles.py", "")),
    "profiling": (("leaks.py", ""), ("usage.py", "")),
    "graphs": (("editor.py", ""), ("model_card.py", "")),
    "figures": (("plots.py", ""), ("diagrams.py", "")),
    "data": (("decoding.py", "JPEG", (PHOTO, 3)), ("photos.py", "")),
}
LEGEND = (
    (PHOTO, "A photo", "accept;read;decode;choose the model;run it;answer"),
    (WEIGHT, "A weight", "train;save;freeze;one file;load;session"),
)


def bottom(name: str) -> int:
    """The lower edge of a box, which has a line for its purpose and for each file."""
    box = BOXES[name]
    return box.y + 35 + LINE * (len(FILES.get(name, ())) + bool(box.purpose))


def drawing() -> str:
    """The whole picture as SVG.

    Raises:
      ValueError: a named file does not exist, or an import has no route.
    """
    parts = [
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="14" fill="#ffffff" '
        'stroke="#d5dbe3"/>',
        '<rect x="14" y="212" width="764" height="776" rx="12" fill="#f4f6f9"/>',
        svg.text(C1, 234, "helpers/", 16, INK, bold=True),
        svg.text(C1 + 80, 234, "imported by all three above", 13.5, QUIET),
        svg.text(742, 59, "photo", 12, PHOTO),
        svg.text(742, 101, "answer", 12, PHOTO),
        *_imports(),
        *(svg.arrow(route, PHOTO, "photo", 2.6) for route in PHOTOS),
        *(svg.arrow(route, WEIGHT, "weight", 2.6) for route in WEIGHTS),
        *(part for name, box in BOXES.items() for part in _box(name, box)),
        *_artifact(C2 + 9, 406, "4 checkpoint files", "checkpoints/NAME/", 2),
        *_artifact(C3 - 6, 590, "1.pb", "frozen/NAME/", 4, width=136),
        *_legend(),
    ]
    heads = {"grey": GREY, "photo": PHOTO, "weight": WEIGHT}
    definitions = "".join(svg.arrow_head(*head) for head in heads.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'role="img" aria-label="Packages, imports, and the paths of a photo and of a '
        f'weight">\n<defs>{definitions}</defs>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _box(name: str, box: Box) -> Iterator[str]:
    yield (
        f'<rect x="{box.x}" y="{box.y}" width="{box.width}" '
        f'height="{bottom(name) - box.y}" '
        f'rx="9" fill="#ffffff" stroke="#c3cbd6" stroke-width="1.2"/>'
    )
    heading = "python -m helpers" if name == "commands" else f"{name}/"
    yield svg.text(box.x + 12, box.y + 23, heading, 16, INK, bold=True)
    y = box.y + 43
    if box.purpose:
        yield svg.text(box.x + 12, y, box.purpose, 13.5, QUIET)
        y += LINE
    folder = ROOT / {
        "webapp": "webapp",
    }.get(name, f"helpers/{name}")
    for index, (file, purpose, *steps) in enumerate(FILES.get(name, ())):
        if not (folder / file).exists():
            path = (folder / file).relative_to(ROOT)
            raise ValueError(f"{path} is drawn, but does not exist")
        line = y + LINE * index + 2
        yield svg.text(box.x + 12, line, file, 14, INK, mono=True)
        x = box.x + 20 + 8.43 * len(file)
        for colour, number in steps:
            yield svg.numbered_circle(x + 8, line - 4.5, colour, number)
            x += 22
        if purpose:
            yield svg.text(x + 2, line, purpose, 13.5, QUIET)


def _imports() -> Iterator[str]:
    for name, target in sorted(arrows()):
        if (name, target) not in ROUTES:
            raise ValueError(f"{name} imports {target}: add its route to ROUTES")
        yield svg.arrow(ROUTES[name, target], GREY, "grey", 1.4, f"{name} → {target}")
    line = ((C1 + 105, bottom("commands")), (C1 + 105, 209))
    yield svg.arrow(line, GREY, "grey", 1.4)


def _down(name: str, target: str, x: int) -> tuple:
    """A vertical line between two boxes."""
    return ((x, bottom(name)), (x, BOXES[target].y - 3))


def _bent(name: str, target: str, x: int, end: int, y: int) -> tuple:
    """Down from a box, sideways at y, and down to another box."""
    return ((x, bottom(name)), (x, y), (end, y), (end, BOXES[target].y - 3))


ROUTES = {
    ("webapp", "serving"): _down("webapp", "serving", 560),
    ("webapp", "profiling"): _bent("webapp", "profiling", 504, 446, 722),
    ("training", "serving"): _bent("training", "serving", 470, 545, 368),
    ("inspecting", "freezing"): _down("inspecting", "freezing", 135),
    ("serving", "freezing"): _bent("serving", "freezing", 545, 470, 522),
    ("training", "figures"): (
        (C1 + WIDE, 330),
        (494, 330),
        (494, 848),
        (430, 848),
        (430, BOXES["figures"].y - 3),
    ),
    ("freezing", "data"): (
        (C1 + WIDE, 694),
        (C3 + NARROW // 2, 694),
        (C3 + NARROW // 2, BOXES["data"].y - 3),
    ),
    ("freezing", "checkpoints"): _down("freezing", "checkpoints", 135),
    ("checkpoints", "graphs"): _down("checkpoints", "graphs", 135),
    ("profiling", "data"): _bent("profiling", "data", 385, 560, 860),
}
PHOTOS = (
    ((780, 66), (736, 66)),
    ((732, 108), (780, 108)),
    ((732, 152), (754, 152), (754, 922), (735, 922)),
    ((715, 876), (715, bottom("serving") + 3)),
    ((715, 384), (715, bottom("webapp") + 3)),
)
WEIGHTS = (
    ((380, bottom("training")), (380, 403)),
    ((380, 458), (380, 535)),
    ((484, 616), (516, 616)),
    ((600, 590), (600, bottom("serving") + 3)),
)


def _artifact(
    x: int, y: int, name: str, folder: str, number: int, width: int = 190
) -> Iterator[str]:
    """A file that one package writes and another reads."""
    yield (
        f'<rect x="{x}" y="{y}" width="{width}" height="52" rx="9" fill="#fdf1e7" '
        f'stroke="{WEIGHT}" stroke-dasharray="4 3"/>'
    )
    yield svg.numbered_circle(x + 18, y + 18, WEIGHT, number)
    yield svg.text(x + 34, y + 22.5, name, 13.5, INK, bold=True)
    yield svg.text(x + 34, y + 41, folder, 12, QUIET, mono=True)


def _legend() -> Iterator[str]:
    for index, (colour, name, steps) in enumerate(LEGEND):
        y = 1014 + 23 * index
        yield svg.text(C1 - 6, y, name, 13.5, colour, bold=True)
        x = 110.0
        for number, step in enumerate(steps.split(";"), 1):
            yield svg.numbered_circle(x, y - 4.5, colour, number)
            yield svg.text(x + 13, y, step, 13.5, INK)
            x += 34 + sum(4.4 if letter in "itfjlr " else 8.2 for letter in step)
    yield svg.arrow(((640, 1033), (678, 1033)), GREY, "grey", 1.4)
    yield svg.text(685, 1037, "imports from", 13.5, INK)


def main(arguments: list[str]) -> int:
    return update("draw_layout", lambda: {PICTURE: drawing().encode()}, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
