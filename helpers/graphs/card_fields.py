"""The fields of a model card: which there are, and which values are valid.

A card describes a model to whoever serves it (SERVED), and says where it came from
(DESCRIPTIVE). A `.json` file beside a model may state any of them.
"""

import re
from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeGuard

from helpers.foreign.names import names_problem
from helpers.foreign.texts import printable, shown

RANGES = ("0..1", "-1..1", "0..255")
PIXELS = (*RANGES, "tf", "torch", "caffe", "teachable-machine")
CHANNELS = ("RGB", "BGR", "grey")
LAYOUTS = ("NHWC", "NCHW")
RESIZES = ("stretch", "centre-crop", "letterbox")
OUTPUT_KINDS = ("probabilities", "logits", "sigmoid", "values")
MAX_SIDE = 2048  # pixels
LARGEST = 3.4e38  # of a float32
# As TensorFlow names ops; those that importers make may begin with an underscore.
TENSOR_NAME = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.\\/>-]*(:[0-9]{1,9})?")
ABSENT: tuple[Any, ...] = (None, [], "")  # values that stand for no value


def without_absent(card: dict) -> dict:
    """The fields of a card that have a value."""
    return {field: value for field, value in card.items() if value not in ABSENT}


class Check(NamedTuple):
    """Which values of a field are valid.

    Attributes:
      wanted: what a valid value is, for a message.
      problem: what is wrong with an invalid one, where `wanted` does not say it.
    """

    is_valid: Callable[[Any], bool]
    wanted: str
    problem: Callable[[Any], str | None] = lambda value: None


def one_of(choices: Collection[str]) -> Check:
    return Check(lambda value: value in [*choices], f"one of {[*choices]}")


def _is_number(value: object) -> TypeGuard[float]:
    """Whether it is a finite number that a float32 holds."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return -LARGEST <= value <= LARGEST


def _names_problem(value: object) -> str | None:
    """What is wrong with a list, where the list in the message does not show it."""
    if not isinstance(value, list):
        return None
    is_seen = len(value) <= 4 and all(isinstance(name, str) for name in value)
    return None if is_seen and len({*value}) < len(value) else names_problem(value)


def _are_class_names(value: object) -> bool:
    return isinstance(value, list) and names_problem(value) is None


def _is_tensor(value: object) -> bool:
    return isinstance(value, str) and bool(TENSOR_NAME.fullmatch(value))


def _are_tensors(value: object) -> bool:
    names = value if isinstance(value, list) else [None]
    return all(map(_is_tensor, names)) and len({*names}) == len(names)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_signature(value: object) -> bool:
    """Whether it is like what freezing writes of a SavedModel's signature."""
    if not isinstance(value, dict) or not isinstance(value.get("name", ""), str):
        return False
    tags = value.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        return False
    ends = [value.get(role, {}) for role in ("inputs", "outputs")]
    return all(
        isinstance(one, dict) and all(map(_is_tensor, one.values())) for one in ends
    )


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


TENSOR = Check(_is_tensor, "a tensor's name")
TENSORS = Check(_are_tensors, "a list of different names of tensors")
BOOL = Check(_is_bool, "true or false")
SERVED: dict[str, Check] = {
    "class_names": Check(_are_class_names, "a list of different names", _names_problem),
    "input": TENSOR,
    "output": TENSOR,
    "inputs": TENSORS,
    "outputs": TENSORS,
    "image_size": Check(_is_size, f"1 to {MAX_SIDE} pixels, or [height, width]"),
    "pixels": one_of(PIXELS),
    "mean": Check(_are_channels, "a number, or one for each of 3 channels"),
    "std": Check(_are_deviations, "a number above 0, or one for each of 3 channels"),
    "channels": one_of(CHANNELS),
    "layout": one_of(LAYOUTS),
    "resize": one_of(RESIZES),
    "output_is": one_of(OUTPUT_KINDS),
    "threshold": Check(
        lambda value: _is_number(value) and 0 <= value <= 1,
        "a share of 1",
    ),
    "bound": Check(_are_bound, 'numbers by input name, like {"keep_prob": 1.0}'),
    "initialisers": TENSORS,
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
    *(
        "splits",
        "tags",
        "temperature",
        "tensorflow",
        "train_command",
        "trained_with",
        "url",
    ),
    *("version", "weights"),
)


# What programs read of the descriptive fields; the others are only shown.
READ: dict[str, Check] = {
    **dict.fromkeys(("ema", "folded", "inference_batch_norm", "plain"), BOOL),
    "epochs": Check(lambda value: _is_number(value) and value >= 0, "a number from 0"),
    "seed": Check(
        lambda value: type(value) is int and 0 <= value < 2**64, "a whole number from 0"
    ),
    "signature": Check(_is_signature, "an object as freezing a SavedModel writes it"),
    "temperature": Check(
        lambda value: _is_number(value) and value > 0, "a number above 0"
    ),
}


def refuse_unknown(card: dict, where: object) -> None:
    """Check that every field of a card that a person wrote is known.

    Raises:
      ValueError: one is not; the message names the closest, and all that serving reads.
    """
    known = [*SERVED, *DESCRIPTIVE]
    for field in card:
        if field not in known:
            close = get_close_matches(str(field)[:40].lower(), known, 1, 0.5)
            closest = f", did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"{printable(str(where))} has an unknown field {shown(field)}"
                f"{closest or ':'} serving reads {', '.join(SERVED)}"
            )


def refuse_invalid(card: dict, where: object) -> None:
    """Check the value of every field that programs read.

    Raises:
      ValueError: one is not valid; the message says what is.
    """
    for field, check in (SERVED | READ).items():
        value = card.get(field)
        if value in ABSENT or check.is_valid(value):
            continue
        problem = check.problem(value)
        raise ValueError(
            f"{printable(str(where))}: {field} is {shown(value)}, not {check.wanted}"
            + (f": {problem}" if problem else "")
        )
