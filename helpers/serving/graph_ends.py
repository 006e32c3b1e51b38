"""The tensors that a frozen graph is fed with, and those that it is served for."""

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path

import tensorflow as tf

from helpers.graphs.edges import Edge
from helpers.graphs.model_card import CARD_OP
from helpers.graphs.wiring import PLACEHOLDERS, Wiring
from helpers.serving.encoded_photos import encoded_photos

NO_OUTPUTS = (CARD_OP, "NoOp", "Assert", "Const", "Placeholder")  # op names or kinds


def find_outputs(card: dict, wiring: Wiring, notes: list[str]) -> tuple[str, ...]:
    """The outputs that the card names, else the only op that no other op reads."""
    named = [card["output"]] if "output" in card else []
    named += card.get("outputs", [])
    if not named:
        ends = [
            name
            for name in wiring.nodes
            if not wiring.consumers.get(name)
            and not {name, wiring.op(name)} & {*NO_OUTPUTS}
        ]
        if len(ends) == 1:
            named = ends
            notes.append(f"output {ends[0]}: no other op of the graph is one")
    return tuple(dict.fromkeys(map(tensor_of, named)))


def find_inputs(
    card: dict, wiring: Wiring, outputs: Iterable[str], bound: dict
) -> tuple[str, ...]:
    """The inputs that the card names, and all placeholders that the outputs need."""
    named = [card["input"]] if "input" in card else card.get("inputs", [])
    named = [name for name in map(tensor_of, named) if op_of(name) not in bound]
    known = [op_of(name) for name in outputs if op_of(name) in wiring.nodes]
    given = {*map(op_of, named)}
    needed = wiring.before(known, until=given) if known else {*wiring.nodes}
    others = [
        f"{name}:0"
        for name in wiring.nodes
        if name in needed
        and wiring.op(name) in PLACEHOLDERS
        and wiring.op(name) != "PlaceholderWithDefault"
        and name not in {*bound, *given}
    ]
    return (*named, *others)


def default_inputs(
    graph_def,
    wiring: Wiring,
    outputs: Iterable[str],
    bound: Mapping,
    notes: list[str],
) -> tuple[str, ...]:
    """The input of a graph without placeholders; () if there is none, or several.

    It is a placeholder with a default that is no scalar, or the constant photo that
    the graph decodes: Inception of 2015 has its photo in the Const
    `DecodeJpeg/contents`.
    """
    known = [op_of(name) for name in outputs if op_of(name) in wiring.nodes]
    needed = wiring.before(known) if known else {*wiring.nodes}
    found = [
        name
        for name in wiring.nodes
        if name in needed
        and name not in bound
        and wiring.op(name) == "PlaceholderWithDefault"
        and wiring.shape(name) != ()
    ] or [
        name
        for name in wiring.nodes
        if name in needed
        and wiring.op(name) == "Const"
        and wiring.dtype(name) == tf.string
        and encoded_photos(graph_def, wiring, name)
    ]
    if len(found) != 1:
        return ()
    notes.append(f"input {found[0]}: it replaces the value that the graph holds")
    return (f"{found[0]}:0",)


def refuse_open_scalars(inputs: tuple[str, ...], wiring: Wiring, path: Path) -> None:
    """A network that takes a photo and a scalar is served with the scalar fixed.

    Raises:
      ValueError: it is not known at which value.
    """
    shapes = {
        name: wiring.shape(op_of(name))
        for name in inputs
        if op_of(name) in wiring.nodes
    }
    scalars = [name for name, shape in shapes.items() if shape == ()]
    photos = [name for name, shape in shapes.items() if shape and len(shape) == 4]
    if scalars and len(scalars) + len(photos) == len(inputs) and len(photos) == 1:
        name = op_of(scalars[0])
        example = json.dumps({"bound": {name: 1.0}})
        raise ValueError(
            f"{path} takes a scalar {name!r} beside a photo, and nothing in the graph "
            f"says its value for inference: put it into "
            f"{path.with_suffix('.json').name} beside it: {example}"
        )


def refuse_absent(
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    wiring: Wiring,
    path: Path,
) -> None:
    """Check that the graph has the ops of all inputs and outputs.

    Raises:
      ValueError: it lacks one; the message names the closest.
    """
    for role, tensors in (("input", inputs), ("output", outputs)):
        for name in map(op_of, tensors):
            if name not in wiring.nodes:
                close = get_close_matches(name, wiring.nodes, 3, 0.4)
                hint = f"; the closest: {', '.join(close)}" if close else ""
                raise ValueError(f"{path} has no {role} op {name!r}{hint}")


def op_of(tensor: str) -> str:
    """The name of the op that computes a tensor."""
    return Edge.parse(tensor).node


def tensor_of(name: str) -> str:
    """The tensor's name, `y:0`, for that of its op or tensor."""
    return Edge.parse(name).tensor
