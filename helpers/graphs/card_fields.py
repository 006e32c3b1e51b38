"""The fields of a model card: which there are, and which values are valid.

A card describes a model to whoever serves it (SERVED), and says where it came from
(DESCRIPTIVE). A `.json` file beside a model may state any of them.
"""

import math
from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import TypeGuard

RANGES = ("0..1", "-1..1", "0..255")
PIXELS = (*RANGES, "tf", "torch", "caffe", "teachable-machine")
CHANNELS = ("RGB", "BGR", "grey")
LAYOUTS = ("NHWC", "NCHW")
RESIZES = ("stretch", "centre-crop", "letterbox")
OUTPUT_KINDS = ("probabilities", "logits", "sigmoid", "values")
MAX_SIDE = 2048  # pixels

Check = tuple[Callable[[object], bool], str]  # is it valid; what a valid value is


def one_of(choices: Collection[str]) -> Check:
    return lambda value: value in [*choices], f"one of {[*choices]}"


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return math.isfinite(value)


def _is_list_of_names(value: object) -> bool:
    names = value if isinstance(value, list) else [None]
    return all(isinstance(name, str) for name in names) and len({*names}) == len(names)


def _is_side(value: object) -> bool:
    return type(value) is int and 1 <= value <= MAX_SIDE


def _is_size(value: object) -> bool:
    pair = value if isinstance(value, list) else [value, value]
    return len(pair) == 2 and all(map(_is_side, pair))


def _are_channels(value: object) -> bool:
    numbers = value if isinstance(value, list) else [value]
    return len(numbers) in (1, 3) and all(map(_is_number, numbers))


def _are_deviations(value: object) -> bool:
    numbers = value if isinstance(value, list) else [value]
    return _are_channels(value) and all(_is_number(one) and one > 0 for one in numbers)


def _are_bound(value: object) -> bool:
    numbers = value.values() if isinstance(value, dict) else [None]
    return all(isinstance(one, bool) or _is_number(one) for one in numbers)


NAMES: Check = (_is_list_of_names, "a list of different names")
TENSOR: Check = (lambda value: isinstance(value, str), "a tensor's name")
SERVED: dict[str, Check] = {
    "class_names": NAMES,
    "input": TENSOR,
    "output": TENSOR,
    "inputs": NAMES,
    "outputs": NAMES,
    "image_size": (_is_size, f"1 to {MAX_SIDE} pixels, or [height, width]"),
    "pixels": one_of(PIXELS),
    "mean": (_are_channels, "a number, or one for each of 3 channels"),
    "std": (_are_deviations, "a number above 0, or one for each of 3 channels"),
    "channels": one_of(CHANNELS),
    "layout": one_of(LAYOUTS),
    "resize": one_of(RESIZES),
    "output_is": one_of(OUTPUT_KINDS),
    "threshold": (
        lambda value: _is_number(value) and 0 <= value <= 1,
        "a share of 1",
    ),
    "bound": (_are_bound, 'numbers by input name, like {"keep_prob": 1.0}'),
    "initialisers": NAMES,
}
DESCRIPTIVE = (  # written by training and freezing, or by people
    *("author", "batch_norm", "checkpoint", "citation", "command", "commands"),
    *(
        "custom",
        "data",
        "data_fingerprint",
        "description",
        "ema",
        "epochs",
        "fingerprint",
        "folded",
    ),
    *("held_out", "history", "inference_batch_norm", "licence", "license", "minutes"),
    *("mixture", "name", "network", "notes", "plain", "seed", "signature", "source"),
    *("splits", "tags", "temperature", "tensorflow", "train_command", "url"),
    *("version", "weights"),
)


def refuse_unknown(card: dict, where: object) -> None:
    """Check that every field of a card that a person wrote is known.

    Raises:
      ValueError: one is not; the message names the closest, and all that serving reads.
    """
    known = [*SERVED, *DESCRIPTIVE]
    for field in card:
        if field not in known:
            close = get_close_matches(str(field).lower(), known, 1, 0.5)
            closest = f", did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"{where} has an unknown field {field!r}{closest or ':'} "
                f"serving reads {', '.join(SERVED)}"
            )


def refuse_invalid(card: dict, where: object) -> None:
    """Check the value of every field that serving reads.

    Raises:
      ValueError: one is not valid; the message says what is.
    """
    for field, (is_valid, wanted) in SERVED.items():
        if field in card and not is_valid(card[field]):
            raise ValueError(f"{where}: {field} is {card[field]!r}, not {wanted}")
