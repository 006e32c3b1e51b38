"""What a model's card says, in words for the page; a foreign one may say little."""

import json


def results(card: dict) -> dict[str, dict]:
    """Count and accuracy by kind of picture, none of which the model had seen."""
    held_out = card.get("held_out")
    named = held_out.items() if isinstance(held_out, dict) else ()
    return {name: result for name, result in named if _has_accuracy(result)}


def merits(card: dict) -> str:
    """How good the model is, in a few words, or nothing."""
    told = [
        f"{result['accuracy']:.1%} of {result['count']:,} unseen {pictures}"
        for pictures, result in results(card).items()
        if "," not in pictures  # the same pictures, made worse
    ]
    return f"Right on {' and '.join(told[:2])}" if told else ""


def pretty(card: dict) -> str:
    """The whole card as indented JSON."""
    return json.dumps(card, indent=2, ensure_ascii=False)


def _has_accuracy(result: object) -> bool:
    if not isinstance(result, dict):
        return False
    told = (result.get("accuracy"), result.get("count"))
    return all(isinstance(number, (int, float)) for number in told)
