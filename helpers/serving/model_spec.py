"""The facts of a frozen graph that serving it needs: all there, and none mistaken."""

from difflib import get_close_matches
from pathlib import Path

from helpers.graphs.model_card import card_in, parse_card
from helpers.serving.spec_checks import ask_for_missing, with_defaults

PIXELS = {  # what the network's input expects of a pixel of 0 to 255
    "0..1": lambda pixels: pixels / 255,
    "-1..1": lambda pixels: pixels / 127.5 - 1,
    "0..255": lambda pixels: pixels,
}


def _are_names(value: object) -> bool:
    names = value if isinstance(value, list) else [None]
    return all(isinstance(name, str) for name in names) and len({*names}) == len(names)


FACTS = {  # of a card: whether it is what it has to be, and what that is
    "class_names": (_are_names, "a list of different names"),
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
    "initialisers": (_are_names, "a list of different names"),
}


def model_spec(graph_def, path: Path, given: dict | None = None) -> dict:
    """Its card, completed by what lies beside it, what is given, and what it shows.

    Raises:
      ValueError: something is missing or mistaken; which, and what to write where.
    """
    card = with_defaults(_card_for(graph_def, path), graph_def, given)
    return _complete(card, graph_def, path)


def _card_for(graph_def, path: Path) -> dict:
    """What is known of a graph: its card, and a `.json` of the same name over it."""
    try:
        card = card_in(graph_def) or {}
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    beside = path.with_suffix(".json")
    return card | parse_card(beside.read_bytes(), beside) if beside.exists() else card


def _complete(card: dict, graph_def, path: Path) -> dict:
    """The card, nothing missing and nothing wrong, with whole tensor names."""
    ask_for_missing(card, graph_def, path)
    for fact, (fits, wanted) in FACTS.items():
        if fact in card and not fits(card[fact]):
            raise ValueError(f"{path}: {fact} is {card[fact]!r}, not {wanted}")
    names = [node.name for node in graph_def.node]
    for role in ("input", "output"):
        name, _, index = card[role].partition(":")
        card[role] = f"{name}:{index or 0}"
        if name not in names:
            close = get_close_matches(name, names, 3, 0.4)
            hint = f"; the closest: {', '.join(close)}" if close else ""
            raise ValueError(f"{path} has no {role} op {name!r}{hint}")
    return card
