"""Card fields that a frozen graph does not state: filled in, or asked for by name.

Graphs of the lesson have the ops `x` and `y_pred`, take 128 x 128 pixels and scale them
to 0..1. For the fields of any other graph there are no defaults.
"""

import json
from pathlib import Path

from helpers.data.decoding import IMAGE_SIZE
from helpers.graphs.candidates import Candidate, input_candidates, output_candidates
from helpers.graphs.wiring import Wiring

LESSON_FIELDS = {
    "input": "x:0",
    "output": "y_pred:0",
    "pixels": "0..1",
    "image_size": IMAGE_SIZE,
}
REQUIRED_FIELDS = {  # with an example of each
    "class_names": ["cat", "dog"],
    "input": "images:0",
    "output": "softmax:0",
    "pixels": "0..1",
    "image_size": 224,
}


def fill_in(card: dict, graph_def, defaults: dict) -> dict:
    """The card; an absent field comes from `defaults`, the graph or the lesson."""
    nodes = {node.name for node in graph_def.node}
    ends = {role: str(LESSON_FIELDS[role]) for role in ("input", "output")}
    known = {role: name for role, name in ends.items() if name.split(":")[0] in nodes}
    known |= defaults
    known |= {field: card[field] for field in card if card[field] not in (None, [], "")}
    lesson = LESSON_FIELDS if known.get("input") == LESSON_FIELDS["input"] else {}
    return lesson | _size_in_graph(known, graph_def) | known


def _size_in_graph(card: dict, graph_def) -> dict:
    """The `image_size` of the input placeholder; empty if its shape is not square."""
    name = str(card.get("input", "")).split(":")[0]
    wiring = Wiring(graph_def)
    shape = wiring.shape(name) if name in wiring.nodes else None
    _, *sides = shape or [None]
    is_square = len(sides) == 3 and sides[0] == sides[1] and sides[0]
    return {"image_size": sides[0]} if is_square else {}


def require_fields(card: dict, graph_def, path: Path) -> None:
    """Check that the card has all required fields.

    Raises:
      ValueError: fields are missing; the message names them, the `.json` file to write
        them into, and likely inputs and outputs of the graph.
    """
    missing = [field for field in REQUIRED_FIELDS if field not in card]
    if {"input", "image_size"} <= {*missing}:  # the input's shape may state the size
        missing.remove("image_size")
    if not missing:
        return
    outputs = output_candidates(graph_def)
    inputs = input_candidates(graph_def, [found.tensor for found in outputs])
    found = {"input": inputs, "output": outputs}
    example = {
        field: found[field][0].tensor if found.get(field) else REQUIRED_FIELDS[field]
        for field in missing
    }
    guesses = "".join(
        f"; {role}s found in it: {', '.join(map(_described, found[role][:5]))}"
        for role in ("input", "output")
        if role in missing and found[role]
    )
    fields = " and ".join(filter(None, [", ".join(missing[:-1]), missing[-1]]))
    them = "them" if len(missing) > 1 or fields.endswith("s") else "it"
    raise ValueError(
        f"{path} does not say its {fields.replace('_', ' ')}: put {them} into "
        f"{path.with_suffix('.json').name} beside it, for instance "
        f"{json.dumps(example)}{guesses}"
    )


def _described(found: Candidate) -> str:
    if found.shape is None:
        return f"{found.tensor} ({found.dtype})"
    sizes = ", ".join("?" if size is None else str(size) for size in found.shape)
    return f"{found.tensor} ({found.dtype} [{sizes}])"
