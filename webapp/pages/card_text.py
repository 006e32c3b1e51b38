"""Model cards as text for the page; a card from elsewhere may lack any entry."""

import json
import math
from typing import TypeGuard

LONGEST = 20_000  # characters of a card on the page


def results(card: dict) -> dict[str, dict]:
    """Count and accuracy on held-out pictures, by kind of picture."""
    held_out = card.get("held_out")
    named = held_out.items() if isinstance(held_out, dict) else ()
    return {name: result for name, result in named if _has_accuracy(result)}


def accuracy_sentence(card: dict) -> str:
    """The accuracy on at most two kinds of pictures; "" where the card has none."""
    accuracies = [
        f"{result['accuracy']:.1%} of {result['count']:,} unseen {pictures}"
        for pictures, result in results(card).items()
        if "," not in pictures  # degraded copies of the same pictures
    ]
    return f"Right on {' and '.join(accuracies[:2])}" if accuracies else ""


def photo_sentence(model) -> str:
    """What becomes of a photo before the network sees it."""
    return model.photos.describe()


def output_sentence(model) -> str:
    """What kind of answer the model gives, and what of it is made by its softmax."""
    count = len(model.class_names)
    made = {"logits": " by softmax, of logits", "sigmoid": " of one sigmoid"}
    stated = model.card.get("output_is", "probabilities")
    if model.output_is == "sigmoid":
        return f"independent probabilities of {count:,} classes"
    if count:
        return f"probabilities of {count:,} classes{made.get(stated, '')}"
    return "the network's own numbers"


def pretty(card: dict) -> str:
    """The card as indented JSON; of a very long one, the beginning."""
    text = json.dumps(card, indent=2, ensure_ascii=False)
    if len(text) <= LONGEST:
        return text
    more = len(text) - LONGEST
    return f"{text[:LONGEST]} …\nand {more:,} characters more: GET /models as JSON"


def _has_accuracy(result: object) -> bool:
    if not isinstance(result, dict):
        return False
    accuracy, count = result.get("accuracy"), result.get("count")
    return _is_number(accuracy) and accuracy <= 1 and _is_number(count)


def _is_number(value: object) -> TypeGuard[float]:
    """Whether it is a finite number from 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return math.isfinite(value) and value >= 0
