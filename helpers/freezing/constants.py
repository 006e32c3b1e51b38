"""Turn variables into constants whose values stay in the checkpoint until written."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from helpers.freezing.drafts import Draft
from helpers.freezing.errors import FreezeError
from helpers.freezing.rewriting import variables
from helpers.freezing.values import Checkpoint, Saved

LIMIT = 2**31 - 1  # bytes; a protobuf message cannot be larger


class Weight(NamedTuple):
    """A constant to be: its type and shape are known, its value is read when written."""

    dtype: tf.DType
    shape: tuple[int, ...]
    read: Callable[[], np.ndarray]

    @property
    def size(self) -> int:
        return math.prod(self.shape) * self.dtype.size


def make_constants(
    draft: Draft, checkpoint: Checkpoint, saved: dict[str, list[Saved]]
) -> None:
    """Put a constant of the variable's name in place of each variable.

    Raises:
      FreezeError: the checkpoint misses variables, or has them with another shape.
    """
    places = {node.name: place_of(node, checkpoint, saved) for node in variables(draft)}
    _check(draft, checkpoint, places)
    for name, place in places.items():
        old = draft.nodes[name]
        dtype = tf.as_dtype(old.attr["dtype"].type)
        shape = tuple(checkpoint.shape(place))
        node = draft.add(name, "Const")
        node.attr["dtype"].type = dtype.as_datatype_enum
        draft.weights[name] = Weight(dtype, shape, _reading(checkpoint, place))


def _reading(checkpoint: Checkpoint, place: Saved) -> Callable[[], np.ndarray]:
    return lambda: checkpoint.read(place)


def place_of(
    node, checkpoint: Checkpoint, saved: dict[str, list[Saved]]
) -> Saved | None:
    """Where the variable's value is: as a saver says, else under its own name."""
    shared = node.attr["shared_name"].s.decode() if "shared_name" in node.attr else ""
    names = [node.name, *([shared] if shared else [])]
    candidates = [place for name in names for place in saved.get(name, ())]
    candidates += [Saved(name) for name in names]
    for place in candidates:
        if place.key in checkpoint.shapes:
            return place
    return None


def _check(draft: Draft, checkpoint: Checkpoint, places: dict) -> None:
    missing = [name for name, place in places.items() if place is None]
    if missing:
        raise FreezeError(
            f"{checkpoint.prefix} does not hold what the outputs need: "
            + ", ".join(missing),
            "save all variables, not only the trainable ones, and freeze again",
        )
    for name, place in places.items():
        wanted = draft.nodes[name].attr["shape"].shape
        found = checkpoint.shape(place)
        if not wanted.unknown_rank and [d.size for d in wanted.dim] not in (found, []):
            raise FreezeError(
                f"{checkpoint.prefix} is of another model: {name} is {found} there, and "
                f"{[dim.size for dim in wanted.dim]} in the graph",
                "give the .meta and the prefix of the same training",
            )
