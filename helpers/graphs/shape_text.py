"""Shapes of tensors as text."""

from collections.abc import Iterable


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
