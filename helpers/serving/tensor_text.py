"""What a network's inputs take and its outputs give, as text."""

from collections.abc import Sequence
from typing import Any

from helpers.graphs.shape_text import shape_text


def sizes_of(tensor: Any) -> list[int | None] | None:
    """The shape of a tf.Tensor; None where the rank is not known."""
    return None if tensor.shape.rank is None else tensor.shape.as_list()


def sizes_text(sizes: Sequence[int | None] | None) -> str:
    """A shape for people: [N, 4]."""
    return shape_text(sizes, any_size="N", unknown="of any shape")


def type_text(tensor: Any) -> str:
    """The dtype and the shape of a tf.Tensor: float32 [N, 4]."""
    return f"{tensor.dtype.base_dtype.name} {sizes_text(sizes_of(tensor))}"
