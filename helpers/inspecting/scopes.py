"""Draw a graph's name scopes: inference in colour, training in grey.

Taught in notebooks/02_inspect_the_checkpoint.ipynb.
"""

from collections.abc import Iterable
from pathlib import Path

import tensorflow.compat.v1 as tf1

from helpers.checkpoints.checkpoint import graphs_at, serving_graph
from helpers.freezing.writing import atomic_write
from helpers.graphs.candidates import likely_answers, output_candidates
from helpers.inspecting.boxes import Diagram, diagram_of
from helpers.inspecting.scope_svg import (
    HEIGHT,
    WIDTH,
    arrow_element,
    box_element,
    document,
)

GAP, MARGIN, GUTTER = 24, 28, 96  # px
BOTTOM_UP = (
    *("loss and metrics", "gradients", "optimizer"),
    *("summaries", "initialisation", "saving", "input pipeline"),
)


def write_scopes(path: Path | str, out: Path, outputs: Iterable[str] = ()) -> Path:
    """Draws the graph at a path (`.meta`, `.pb`, folder …) into an SVG file.

    Args:
      outputs: the ops whose inference is drawn; by default the likeliest outputs.
    """
    graph = serving_graph(graphs_at(path))
    likely = likely_answers(output_candidates(graph.graph_def, graph.meta))
    outputs = list(outputs) or [found.tensor for found in likely]
    picture = draw_scopes(graph.graph_def, outputs)
    with atomic_write(Path(out)) as part:
        part.write_bytes(picture.encode())
    return Path(out)


def draw_scopes(graph_def: tf1.GraphDef, outputs: Iterable[str]) -> str:
    """An SVG of what the outputs need, on the left, and of the rest, on the right."""
    return Drawing(diagram_of(graph_def, outputs)).svg()


class Drawing:
    """A diagram with a place for each box."""

    def __init__(self, diagram: Diagram):
        self.boxes, self.arrows = diagram.boxes, set(diagram.arrows)
        self.training = {box.role: i for i, box in enumerate(self.boxes)}
        # The boxes of inference are the first ones, in the order of the data.
        self.left = [i for i, box in enumerate(self.boxes) if box.role == "inference"]
        right = [self.training[role] for role in BOTTOM_UP if role in self.training]
        self.columns = 2 if right else 1
        self.rows = max(len(self.left), len(right), 1)
        self.corners = {box: _corner(0, row) for row, box in enumerate(self.left)}
        for row, box in enumerate(right):
            self.corners[box] = _corner(1, self.rows - 1 - row)

    def svg(self) -> str:
        width = 3 * MARGIN + self.columns * (WIDTH + GUTTER) - GUTTER
        height = 2 * MARGIN + self.rows * (HEIGHT + GAP) - GAP
        boxes = [box_element(box, *self.corners[i]) for i, box in enumerate(self.boxes)]
        names = ", ".join(self.boxes[i].title for i in self.left)
        elements = [*self._inference_arrows(), *self._training_arrows(), *boxes]
        return document(width, height, f"The graph's name scopes: {names}", elements)

    def _inference_arrows(self) -> list[str]:
        return [
            self._vertical(a, b) if b - a == 1 else self._skip(a, b)
            for a, b in sorted(self.arrows)
            if a < b < len(self.left)
        ]

    def _training_arrows(self) -> list[str]:
        """A training step: output, loss, gradients, optimizer, weights."""
        roles = "loss and metrics", "gradients", "optimizer", "input pipeline"
        loss, gradients, optimizer, pipeline = (
            self.training.get(role, -1) for role in roles
        )
        chain = (loss, gradients), (gradients, optimizer)
        drawn = [self._vertical(*p, "training") for p in chain if p in self.arrows]
        sources = [a for a in self.left if (a, loss) in self.arrows]
        drawn += [self._across(a, loss) for a in sources[-1:]]
        fed = [b for b in self.left if (pipeline, b) in self.arrows]
        drawn += [self._across(pipeline, b) for b in fed[:1]]
        if any((a, optimizer) in self.arrows for a in self.left):
            drawn.append(self._to_weights(optimizer))
        return drawn

    def _vertical(self, a: int, b: int, kind: str = "") -> str:
        """An arrow between neighbours in a column, downwards or upwards."""
        (x, y), (_, end) = self.corners[a], self.corners[b]
        start, stop = (y + HEIGHT, end - 2) if end > y else (y, end + HEIGHT + 2)
        return arrow_element(f"M{x + WIDTH / 2} {start}V{stop}", kind)

    def _skip(self, a: int, b: int) -> str:
        """An arrow around the boxes between, on their left."""
        (x, y), (_, end) = self.corners[a], self.corners[b]
        start, stop = y + HEIGHT / 2 + 8, end + HEIGHT / 2 - 8
        bend = x - MARGIN - 4 * min(b - a, 5)
        curve = f"M{x} {start}C{bend} {start} {bend} {stop} {x - 2} {stop}"
        return arrow_element(curve, "skip")

    def _across(self, a: int, b: int) -> str:
        """An arrow between the columns."""
        (x, top), (to, bottom) = self.corners[a], self.corners[b]
        start, stop = (x + WIDTH, to - 2) if to > x else (x, to + WIDTH + 2)
        y, end, middle = top + HEIGHT / 2, bottom + HEIGHT / 2, (start + stop) / 2
        curve = f"M{start} {y}C{middle} {y} {middle} {end} {stop} {end}"
        return arrow_element(curve, "training")

    def _to_weights(self, optimizer: int) -> str:
        """An arrow to the boxes of inference, if there is one beside the optimizer."""
        x, top = self.corners[optimizer]
        y, stop = top + HEIGHT / 2, 2 * MARGIN + WIDTH + 2
        if int(y) not in range(MARGIN, MARGIN + len(self.left) * (HEIGHT + GAP)):
            return ""
        middle = (x + stop) / 2
        return (
            arrow_element(f"M{x} {y}H{stop}", "training back")
            + f'<g class="training"><text class="middle" x="{middle}" y="{y - 20}">'
            f'changes</text><text class="middle" x="{middle}" y="{y - 7}">the weights'
            "</text></g>"
        )


def _corner(column: int, row: int) -> tuple[int, int]:
    """The upper left corner of a box, px."""
    return 2 * MARGIN + column * (WIDTH + GUTTER), MARGIN + row * (HEIGHT + GAP)
