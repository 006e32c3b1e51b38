"""Draw tools/layout.svg: the packages, their imports, and the two main paths.

    tools/draw_layout.py            write it
    tools/draw_layout.py --check    only say whether it is stale, and exit 1 if it is

The arrows are read from the source: an arrow means "imports from". An import that
follows from two other arrows is left out.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "tools" / "layout.svg"
LAYERS = (  # from the bottom up; a package imports only from layers below its own
    ("lazy", "quiet", "whole_files"),
    ("data", "figures", "graphs"),
    ("checkpoints", "profiling"),
    ("freezing",),
    ("inspecting", "serving"),
    ("training",),
    ("__main__",),
)
FILES = sorted((ROOT / "helpers").rglob("*.py"))
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for path in (*FILES, *sorted((ROOT / "webapp").rglob("*.py")))
}


def imports_of(path: Path) -> list[str]:
    """Every module that a file imports, at any depth, as a dotted name."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [name if name in MODULES else str(node.module) for name in names]
    return found


def edges() -> dict[str, set[str]]:
    """For each module of this project, the modules of this project that it imports."""
    graph: dict[str, set[str]] = defaultdict(set)
    for name, path in MODULES.items():
        for target in imports_of(path):
            known = target in MODULES or f"{target}.__init__" in MODULES
            if known and target.removesuffix(".__init__") != name:
                graph[name].add(target.removesuffix(".__init__"))
    return graph


def package_of(module: str) -> str:
    """The package of helpers that a module is in; "webapp" for the web app's."""
    parts = module.split(".")
    return parts[0] if parts[0] == "webapp" else parts[1] if len(parts) > 1 else ""


def package_edges() -> dict[str, set[str]]:
    """For each package, the packages that it imports from."""
    graph: dict[str, set[str]] = defaultdict(set)
    for name, targets in edges().items():
        packages = {package_of(target) for target in targets}
        graph[package_of(name)] |= packages - {package_of(name)}
    return graph


def arrows() -> set[tuple[str, str]]:
    """The imports between the boxes, without those that follow from others."""
    drawn = BOXES.keys() - {"__main__"}  # it imports from every package
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
    """A package: its place, purpose, and files with what each is for."""

    x: int
    y: int
    width: int
    folder: str
    purpose: str
    files: tuple[tuple[str, str], ...] = ()

    @property
    def height(self) -> int:
        return 35 + LINE * (len(self.files) + bool(self.purpose))

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height


LINE, WIDTH, HEIGHT = 22, 792, 1052
PHOTO, WEIGHT, GREY, INK, QUIET = "#1f6feb", "#c2570c", "#9aa4b2", "#1b2330", "#5b6675"
MONO = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
SANS = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"
C1, C2, C3, NARROW, WIDE = 28, 276, 524, 208, 456
BOXES = {
    "notebooks": Box(C1, 20, NARROW, "notebooks/", "01 … 08, the course"),
    "__main__": Box(
        C1, 92, NARROW, "python -m helpers", "", (("__main__.py", "commands"),)
    ),
    "webapp": Box(
        C2,
        20,
        WIDE,
        "webapp/",
        "Flask views/, and the server behind them",
        (
            ("serving/workers.py", "one process a core"),
            ("serving/shared_state.py", "which worker accepts"),
            ("serving/admission.py", "503 when overloaded"),
            ("serving/micro_batching.py", "photos in one run"),
            ("views/predict.py", "one blueprint a file"),
        ),
    ),
    "training": Box(
        C1,
        246,
        WIDE,
        "training/",
        "placeholders, networks, the training loop",
        (("networks.py", "the layers"), ("loop.py", "runs train_op, saves")),
    ),
    "inspecting": Box(
        C1,
        384,
        NARROW,
        "inspecting/",
        "what a file holds",
        (("inspect.py", ""), ("roles.py", ""), ("scan.py", "unsafe ops")),
    ),
    "serving": Box(
        C3,
        384,
        NARROW,
        "serving/",
        "frozen graphs answer",
        (("library.py", ""), ("frozen_model.py", ""), ("open_session.py", "")),
    ),
    "freezing": Box(
        C1,
        538,
        WIDE,
        "freezing/",
        "from a checkpoint to one file",
        (
            ("freeze.py", "the five steps"),
            ("sources/recognise.py", "a reader for each format"),
            ("passes/pipeline.py", "the graph passes, in order"),
            ("passes/inference/bind_dropouts.py", "no dropout"),
            ("proof/compare.py", "same answers?"),
        ),
    ),
    "checkpoints": Box(
        C1,
        736,
        NARROW,
        "checkpoints/",
        "the files, read",
        (("checkpoint.py", ""), ("bundles.py", "")),
    ),
    "profiling": Box(
        C2,
        736,
        NARROW,
        "profiling/",
        "time and memory",
        (("leaks.py", ""), ("usage.py", "")),
    ),
    "graphs": Box(
        C1,
        876,
        NARROW,
        "graphs/",
        "GraphDefs, no session",
        (("editor.py", ""), ("model_card.py", "")),
    ),
    "figures": Box(
        C2,
        876,
        NARROW,
        "figures/",
        "for the notebooks",
        (("plots.py", ""), ("diagrams.py", "")),
    ),
    "data": Box(
        C3,
        876,
        NARROW,
        "data/",
        "bytes to pixels",
        (("decoding.py", "JPEG"), ("photos.py", "")),
    ),
}
STEPS = {  # (box, file): the numbered steps of the two paths at this file
    ("webapp", "serving/workers.py"): ((PHOTO, 1),),
    ("webapp", "views/predict.py"): ((PHOTO, 2), (PHOTO, 6)),
    ("data", "decoding.py"): ((PHOTO, 3),),
    ("serving", "library.py"): ((PHOTO, 4),),
    ("serving", "frozen_model.py"): ((PHOTO, 5), (WEIGHT, 5)),
    ("serving", "open_session.py"): ((WEIGHT, 6),),
    ("training", "loop.py"): ((WEIGHT, 1),),
    ("freezing", "freeze.py"): ((WEIGHT, 3),),
}
WORDS = (
    (PHOTO, "A photo", "accept;read;decode;choose the model;run it;answer"),
    (WEIGHT, "A weight", "train;save;freeze;one file;load;session"),
)


def drawing() -> str:
    """The whole picture as SVG.

    Raises:
      ValueError: a named file is gone, or two packages that import each other have no
        route.
    """
    parts = [
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="14" fill="#ffffff" '
        'stroke="#d5dbe3"/>',
        '<rect x="14" y="212" width="764" height="776" rx="12" fill="#f4f6f9"/>',
        _text(C1, 234, "helpers/", 16, INK, bold=True),
        _text(C1 + 80, 234, "imported by all three above", 13.5, QUIET),
        _text(742, 59, "photo", 12, PHOTO),
        _text(742, 101, "answer", 12, PHOTO),
        *_imports(),
        *_paths(),
        *(part for name, box in BOXES.items() for part in _box(name, box)),
        *_artifact(C2 + 9, 406, "4 checkpoint files", "checkpoints/NAME/", 2),
        *_artifact(C3 - 6, 590, "1.pb", "frozen/NAME/", 4, width=136),
        *_legend(),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-label="Packages, imports, and the paths of a photo and of a '
        f'weight">\n<defs>{_head("grey", GREY)}{_head("photo", PHOTO)}'
        f"{_head('weight', WEIGHT)}</defs>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _box(name: str, box: Box) -> Iterator[str]:
    yield (
        f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" '
        f'rx="9" fill="#ffffff" stroke="#c3cbd6" stroke-width="1.2"/>'
    )
    yield _text(box.x + 12, box.y + 23, box.folder, 16, INK, bold=True)
    top = box.y + 43
    if box.purpose:
        yield _text(box.x + 12, top, box.purpose, 13.5, QUIET)
    for index, (file, purpose) in enumerate(box.files):
        folder = ROOT / (name if name == "webapp" else f"helpers/{name}")
        path = ROOT / "helpers" / file if name == "__main__" else folder / file
        if not path.exists():
            raise ValueError(f"{path.relative_to(ROOT)} is drawn, but does not exist")
        y = top + LINE * (index + bool(box.purpose)) + 2
        yield _text(box.x + 12, y, file, 14, INK, mono=True)
        x = box.x + 20 + 8.43 * len(file)
        for colour, number in STEPS.get((name, file), ()):
            yield _chip(x + 8, y - 4.5, colour, number)
            x += 22
        if purpose:
            yield _text(x + 2, y, purpose, 13.5, QUIET)


def _imports() -> Iterator[str]:
    for name, target in sorted(arrows()):
        if (name, target) not in ROUTES:
            raise ValueError(f"{name} imports {target}: add its route to ROUTES")
        yield _line(ROUTES[name, target], GREY, "grey", 1.4, f"{name} → {target}")
    bottom = BOXES["__main__"].bottom
    yield _line(((C1 + 105, bottom), (C1 + 105, 209)), GREY, "grey", 1.4)


def _paths() -> Iterator[str]:
    for colour, head, routes in ((PHOTO, "photo", PHOTOS), (WEIGHT, "weight", WEIGHTS)):
        for route in routes:
            yield _line(route, colour, head, 2.6)


def _down(name: str, target: str, x: int) -> tuple:
    """A vertical line between two boxes."""
    return ((x, BOXES[name].bottom), (x, BOXES[target].y - 3))


def _bent(name: str, target: str, x: int, end: int, y: int) -> tuple:
    """Down from a box, sideways at y, and down to another box."""
    return (
        (x, BOXES[name].bottom),
        (x, y),
        (end, y),
        (end, BOXES[target].y - 3),
    )


ROUTES = {
    ("webapp", "serving"): _down("webapp", "serving", 560),
    ("webapp", "profiling"): _bent("webapp", "profiling", 504, 446, 722),
    ("training", "serving"): _bent("training", "serving", 470, 545, 368),
    ("inspecting", "freezing"): _down("inspecting", "freezing", 135),
    ("serving", "freezing"): _bent("serving", "freezing", 545, 470, 522),
    ("serving", "data"): _down("serving", "data", 680),
    ("freezing", "checkpoints"): _down("freezing", "checkpoints", 135),
    ("checkpoints", "graphs"): _down("checkpoints", "graphs", 135),
    ("profiling", "data"): _bent("profiling", "data", 385, 560, 860),
}
PHOTOS = (
    ((780, 66), (736, 66)),
    ((732, 108), (780, 108)),
    ((732, 152), (754, 152), (754, 922), (735, 922)),
    ((715, 876), (715, BOXES["serving"].bottom + 3)),
    ((715, 384), (715, BOXES["webapp"].bottom + 3)),
)
WEIGHTS = (
    ((380, BOXES["training"].bottom), (380, 403)),
    ((380, 458), (380, 535)),
    ((484, 616), (516, 616)),
    ((600, 590), (600, BOXES["serving"].bottom + 3)),
)


def _line(points: tuple, colour: str, head: str, width: float, title: str = "") -> str:
    """A line with round corners and an arrow head at its end."""
    (x, y), *rest = points
    way = [f"M{x} {y}"]
    for corner, after in pairwise(rest):
        near, far = _near(corner, (x, y)), _near(corner, after)
        way.append(f"L{near[0]} {near[1]}Q{corner[0]} {corner[1]} {far[0]} {far[1]}")
        x, y = corner
    way.append(f"L{rest[-1][0]} {rest[-1][1]}")
    inner = f"<title>{escape(title)}</title>" if title else ""
    return (
        f'<path d="{"".join(way)}" fill="none" stroke="{colour}" stroke-width="{width}"'
        f' marker-end="url(#{head})">{inner}</path>'
    )


def _near(corner: tuple, other: tuple) -> tuple[float, float]:
    """The point at most 8 units from the corner towards the other point."""
    (x, y), (to_x, to_y) = corner, other
    length = abs(to_x - x) + abs(to_y - y)
    part = min(8, length / 2) / length
    return x + (to_x - x) * part, y + (to_y - y) * part


def _head(name: str, colour: str) -> str:
    size = 7 if name == "grey" else 4.6
    return (
        f'<marker id="{name}" viewBox="0 0 10 10" refX="7" refY="5" '
        f'markerWidth="{size}" markerHeight="{size}" orient="auto">'
        f'<path d="M0 0L10 5L0 10z" fill="{colour}"/></marker>'
    )


def _artifact(
    x: int, y: int, name: str, folder: str, number: int, width: int = 190
) -> Iterator[str]:
    """A file that one package writes and another reads."""
    yield (
        f'<rect x="{x}" y="{y}" width="{width}" height="52" rx="9" fill="#fdf1e7" '
        f'stroke="{WEIGHT}" stroke-dasharray="4 3"/>'
    )
    yield _chip(x + 18, y + 18, WEIGHT, number)
    yield _text(x + 34, y + 22.5, name, 13.5, INK, bold=True)
    yield _text(x + 34, y + 41, folder, 12, QUIET, mono=True)


def _legend() -> Iterator[str]:
    for index, (colour, name, steps) in enumerate(WORDS):
        y = 1014 + 23 * index
        yield _text(C1 - 6, y, name, 13.5, colour, bold=True)
        x = 110.0
        for number, step in enumerate(steps.split(";"), 1):
            yield _chip(x, y - 4.5, colour, number)
            yield _text(x + 13, y, step, 13.5, INK)
            x += 34 + sum(4.4 if letter in "itfjlr " else 8.2 for letter in step)
    yield _line(((640, 1033), (678, 1033)), GREY, "grey", 1.4)
    yield _text(685, 1037, "imports from", 13.5, INK)


def _chip(x: float, y: float, colour: str, number: int) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8.5" fill="{colour}"/>'
        f'<text x="{x:.1f}" y="{y + 4:.1f}" font-family="{SANS}" font-size="11.5" '
        f'font-weight="700" text-anchor="middle" fill="#ffffff">{number}</text>'
    )


def _text(
    x: float,
    y: float,
    text: str,
    size: float,
    fill: str,
    bold: bool = False,
    mono: bool = False,
) -> str:
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family="{MONO if mono else SANS}" '
        f'font-size="{size}"{weight} fill="{fill}">{escape(text)}</text>'
    )


def main(arguments: list[str]) -> int:
    try:
        wanted = drawing()
    except ValueError as error:
        print(f"draw_layout: {error}", file=sys.stderr)
        return 1
    stale = not PICTURE.exists() or PICTURE.read_text(encoding="utf-8") != wanted
    if stale and "--check" in arguments:
        print("tools/layout.svg is stale: run tools/draw_layout.py")
        return 1
    if stale:
        PICTURE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
