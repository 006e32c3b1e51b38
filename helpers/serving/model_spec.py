"""What a frozen graph is, as it is served: its inputs, its outputs and its model card.

Each field of the card comes from the first of these that states it: the user's options
for this one model, the `.json` file beside it, the card in the graph, a file with class
names beside it, the defaults, the graph itself.
"""

import json
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf1

from helpers.data.class_names import names_beside
from helpers.graphs.card_fields import refuse_invalid, refuse_unknown
from helpers.graphs.edges import Edge
from helpers.graphs.model_card import CARD_OP, card_in, parse_card
from helpers.graphs.output_ending import last_op
from helpers.graphs.wiring import PLACEHOLDERS, Wiring
from helpers.serving.encoded_photos import EncodedPhotos
from helpers.serving.likely_pixels import likely_pixels
from helpers.serving.photo_input import Incomplete, Photos, photo_input
from helpers.serving.preprocessing import Preprocessing
from helpers.serving.scalar_inputs import bound_scalars
from helpers.serving.spec_checks import LESSON_FIELDS, refuse_missing

NO_OUTPUTS = (CARD_OP, "NoOp", "Assert", "Const", "Placeholder")  # op names or kinds


class ModelSpec(NamedTuple):
    """The complete card of a graph, and what it means for its inputs and outputs."""

    card: dict
    photos: Preprocessing | EncodedPhotos | None  # None: the network takes no photo
    inputs: tuple[str, ...]  # tensors
    outputs: tuple[str, ...]
    bound: dict[str, np.generic]  # values of scalar placeholders, by op name
    notes: tuple[str, ...]  # what was assumed

    @property
    def preprocessing(self) -> Preprocessing | None:
        """What becomes of pixels; None: the network takes none."""
        return self.photos if isinstance(self.photos, Preprocessing) else None

    @property
    def encoding(self) -> EncodedPhotos | None:
        """The strings that the network decodes; None: it decodes none."""
        return self.photos if isinstance(self.photos, EncodedPhotos) else None

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(self.card.get("class_names", ()))


def model_spec(
    graph_def: tf1.GraphDef,
    path: Path,
    defaults: dict | None = None,
    stated: dict | None = None,
) -> ModelSpec:
    """The spec of a frozen graph, its tensor names with an output index.

    Args:
      defaults: card fields for what neither the graph nor a file beside it states.
      stated: card fields that replace those of the graph and of the files.
    Raises:
      ValueError: a field is missing or invalid, or contradicts the graph; the message
        says what to write where.
    """
    wiring, notes = Wiring(graph_def), list[str]()
    card = _stated_card(graph_def, path, stated or {})
    if not card.get("class_names") and (named := names_beside(path)):
        card["class_names"] = named.names
        notes.append(f"class names from {named.path}")
    card = _with_defaults(card, wiring, defaults or {})
    refuse_invalid(card, path)
    outputs = _outputs(card, wiring, notes)
    known = outputs and _op(outputs[0]) in wiring.nodes
    bound = bound_scalars(graph_def, outputs, card.get("bound", {})) if known else {}
    inputs = _inputs(card, wiring, outputs, bound)
    notes += [f"{name} is fixed at {value}" for name, value in bound.items()]
    photos: Photos = None
    if len(inputs) == 1:
        card["input"] = inputs[0]
        photos = photo_input(card, graph_def, path, notes)
    else:
        _refuse_open_scalars(inputs, wiring, path)
    if outputs:
        card["output"] = outputs[0]
    missing = _missing(card, wiring, inputs, photos)
    proposal = None
    if "pixels" in missing and {"output", "image_size"}.isdisjoint(missing):
        proposal = likely_pixels(graph_def, card, path, bound)
    refuse_missing(missing, graph_def, card, path, proposal)
    _refuse_absent(card, inputs, outputs, wiring, path)
    assert not isinstance(photos, Incomplete)
    card |= {"output_is": _output_kind(card, wiring, photos)}
    if isinstance(photos, Preprocessing):
        sides = [photos.height, photos.width]
        card["image_size"] = sides if sides[0] != sides[1] else sides[0]
    return ModelSpec(card, photos, inputs, outputs, bound, tuple(notes))


def _missing(
    card: dict, wiring: Wiring, inputs: tuple[str, ...], photos: Photos
) -> set:
    """The required fields that neither the card nor the graph states."""
    kind = _output_kind(card, wiring, photos)
    missing = set(photos.missing) if isinstance(photos, Incomplete) else set()
    if kind is None:
        missing.add("output_is")
    if kind != "values" and photos is not None and not card.get("class_names"):
        missing.add("class_names")
    if not inputs:
        missing.add("input")
    if "output" not in card:
        missing.add("output")
    return missing


def _stated_card(graph_def: tf1.GraphDef, path: Path, stated: dict) -> dict:
    """The card in the graph, replaced by the file beside it and the options."""
    try:
        card = card_in(graph_def) or {}
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    beside = path.with_suffix(".json")
    if beside.exists():
        written = parse_card(beside.read_bytes(), beside)
        refuse_unknown(written, beside)
        card |= written
    card |= stated
    return {field: card[field] for field in card if card[field] not in (None, [], "")}


def _with_defaults(card: dict, wiring: Wiring, defaults: dict) -> dict:
    """The card; an absent field comes from the defaults or the lesson."""
    ends = {role: str(LESSON_FIELDS[role]) for role in ("input", "output")}
    known = {role: n for role, n in ends.items() if n.split(":")[0] in wiring.nodes}
    if known.keys() == ends.keys() and not {"inputs", "outputs"} & card.keys():
        card = known | defaults | card
    else:
        card = defaults | card
    if card.get("input") == LESSON_FIELDS["input"]:
        card = {"pixels": LESSON_FIELDS["pixels"]} | card
    return card


def _outputs(card: dict, wiring: Wiring, notes: list[str]) -> tuple[str, ...]:
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
    return tuple(dict.fromkeys(map(_tensor, named)))


def _inputs(
    card: dict, wiring: Wiring, outputs: Iterable[str], bound: dict
) -> tuple[str, ...]:
    """The inputs that the card names, and all placeholders that the outputs need."""
    named = [card["input"]] if "input" in card else card.get("inputs", [])
    named = [name for name in map(_tensor, named) if _op(name) not in bound]
    known = [_op(name) for name in outputs if _op(name) in wiring.nodes]
    given = {*map(_op, named)}
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


def _output_kind(card: dict, wiring: Wiring, photos: Photos) -> str | None:
    """What the output is, where the card does not say; None: the user must say it."""
    if "output_is" in card:
        return card["output_is"]
    if photos is None and not card.get("class_names"):
        return "values"
    ending = last_op(wiring.nodes, card["output"]) if "output" in card else None
    return None if ending == "Sigmoid" else "probabilities"


def _refuse_open_scalars(inputs: tuple[str, ...], wiring: Wiring, path: Path) -> None:
    """A network that takes a photo and a scalar is served with the scalar fixed.

    Raises:
      ValueError: it is not known at which value.
    """
    shapes = {
        n: wiring.shape(Edge.parse(n).node) for n in inputs if _op(n) in wiring.nodes
    }
    scalars = [name for name, shape in shapes.items() if shape == ()]
    photos = [name for name, shape in shapes.items() if shape and len(shape) == 4]
    if scalars and len(scalars) + len(photos) == len(inputs) and len(photos) == 1:
        name = _op(scalars[0])
        example = json.dumps({"bound": {name: 1.0}})
        raise ValueError(
            f"{path} takes a scalar {name!r} beside a photo, and nothing in the graph "
            f"says its value for inference: put it into "
            f"{path.with_suffix('.json').name} beside it: {example}"
        )


def _refuse_absent(
    card: dict,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    wiring: Wiring,
    path: Path,
) -> None:
    for role, tensors in (("input", inputs), ("output", outputs)):
        for name in map(_op, tensors):
            if name not in wiring.nodes:
                close = get_close_matches(name, wiring.nodes, 3, 0.4)
                hint = f"; the closest: {', '.join(close)}" if close else ""
                raise ValueError(f"{path} has no {role} op {name!r}{hint}")


def _op(tensor: str) -> str:
    return Edge.parse(tensor).node


def _tensor(name: str) -> str:
    op, _, index = name.partition(":")
    return f"{op}:{index or 0}"
