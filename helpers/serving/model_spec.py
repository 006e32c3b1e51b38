"""Completes and validates the model card of a frozen graph that is to be served."""

from difflib import get_close_matches
from pathlib import Path

from helpers.graphs.model_card import card_in, parse_card
from helpers.serving.spec_checks import fill_in, require_fields

PIXELS = {  # from pixels of 0 to 255 to what the network's input expects
    "0..1": lambda pixels: pixels / 255,
    "-1..1": lambda pixels: pixels / 127.5 - 1,
    "0..255": lambda pixels: pixels,
}


def _is_list_of_names(value: object) -> bool:
    names = value if isinstance(value, list) else [None]
    return all(isinstance(name, str) for name in names) and len({*names}) == len(names)


FIELDS = {  # of the card: whether a value is valid, and what a valid value is
    "class_names": (_is_list_of_names, "a list of different names"),
    "image_size": (
        lambda value: isinstance(value, int) and 1 <= value <= 2048,
        "1 to 2048 pixels",
    ),
    "input": (lambda value: isinstance(value, str), "a tensor's name"),
    "output": (lambda value: isinstance(value, str), "a tensor's name"),
    "pixels": (lambda value: value in list(PIXELS), f"one of {list(PIXELS)}"),
    "threshold": (
        lambda value: isinstance(value, (int, float)) and 0 <= value <= 1,
        "a share of 1",
    ),
    "initialisers": (_is_list_of_names, "a list of different names"),
}


def model_spec(graph_def, path: Path, defaults: dict | None = None) -> dict:
    """The complete card of a frozen graph, its tensor names with an output index.

    Each field comes from the first of these that states it: the `.json` file beside
    `path`, the card in the graph, `defaults`, the graph itself.

    Raises:
      ValueError: a field is missing or invalid; the message says what to write where.
    """
    try:
        card = card_in(graph_def) or {}
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    beside = path.with_suffix(".json")
    if beside.exists():
        card |= parse_card(beside.read_bytes(), beside)
    card = fill_in(card, graph_def, defaults or {})
    require_fields(card, graph_def, path)
    for field, (is_valid, wanted) in FIELDS.items():
        if field in card and not is_valid(card[field]):
            raise ValueError(f"{path}: {field} is {card[field]!r}, not {wanted}")
    names = [node.name for node in graph_def.node]
    for role in ("input", "output"):
        name, _, index = card[role].partition(":")
        card[role] = f"{name}:{index or 0}"
        if name not in names:
            close = get_close_matches(name, names, 3, 0.4)
            hint = f"; the closest: {', '.join(close)}" if close else ""
            raise ValueError(f"{path} has no {role} op {name!r}{hint}")
    return card
