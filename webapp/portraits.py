"""What the page tells of each model: its card, its size, and how it fares."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from flask import current_app

MIB = 2**20


class Portrait(NamedTuple):
    """A served model as the page /models shows it."""

    name: str
    live: int  # the version that answers
    statuses: dict  # of every version, newest first
    labels: dict[str, int]
    facts: dict[str, str]
    results: dict[str, dict]  # on pictures it never saw
    card: dict
    tally: NamedTuple
    megabytes: float  # of the file
    weights_mib: float  # in memory
    parameters: int
    ops: int
    ops_when_loaded: int


def portraits() -> list[Portrait]:
    """One for each model of the library, the first one first."""
    return [_portrait(name) for name in current_app.extensions["library"].names]


def _portrait(name: str) -> Portrait:
    library = current_app.extensions["library"]
    served = library.model(name)
    model = served.model
    constants = _constants(model.graph)
    return Portrait(
        name=name,
        live=served.version,
        statuses=library.statuses(name),
        labels=library.labels(name),
        facts=_facts(model),
        results=results(model.card),
        card=model.card,
        tally=current_app.extensions["metrics"].tally(name),
        megabytes=_size(model.path) / 1e6,
        weights_mib=sum(size for _, size in constants) / MIB,
        parameters=sum(count for count, _ in constants),
        ops=len(model.graph.get_operations()),
        ops_when_loaded=model.ops_when_loaded,
    )


def results(card: dict) -> dict[str, dict]:
    """By kind of picture, count and accuracy; a foreign card may not say them."""
    held_out = card.get("held_out")
    named = held_out.items() if isinstance(held_out, dict) else ()
    return {name: result for name, result in named if _has_accuracy(result)}


def merits(card: dict) -> str:
    """How good the card says the model is, in a few words, or nothing."""
    told = [
        f"{result['accuracy']:.1%} of {result['count']:,} unseen {pictures}"
        for pictures, result in results(card).items()
        if "," not in pictures  # the same pictures, made worse
    ]
    return f"Right on {' and '.join(told[:2])}" if told else ""


def _has_accuracy(result: object) -> bool:
    if not isinstance(result, dict):
        return False
    told = (result.get("accuracy"), result.get("count"))
    return all(isinstance(number, (int, float)) for number in told)


def _facts(model) -> dict[str, str]:
    side = model.image_size
    fixed = {
        "Classes": ", ".join(model.class_names),
        "Input": f"{model.card['input']}, [N, {side}, {side}, 3], {model.card['pixels']}",
        "Output": f"{model.card['output']}, {len(model.class_names)} probabilities",
    }
    told = {
        "Not sure below": model.card.get("threshold"),
        "Network": model.card.get("network"),
        "Weights": model.card.get("weights"),
        "Trained on": model.card.get("data"),
        "Licence": model.card.get("licence"),
    }
    return fixed | {fact: str(value) for fact, value in told.items() if value}


def _constants(graph) -> list[tuple[int, int]]:
    """How many numbers each constant holds, and its bytes."""
    tensors = [op.outputs[0] for op in graph.get_operations() if op.type == "Const"]
    counts = [int(np.prod(tensor.shape.as_list())) for tensor in tensors]
    return [
        (count, count * tensor.dtype.size)
        for count, tensor in zip(counts, tensors, strict=True)
        if tensor.dtype.is_floating
    ]


def _size(path: Path) -> int:
    """Bytes of the file; 0 when it is gone, which does not hurt the loaded model."""
    return path.stat().st_size if path.exists() else 0
