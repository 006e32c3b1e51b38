"""The model card of a frozen graph, from all that states a field of it."""

import os
from pathlib import Path
from textwrap import shorten

import tensorflow.compat.v1 as tf1

from helpers.foreign.files import read_bounded
from helpers.foreign.json_text import DESCRIPTION
from helpers.foreign.texts import printable
from helpers.graphs.card_fields import ABSENT, refuse_unknown, without_absent
from helpers.graphs.model_card import card_in, parse_card
from helpers.graphs.wiring import Wiring
from helpers.serving.graph_ends import op_of, tensor_of
from helpers.serving.photo_input import takes_images
from helpers.serving.spec_checks import LESSON_FIELDS

LONGEST = 60  # characters of a value in a note


def stated_card(
    graph_def: tf1.GraphDef, path: Path, stated: dict, notes: list[str]
) -> dict:
    """The card in the graph, replaced by the file beside it and the options."""
    card = card_in(graph_def, path) or {}
    beside = path.with_suffix(".json")
    if os.path.lexists(beside):  # also a link that leads nowhere, which fails
        written = parse_card(read_bounded(beside, DESCRIPTION.most_bytes), beside)
        refuse_unknown(written, beside)
        card |= written
    card |= _replacing(card, stated, notes)
    return without_absent(card)


def _replacing(card: dict, stated: dict, notes: list[str]) -> dict:
    """The stated fields; what they replace is noted.

    The mean and the deviation of a card are in the units of its range of pixels, and
    are left out where another range is stated.
    """
    fields = dict(stated)
    if stated.get("pixels", card.get("pixels")) != card.get("pixels"):
        fields = {field: None for field in ("mean", "std") if field in card} | fields
    for field, value in fields.items():
        before = card.get(field)
        if before not in (value, *ABSENT):
            instead = "nothing" if value is None else _short(value)
            notes.append(f"{field}: {instead} instead of the card's {_short(before)}")
    return fields


def _short(value: object) -> str:
    shown = value[:LONGEST] if isinstance(value, list) else [value]
    text = printable(", ".join(map(str, shown)))
    return shorten(text, LONGEST, placeholder=" …")


def with_defaults(card: dict, wiring: Wiring, defaults: dict) -> dict:
    """The card; an absent field comes from the defaults or the lesson."""
    ends = {role: LESSON_FIELDS[role] for role in ("input", "output")}
    has_both = all(op_of(name) in wiring.nodes for name in ends.values())
    if has_both and not {"inputs", "outputs"} & card.keys():
        card = ends | defaults | card
    else:
        card = defaults | card
    is_lesson = all(tensor_of(str(card.get(role))) == ends[role] for role in ends)
    if is_lesson and takes_images(wiring, op_of(ends["input"])):
        card = {"pixels": LESSON_FIELDS["pixels"]} | card
    return card
