"""Shapes and types of tensors as text."""

from collections.abc import Iterable
from typing import Any


def shape_text(
    sizes: Iterable[int | None] | None,
    *,
    any_size: str = "?",
    unknown: str = "[unknown]",
) -> str:
    """A shape for people: `[3, 3, 3, 32]`, or `[?, 2]`.

    Args:
      sizes: of the axes, None for any size; None where the rank is not known.
      any_size: the text of an axis of any size.
      unknown: the text of a shape whose rank is not known.
    """
    if sizes is None:
        return unknown
    texts = (any_size if size is None else str(size) for size in sizes)
    return f"[{', '.join(texts)}]"


def sizes_of(shape: Any) -> list[int | None] | None:
    """The sizes of a tf.TensorShape; None where the rank is not known."""
    return None if shape.rank is None else shape.as_list()


def sizes_text(sizes: Iterable[int | None] | None) -> str:
    """A shape for people: [N, 4]."""
    return shape_text(sizes, any_size="N", unknown="of any shape")


def type_text(tensor: Any) -> str:
    """The dtype and the shape of a tf.Tensor: float32 [N, 4]."""
    return f"{tensor.dtype.base_dtype.name} {sizes_text(sizes_of(tensor.shape))}"
