"""Facts that a graph from elsewhere does not say of itself, asked for by name.

The lesson's graphs call their ends `x` and `y_pred`, take 128 pixels in and scale them
to 0..1; of any other graph nothing is guessed.
"""

import json
from pathlib import Path

from helpers.data.decoding import IMAGE_SIZE
from helpers.graphs.candidates import (
    Candidate,
    input_candidates,
    output_candidates,
)
from helpers.graphs.wiring import Wiring

LESSON = {
    "input": "x:0",
    "output": "y_pred:0",
    "pixels": "0..1",
    "image_size": IMAGE_SIZE,
}
EXAMPLES = {
    "class_names": ["cat", "dog"],
    "input": "images:0",
    "output": "softmax:0",
    "pixels": "0..1",
    "image_size": 224,
}


def with_defaults(card: dict, graph_def, facts: dict | None = None) -> dict:
    """The card; where it says nothing, the facts, the graph or the lesson speak."""
    nodes = {node.name for node in graph_def.node}
    ends = {role: str(LESSON[role]) for role in ("input", "output")}
    said = {role: name for role, name in ends.items() if name.split(":")[0] in nodes}
    said |= facts or {}
    said |= {fact: card[fact] for fact in card if card[fact] not in (None, [], "")}
    defaults = LESSON if said.get("input") == LESSON["input"] else {}
    return defaults | _size_in_graph(said, graph_def) | said


def _size_in_graph(card: dict, graph_def) -> dict:
    """The side of the square that the input's placeholder wants, where it says so."""
    name = str(card.get("input", "")).split(":")[0]
    wiring = Wiring(graph_def)
    shape = wiring.shape(name) if name in wiring.nodes else None
    _, *sides = shape or [None]
    is_square = len(sides) == 3 and sides[0] == sides[1] and sides[0]
    return {"image_size": sides[0]} if is_square else {}


def ask_for_missing(card: dict, graph_def, path: Path) -> None:
    """Raises ValueError, which names the missing facts, where they go, and guesses."""
    missing = [fact for fact in EXAMPLES if fact not in card]
    if {"input", "image_size"} <= {*missing}:  # the input's placeholder may tell
        missing.remove("image_size")
    if not missing:
        return
    outputs = output_candidates(graph_def)
    inputs = input_candidates(graph_def, [found.tensor for found in outputs])
    found = {"input": inputs, "output": outputs}
    example = {
        fact: found[fact][0].tensor if found.get(fact) else EXAMPLES[fact]
        for fact in missing
    }
    guesses = "".join(
        f"; {role}s found in it: {', '.join(map(_told, found[role][:5]))}"
        for role in ("input", "output")
        if role in missing and found[role]
    )
    facts = " and ".join(filter(None, [", ".join(missing[:-1]), missing[-1]]))
    them = "them" if len(missing) > 1 or facts.endswith("s") else "it"
    raise ValueError(
        f"{path} does not say its {facts.replace('_', ' ')}: put {them} into "
        f"{path.with_suffix('.json').name} beside it, for instance "
        f"{json.dumps(example)}{guesses}"
    )


def _told(found: Candidate) -> str:
    if found.shape is None:
        return f"{found.tensor} ({found.dtype})"
    sizes = ", ".join("?" if size is None else str(size) for size in found.shape)
    return f"{found.tensor} ({found.dtype} [{sizes}])"
