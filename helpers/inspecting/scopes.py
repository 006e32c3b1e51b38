"""Draw a graph's name scopes: what answers in colour, what only trains in grey.

Taught in notebooks/02_inspect_the_checkpoint.ipynb.
"""

from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape

from helpers.checkpoints.checkpoint import graphs_at, serving_graph
from helpers.freezing.writing import beside
from helpers.graphs.candidates import likely_answers, output_candidates
from helpers.inspecting.boxes import Box, Diagram, diagram_of
from helpers.whole_files import write_whole

WIDTH, HEIGHT, GAP, MARGIN, GUTTER = 280, 50, 24, 28, 96  # px
TITLE_CHARACTERS, OPS_CHARACTERS = 23, 34
BOTTOM_UP = (
    *("loss and metrics", "gradients", "optimizer"),
    *("summaries", "initialisation", "saving", "input pipeline"),
)
STYLE = """
  svg { --ground: #ffffff; --ink: #10242d; --soft: #4d6570; --fill: #e4f1f6;
        --edge: #0b6a8a; --grey: #eeeff0; --rim: #b9c1c5; --dim: #626d73 }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #0d1117; --ink: #e8f2f6; --soft: #a5bac4; --fill: #12303c;
          --edge: #6cc5e2; --grey: #1c2126; --rim: #465058; --dim: #97a3aa }
  }
  text { font: 11px system-ui, sans-serif; fill: var(--soft) }
  .title { font-size: 14px; font-weight: 600; fill: var(--ink) }
  .right { text-anchor: end }
  .middle { text-anchor: middle }
  .ground { fill: var(--ground) }
  .box { fill: var(--fill); stroke: var(--edge); stroke-width: 1.5 }
  .training .box { fill: var(--grey); stroke: var(--rim); stroke-dasharray: 4 3 }
  .training text { fill: var(--dim) }
  .arrow { fill: none; stroke: var(--edge); stroke-width: 1.5 }
  .arrow.training { stroke: var(--rim) }
  .skip { opacity: 0.55 }
  .back { stroke-dasharray: 4 4 }
  .head { fill: var(--edge) }
  .head.training { fill: var(--rim) }
"""
HEADS = "".join(
    f'<marker id="head{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
    f'markerHeight="8" orient="auto-start-reverse"><path d="M0 0 8 4 0 8Z" '
    f'class="head {name}"/></marker>'
    for name in ("", "training")
)


def write_scopes(path: Path | str, out: Path, outputs: Iterable[str] = ()) -> Path:
    """Draw the graph at a path (`.meta`, `.pb`, folder …) into an SVG file."""
    graph = serving_graph(graphs_at(path))
    likely = likely_answers(output_candidates(graph.graph_def, graph.meta))
    outputs = list(outputs) or [found.tensor for found in likely]
    picture = draw_scopes(graph.graph_def, outputs)
    with beside(Path(out)) as part:
        write_whole(part, picture.encode())
    return Path(out)


def draw_scopes(graph_def, outputs: Iterable[str]) -> str:
    """The picture as SVG: what the outputs need on the left, the rest on the right."""
    return Drawing(diagram_of(graph_def, outputs)).svg()


class Drawing:
    """A diagram with a place for each box."""

    def __init__(self, diagram: Diagram):
        self.boxes, self.arrows = diagram.boxes, set(diagram.arrows)
        answering = [i for i, box in enumerate(self.boxes) if box.role == "inference"]
        training = {box.role: i for i, box in enumerate(self.boxes)}
        self.left = answering
        self.right = [training[role] for role in BOTTOM_UP if role in training]
        self.rows = max(len(self.left), len(self.right), 1)
        self.places = {box: (0, row) for row, box in enumerate(self.left)}
        for row, box in enumerate(self.right):
            self.places[box] = (1, self.rows - 1 - row)
        self.training = training

    def svg(self) -> str:
        gutter = GUTTER if self.right else 0
        width = 2 * MARGIN + WIDTH + gutter + (WIDTH if self.right else 0) + MARGIN
        height = 2 * MARGIN + self.rows * (HEIGHT + GAP) - GAP
        parts = [*self._arrows(), *map(self._box, range(len(self.boxes)))]
        names = ", ".join(self.boxes[i].title for i in self.left)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
            f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
            f"<title>The graph's name scopes: {escape(names)}</title>"
            f"<style>{STYLE}</style><defs>{HEADS}</defs>"
            f'<rect class="ground" width="100%" height="100%" rx="12"/>\n'
            + "\n".join(parts)
            + "\n</svg>\n"
        )

    def _corner(self, index: int) -> tuple[float, float]:
        """The upper left corner of a box."""
        column, row = self.places[index]
        x = 2 * MARGIN + column * (WIDTH + GUTTER)
        return x, MARGIN + row * (HEIGHT + GAP)

    def _box(self, index: int) -> str:
        box, (x, y) = self.boxes[index], self._corner(index)
        kind = "" if box.role == "inference" else ' class="training"'
        right = f'<text class="right" x="{x + WIDTH - 12}"'
        title = escape(_shortened(box.title, TITLE_CHARACTERS))
        return (
            f'<g{kind}><rect class="box" x="{x}" y="{y}" width="{WIDTH}" '
            f'height="{HEIGHT}" rx="8"/>'
            f'<text class="title" x="{x + 12}" y="{y + 21}">{title}</text>'
            f'{right} y="{y + 21}">{_count(box)}</text>'
            f'<text x="{x + 12}" y="{y + 38}">{escape(_ops(box))}</text>'
            f'{right} y="{y + 38}">{_size(box)}</text></g>'
        )

    def _arrows(self) -> list[str]:
        drawn = [
            self._down(a, b) if self._are_neighbours(a, b) else self._skip(a, b)
            for a, b in sorted(self.arrows)
            if a in self.left
            and b in self.left
            and self.left.index(a) < self.left.index(b)
        ]
        return drawn + self._training_arrows()

    def _training_arrows(self) -> list[str]:
        """The way round: answer, loss, gradients, optimizer, weights."""
        drawn, at = [], self.training
        loss, gradients = at.get("loss and metrics"), at.get("gradients")
        pipeline, optimizer = at.get("input pipeline"), at.get("optimizer")
        for a, b in ((loss, gradients), (gradients, optimizer)):
            if (a, b) in self.arrows:
                drawn.append(self._up(a, b))
        sources = [a for a in self.left if (a, loss) in self.arrows]
        if sources:
            drawn.append(self._across(sources[-1], loss))
        fed = [b for b in self.left if (pipeline, b) in self.arrows]
        if fed:
            drawn.append(self._across(pipeline, fed[0]))
        if optimizer is not None and any(
            (a, optimizer) in self.arrows for a in self.left
        ):
            drawn.append(self._to_weights(optimizer))
        return drawn

    def _are_neighbours(self, a: int, b: int) -> bool:
        return self.left.index(b) - self.left.index(a) == 1

    def _down(self, a: int, b: int) -> str:
        (x, y), (_, end) = self._corner(a), self._corner(b)
        return _path(f"M{x + WIDTH / 2} {y + HEIGHT}V{end - 2}")

    def _up(self, a: int, b: int) -> str:
        (x, y), (_, end) = self._corner(a), self._corner(b)
        return _path(f"M{x + WIDTH / 2} {y}V{end + HEIGHT + 2}", "training")

    def _skip(self, a: int, b: int) -> str:
        """Past the boxes between, on the left."""
        (x, y), (_, end) = self._corner(a), self._corner(b)
        start, end = y + HEIGHT / 2 + 8, end + HEIGHT / 2 - 8
        bend = x - MARGIN - 4 * min(self.left.index(b) - self.left.index(a), 5)
        return _path(f"M{x} {start}C{bend} {start} {bend} {end} {x - 2} {end}", "skip")

    def _across(self, a: int, b: int) -> str:
        (x, y), (to, end) = self._corner(a), self._corner(b)
        start, stop = (x + WIDTH, to - 2) if to > x else (x, to + WIDTH + 2)
        y, end, middle = y + HEIGHT / 2, end + HEIGHT / 2, (start + stop) / 2
        curve = f"M{start} {y}C{middle} {y} {middle} {end} {stop} {end}"
        return _path(curve, "training")

    def _to_weights(self, optimizer: int) -> str:
        x, y = self._corner(optimizer)
        y, stop = y + HEIGHT / 2, 2 * MARGIN + WIDTH + 2
        weights = range(MARGIN, MARGIN + len(self.left) * (HEIGHT + GAP))
        if int(y) not in weights:
            return ""
        middle = (x + stop) / 2
        return (
            _path(f"M{x} {y}H{stop}", "training back")
            + f'<g class="training"><text class="middle" x="{middle}" y="{y - 20}">'
            f'changes</text><text class="middle" x="{middle}" y="{y - 7}">the weights'
            "</text></g>"
        )


def _path(curve: str, kind: str = "") -> str:
    head = "training" if "training" in kind else ""
    return f'<path class="arrow {kind}" d="{curve}" marker-end="url(#head{head})"/>'


def _shortened(text: str, most: int) -> str:
    """A text without its middle where it is too long."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2 - 1]}…{text[-(most // 2) :]}"


def _ops(box: Box) -> str:
    """The box's ops, as many as fit on a line."""
    text = ""
    for op in box.ops:
        longer = f"{text} · {op}" if text else op
        if len(longer) > OPS_CHARACTERS:
            break
        text = longer
    return text


def _count(box: Box) -> str:
    return "1 node" if box.nodes == 1 else f"{box.nodes:,} nodes"


def _size(box: Box) -> str:
    """The weights' size, where there are any worth telling."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if box.bytes >= size:
            return f"{box.bytes / size:.3g} {unit}"
    return ""
