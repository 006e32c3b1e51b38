"""What a frozen graph is, as it is served: its inputs, its outputs and its model card.

Each field of the card comes from the first of these that states it: the user's options
for this one model, the `.json` file beside it, the card in the graph, a file with class
names beside it, the defaults, the graph itself.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf1

from helpers.data.class_names import names_beside
from helpers.graphs.card_fields import refuse_invalid
from helpers.graphs.wiring import Wiring
from helpers.serving.encoded_photos import EncodedPhotos
from helpers.serving.graph_ends import (
    default_inputs,
    find_inputs,
    find_outputs,
    op_of,
    refuse_absent,
    refuse_open_scalars,
)
from helpers.serving.likely_pixels import likely_pixels
from helpers.serving.output_kinds import find_kind, refuse_kind
from helpers.serving.photo_input import Incomplete, Photos, photo_input
from helpers.serving.preprocessing import Preprocessing
from helpers.serving.scalar_inputs import bound_scalars
from helpers.serving.spec_checks import refuse_missing
from helpers.serving.stated_card import stated_card, with_defaults


class ModelSpec(NamedTuple):
    """The complete card of a graph, and what it means for its inputs and outputs."""

    card: dict
    photos: Preprocessing | EncodedPhotos | None  # None: the network takes no photo
    inputs: tuple[str, ...]  # tensors
    outputs: tuple[str, ...]
    bound: dict[str, np.generic]  # values of scalar placeholders, by op name
    notes: tuple[str, ...]  # what was assumed
    names_file: Path | None = None  # of class names that only a file beside states

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
    for fields in (stated or {}, defaults or {}):
        refuse_invalid(fields, path)
    wiring, notes, names_file = Wiring(graph_def), list[str](), None
    card = stated_card(graph_def, path, stated or {}, notes)
    if not card.get("class_names") and (named := names_beside(path)):
        card["class_names"] = named.names
        names_file = named.path
        notes.append(f"class names from {names_file}")
    card = with_defaults(card, wiring, defaults or {})
    outputs = find_outputs(card, wiring, notes)
    known = outputs and op_of(outputs[0]) in wiring.nodes
    bound = _bound(graph_def, outputs, card, path) if known else {}
    inputs = find_inputs(card, wiring, outputs, bound)
    inputs = inputs or default_inputs(graph_def, wiring, outputs, bound, notes)
    notes += [f"{name} is fixed at {value}" for name, value in bound.items()]
    photos: Photos = None
    if len(inputs) == 1:
        card["input"] = inputs[0]
        photos = photo_input(card, graph_def, path, notes)
    else:
        refuse_open_scalars(inputs, wiring, path)
    if outputs:
        card["output"] = outputs[0]
    if kind := _output_kind(card, wiring, photos, notes):
        card["output_is"] = kind
        try:
            refuse_kind(wiring, card.get("output", ""), kind)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    missing = _missing(card, inputs, photos)
    proposal = None
    if "pixels" in missing and {"output", "image_size"}.isdisjoint(missing):
        proposal = likely_pixels(graph_def, card, path, bound)
    refuse_missing(missing, graph_def, card, path, proposal)
    refuse_absent(inputs, outputs, wiring, path)
    assert not isinstance(photos, Incomplete)
    if isinstance(photos, Preprocessing):
        sides = [photos.height, photos.width]
        card["image_size"] = sides if sides[0] != sides[1] else sides[0]
    return ModelSpec(card, photos, inputs, outputs, bound, tuple(notes), names_file)


def _bound(
    graph_def: tf1.GraphDef, outputs: tuple[str, ...], card: dict, path: Path
) -> dict[str, np.generic]:
    """The values of scalar placeholders; errors name the file."""
    try:
        return bound_scalars(graph_def, outputs, card.get("bound", {}))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _missing(card: dict, inputs: tuple[str, ...], photos: Photos) -> set:
    """The required fields that neither the card nor the graph states."""
    missing = set(photos.missing) if isinstance(photos, Incomplete) else set()
    kind = card.get("output_is")
    if kind is None:
        missing.add("output_is")
    if kind != "values" and photos is not None and not card.get("class_names"):
        missing.add("class_names")
    if not inputs:
        missing.add("input")
    if "output" not in card:
        missing.add("output")
    return missing


def _output_kind(
    card: dict, wiring: Wiring, photos: Photos, notes: list[str]
) -> str | None:
    """What the output is, where the card does not say; None: the user must say it."""
    if "output_is" in card:
        return card["output_is"]
    has_classes = photos is not None or bool(card.get("class_names"))
    if "output" not in card:
        return "probabilities" if has_classes else "values"
    kind, note = find_kind(wiring, card["output"], has_classes=has_classes)
    notes += filter(None, [note])
    return kind
