"""Reads the numbers of a model out of each kind of answer, in the order of classes."""

import json
import re
from collections.abc import Callable, Sequence

PERCENT = re.compile(rb"<dd>(\d+(?:\.\d+)?)%</dd>")
TOLERANCE = 1e-3  # for bfloat16 sums in another order, in a batch of another size
PERCENT_TOLERANCE = TOLERANCE + 0.0005  # the page shows tenths of a percent


def predict(body: bytes) -> list[float]:
    return list(json.loads(body)["probabilities"].values())


def explain(body: bytes) -> list[float]:
    """The probabilities, the lowest one with a part covered, and each part's loss."""
    answer = json.loads(body)
    why = answer["why"]
    lost = [loss for row in why["lost"] for loss in row]
    return [*answer["probabilities"].values(), why["lowest"], *lost]


def page(body: bytes) -> list[float]:
    return [float(text) / 100 for text in PERCENT.findall(body)]


def predictions(body: bytes) -> list[float]:
    return json.loads(body)["predictions"][0]


def scores(body: bytes) -> list[float]:
    return [score for _, score in json.loads(body)["results"][0]]


def outputs(body: bytes) -> list[float]:
    return json.loads(body)["outputs"][0]["data"]


READERS: dict[str, Callable[[bytes], list[float]]] = {
    reader.__name__: reader
    for reader in (predict, explain, page, predictions, scores, outputs)
}


def agree(reader: str, body: bytes, expected: Sequence[float]) -> bool:
    """Whether an answer has these numbers; one that cannot be read has not."""
    try:
        found = READERS[reader](body)
    except (ValueError, LookupError, TypeError):
        return False
    tolerance = PERCENT_TOLERANCE if reader == "page" else TOLERANCE
    return len(found) == len(expected) and all(
        abs(a - b) <= tolerance for a, b in zip(found, expected, strict=True)
    )
